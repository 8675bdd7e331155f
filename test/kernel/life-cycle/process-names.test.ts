import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TCP_FLAG } from '../../../src/agent/decode/layout.generated.ts';
import type { TcpEvent } from '../../../src/agent/decode/tcp.ts';
import { mayCapture, whySkipped } from '../../support/capture-requirements.ts';
import { type Connection, endInOrder, Scene } from '../../support/scene.ts';
import { readRecords, selectingProgram } from '../../support/selecting-program.ts';

/** Who is named as the process of an accepted socket, with walks over open files at no time, or exactly when the test says. */
describe.runIf(mayCapture)(`the process of an accepted socket${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('names');
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  type Walk = () => Promise<void>;

  /** Lives a connection under the program alone; resolves with who is named on either side. */
  async function namedBy(live: (walk: Walk) => Promise<unknown>) {
    const { client, server } = scene;
    using program = selectingProgram([client, server]);
    using ring = readRecords(program);
    await live(() => program.takeOver());
    const ends: TcpEvent[] = [];
    const taken = () => {
      ends.push(...ring.take().filter(({ flags }) => (flags & TCP_FLAG.ended) !== 0));
      return ends.length;
    };
    await expect.poll(taken).toBe(2);
    const of = (address: string) => {
      const end = ends.find(({ localAddress }) => localAddress === address);
      return end && { pid: end.pid, executable: end.executable };
    };
    return { near: of(client.ipv4), far: of(server.ipv4) };
  }

  it.each([
    ['is one that was killed, without an executable', false],
    ['is one that was killed, with its executable where a walk came by before', true],
  ])('%s', async (_, isWalked) => {
    const { dialler, server } = scene;
    const mortal = await server.peer();
    const named = await namedBy(async (walk) => {
      const { near, far } = await scene.connection({ by: mortal });
      await Promise.all([near.send(31), far.receive(31)]);
      if (isWalked) await walk();
      await mortal.kill();
      await near.receiveToEnd();
      await near.close();
    });
    expect(named).toEqual({
      near: { pid: dialler.pid, executable: dialler.executable },
      far: { pid: mortal.pid, executable: isWalked ? mortal.executable : '' },
    });
  });

  it.each([
    ['is the forked child that closes it last', false],
    ['is its acceptor where a walk came by before it was shared with a child', true],
  ])('%s', async (_, isWalked) => {
    const { dialler, acceptor } = scene;
    let child = 0;
    const named = await namedBy(async (walk) => {
      const { near, far } = await scene.connection();
      if (isWalked) await walk();
      const forked = await far.fork();
      child = forked.pid;
      await far.close();
      await endInOrder({ near, far: forked.socket });
    });
    expect(named).toMatchObject({ near: { pid: dialler.pid }, far: { pid: isWalked ? acceptor.pid : child } });
  });

  it.each([
    ['is the heir that it was passed to', false],
    ['is its acceptor where a walk came by before it was passed on', true],
  ])('%s', async (_, isWalked) => {
    const { dialler, acceptor, server } = scene;
    const heir = await server.peer();
    const named = await namedBy(async (walk) => {
      const { near, far } = await scene.connection();
      if (isWalked) await walk();
      const passed = await far.passTo(heir);
      await far.close();
      await endInOrder({ near, far: passed });
    });
    await heir.end();
    expect(named).toMatchObject({ near: { pid: dialler.pid }, far: { pid: isWalked ? acceptor.pid : heir.pid } });
  });

  it.each([
    ['is nobody where another process ends it', false],
    ['is its acceptor where a walk came by before another process ended it', true],
  ])('%s', async (_, isWalked) => {
    const { dialler, acceptor, server } = scene;
    let connection: Connection | undefined;
    const named = await namedBy(async (walk) => {
      connection = await scene.connection();
      if (isWalked) await walk();
      await server.netns.run(['ss', '-K', 'sport', '=', `:${connection.far.local.port}`]);
    });
    await Promise.all([connection?.near.close(), connection?.far.close()]);
    expect(named).toMatchObject({ near: { pid: dialler.pid }, far: { pid: isWalked ? acceptor.pid : 0 } });
  });
});
