import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TCP_FLAG } from '../../src/agent/decode/layout.generated.ts';
import type { TcpEvent } from '../../src/agent/decode/tcp.ts';
import { REPORT_WALKS, type ReportWalk } from '../../src/agent/load/report-walk.ts';
import { WeirError } from '../../src/lib/errors.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { endInOrder, Scene } from '../support/scene.ts';
import { readRecords, reportEveryLook, selectingProgram } from '../support/selecting-program.ts';

/** The two ways to find live connections, without an agent; all other tests use the one that the kernel's choice is. */
describe.runIf(mayCapture)(`a walk over live connections${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('walks');
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it('goes over what is tracked where the kernel takes that, else over the open files', () => {
    using program = selectingProgram([]);
    expect(program.reportWalk).toBe(REPORT_WALKS.find(isTaken));
    expect(isTaken('files')).toBe(true);
  });

  it('over open files finds what a process holds, and who; what waits to be accepted when it is', async () => {
    const { client, server, dialler, acceptor } = scene;
    using program = selectingProgram([client, server], ['files']);
    using ring = readRecords(program);
    reportEveryLook(program);
    const look = async () => {
      await program.reportLive();
      return ring.take().map(({ localAddress, pid, sequence, bytesSent, bytesReceived, flags }) => {
        const isEnd = (flags & TCP_FLAG.ended) !== 0;
        return { localAddress, pid, sequence, bytesSent, bytesReceived, isEnd };
      });
    };
    const ofClient = { localAddress: client.ipv4, pid: dialler.pid, isEnd: false };
    const ofServer = { localAddress: server.ipv4, pid: acceptor.pid, isEnd: false };

    const listener = await acceptor.listen(server.ipv4);
    const near = await dialler.connect(listener);
    await near.send(1009);
    await near.wait({ unacked: 0 });
    expect(await look()).toEqual([{ ...ofClient, sequence: 0, bytesSent: 1009, bytesReceived: 0 }]);
    expect(await look()).toEqual([]);

    const far = await listener.accept();
    await far.receive(1009);
    await far.send(211);
    await near.receive(211);
    await far.wait({ unacked: 0 });
    expect(new Set(await look())).toEqual(
      new Set([
        { ...ofClient, sequence: 1, bytesSent: 0, bytesReceived: 211 },
        { ...ofServer, sequence: 0, bytesSent: 211, bytesReceived: 1009 },
      ]),
    );

    await endInOrder({ near, far });
    await listener.close();
    const ends: TcpEvent[] = [];
    await expect.poll(() => ends.push(...ring.take()) && ends.length).toBe(2);
    expect(ends.map(({ bytesSent, bytesReceived }) => bytesSent + bytesReceived)).toEqual([0, 0]);
    expect(await look()).toEqual([]);
  });

  it('meets a connection that several processes hold once', async () => {
    const { client, server } = scene;
    using program = selectingProgram([client, server], ['files']);
    using ring = readRecords(program);
    reportEveryLook(program);
    const connection = await scene.connection();
    const copy = await connection.near.fork();
    await connection.near.send(1009);
    await connection.far.receive(1009);
    await connection.near.wait({ unacked: 0 });
    await program.reportLive();
    const sent = ring.take().filter(({ localAddress }) => localAddress === client.ipv4);
    expect(sent.map(({ sequence, bytesSent }) => [sequence, bytesSent])).toEqual([[0, 1009]]);
    await copy.socket.close();
    await Promise.all([connection.near.close(), connection.far.close()]);
  });
});

function isTaken(walk: ReportWalk): boolean {
  try {
    selectingProgram([], [walk])[Symbol.dispose]();
    return true;
  } catch (error) {
    if (error instanceof WeirError) return false;
    throw error;
  }
}
