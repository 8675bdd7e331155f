import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '../support/lab/lab.ts';
import { FAST_OPEN, type Peer } from '../support/lab/peer.ts';
import type { PeerSocket } from '../support/lab/peer-socket.ts';
import type { Pod } from '../support/lab/pod.ts';
import { whyNoLab } from '../support/lab/requirements.ts';
import { routedPair } from '../support/lab/routed-pair.ts';
import type { Router } from '../support/lab/router.ts';
import { blackHole, dnat, dropEvery, masquerade, unreachable } from '../support/lab/rules.ts';
import { simultaneousOpen } from '../support/lab/simultaneous-open.ts';

const missing = whyNoLab();
const may = missing === undefined || process.env['CI'] === 'true';

/** Bit of tcpi_options: data in the SYN was acknowledged by the SYN-ACK (linux/tcp.h). */
const TCPI_OPT_SYN_DATA = 32;

describe.runIf(may)(`a lab's sockets${missing === undefined ? '' : ` (${missing})`}`, () => {
  let lab: Lab;
  let router: Router;
  let client: Pod;
  let server: Pod;
  let dialler: Peer;
  let acceptor: Peer;

  beforeAll(async () => {
    lab = await Lab.create('sockets');
    ({ router, client, server } = await routedPair(lab));
    [dialler, acceptor] = await Promise.all([client.peer(), server.peer()]);
  });

  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
  });

  async function connection(family: 'ipv4' | 'ipv6' = 'ipv4'): Promise<{ near: PeerSocket; far: PeerSocket }> {
    const listener = await acceptor.listen(server[family]);
    const near = await dialler.connect(listener);
    const far = await listener.accept();
    await listener.close();
    return { near, far };
  }

  it.each(['ipv4', 'ipv6'] as const)('carry exact byte counts through the router over %s', async (family) => {
    const { near, far } = await connection(family);
    expect(far.remote).toEqual({ address: client[family], port: near.local.port });
    const [sent, received] = await Promise.all([near.send(100_003), far.receive(100_003)]);
    await far.send(1009);
    expect({ sent, received, answer: await near.receive(1009) }).toEqual({
      sent: 100_003,
      received: 100_003,
      answer: 1009,
    });
    await near.wait({ unacked: 0 });
    // The kernel counts the SYN among the acknowledged bytes of the side that opened.
    expect(await near.info()).toMatchObject({ state: 'ESTABLISHED', bytes_acked: 100_004, bytes_received: 1009 });
    await near.shutdown('write');
    expect(await far.receiveToEnd()).toBe(0);
    await near.wait({ state: 'FIN_WAIT2' });
    await far.wait({ state: 'CLOSE_WAIT' });
    await far.close();
    await near.close();
  });

  it('reach a backend through DNAT and masquerade', async () => {
    const listener = await acceptor.listen(server.ipv4);
    const service = { address: '198.18.99.9', port: 80 };
    const rules = [
      await dnat(router.netns, service, listener),
      await masquerade(router.netns, `ip daddr ${server.ipv4}`),
    ];
    const near = await dialler.connect(service);
    const far = await listener.accept();
    expect(near.remote).toEqual(service);
    expect(far.local).toEqual({ address: server.ipv4, port: listener.port });
    expect(far.remote?.address).toBe(router.gateway(2).ipv4);
    await near.send(17);
    expect(await far.receive(17)).toBe(17);
    await Promise.all([near.close(), far.close(), listener.close(), ...rules.map((rule) => rule.remove())]);
  });

  it.each(['forward', 'input', 'output'] as const)('lose segments in %s and still deliver all bytes', async (hook) => {
    const where = { forward: router.netns, input: server.netns, output: client.netns }[hook];
    const { near, far } = await connection();
    const loss = await dropEvery(where, hook, 5);
    const [received] = await Promise.all([far.receive(500_009), near.send(500_009)]);
    await near.wait({ unacked: 0 });
    expect(received).toBe(500_009);
    expect((await near.info()).bytes_acked).toBe(500_010);
    expect(await loss.packets()).toBeGreaterThan(0);
    await Promise.all([loss.remove(), near.close(), far.close()]);
  });

  it('see a reset that the other side sends, whether asked for or for unread data', async () => {
    const asked = await connection();
    await asked.far.reset();
    await expect(asked.near.failure()).rejects.toMatchObject({ code: 'ECONNRESET' });

    const unread = await connection();
    await unread.near.send(7);
    await unread.far.wait({ unread: 7 });
    await unread.far.close();
    await expect(unread.near.failure()).rejects.toMatchObject({ code: 'ECONNRESET' });

    const orderly = await connection();
    await Promise.all([orderly.near.close(), orderly.far.shutdown('write')]);
    await expect(orderly.far.failure()).rejects.toMatchObject({ code: 'NO_ERROR' });
    await Promise.all([asked.near.close(), unread.near.close(), orderly.far.close()]);
  });

  it('are refused, unreachable or timed out, by name', async () => {
    const nobody = { address: server.ipv4, port: 9 };
    await expect(dialler.connect(nobody)).rejects.toMatchObject({ code: 'ECONNREFUSED' });

    const wall = await unreachable(router.netns, 'forward', 'tcp dport 9');
    await expect(dialler.connect(nobody)).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
    await wall.remove();

    const hole = await blackHole(router.netns, 'forward', 'tcp dport 9');
    await expect(dialler.connect(nobody, { userTimeoutMs: 500 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await expect(dialler.connect(nobody, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'LAB_TIMEOUT' });
    await hole.remove();
  });

  it('accept IPv4 on a dual-stack listener as a mapped address', async () => {
    const listener = await acceptor.listen('::', { dualStack: true });
    const near = await dialler.connect({ address: server.ipv4, port: listener.port });
    const far = await listener.accept();
    expect(far.remote?.address).toBe(`::ffff:${client.ipv4}`);
    await Promise.all([near.close(), far.close(), listener.close()]);
  });

  it('send data with the SYN (Fast Open)', async () => {
    await Promise.all([client.netns.sysctl(FAST_OPEN), server.netns.sysctl(FAST_OPEN)]);
    const listener = await acceptor.listen(server.ipv4, { fastOpenQueue: 5 });
    const near = await dialler.connect(listener, { fastOpen: 101 });
    const far = await listener.accept();
    expect(await far.receive(101)).toBe(101);
    expect((await near.info()).options & TCPI_OPT_SYN_DATA).toBe(TCPI_OPT_SYN_DATA);
    await Promise.all([near.close(), far.close(), listener.close()]);
  });

  it('open one connection from both ends at once', async () => {
    const twin = await lab.pod('twin');
    await router.attach(twin.netns, 1);
    const other = await twin.peer();
    const [one, two] = await simultaneousOpen(
      { pod: client, peer: dialler, port: 4001 },
      { pod: twin, peer: other, port: 4002 },
    );
    expect([one.local, one.remote]).toEqual([two.remote, two.local]);
    await one.send(5);
    expect(await two.receive(5)).toBe(5);
    // Both sent a SYN and had it acknowledged; neither accepted.
    await one.wait({ unacked: 0 });
    expect((await one.info()).bytes_acked).toBe(6);
    expect((await two.info()).bytes_acked).toBe(1);
    await Promise.all([one.close(), two.close()]);
  });

  it('keep a connection open while any process holds it: passed to another, and taken over by a child', async () => {
    const heir = await server.peer();
    const { near, far } = await connection();
    const passed = await far.passTo(heir);
    const before = await far.cookies();
    await far.close();
    expect(await passed.cookies()).toEqual(before);
    const child = await passed.fork();
    expect([acceptor.pid, heir.pid]).not.toContain(child.pid);
    expect(readFileSync(`/proc/${child.pid}/cgroup`, 'utf8')).toContain(`/${server.cgroup}\n`);
    await passed.close();
    await child.socket.send(13);
    expect(await near.receive(13)).toBe(13);
    await child.socket.close();
    expect(await near.receiveToEnd()).toBe(0);
    await near.close();
    await heir.end();
  });

  it('end with their process, and later operations say so', async () => {
    const mortal = await server.peer();
    const listener = await mortal.listen(server.ipv4);
    const near = await dialler.connect(listener);
    await mortal.kill();
    // The connection was in the accept queue of a listener that is gone.
    await expect(near.failure()).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(listener.accept()).rejects.toMatchObject({ code: 'EXITED' });
    await near.close();
  });

  it('count a burst of 997 connections exactly', async () => {
    const listener = await acceptor.listen(server.ipv4, { backlog: 1024 });
    const timeoutMs = 10_000;
    const totals = await Promise.all([
      listener.serve({ connections: 997, receive: 31, send: 1009, timeoutMs }),
      dialler.burst(listener, { connections: 997, send: 31, receive: 1009, timeoutMs }),
    ]);
    expect(totals).toEqual([
      { connections: 997, received: 997 * 31, sent: 997 * 1009 },
      { connections: 997, sent: 997 * 31, received: 997 * 1009 },
    ]);
    await listener.close();
  });
});
