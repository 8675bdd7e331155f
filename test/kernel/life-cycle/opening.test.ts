import { expect } from 'vitest';
import { heldAtRouter } from '../../support/lab/held.ts';
import { blackHole, unreachable } from '../../support/lab/rules.ts';
import { describeLives, type LifeCycle } from '../../support/life-cycle.ts';
import { endInOrder, type Scene } from '../../support/scene.ts';

/** A port on which nobody listens. */
const NOBODY = 9;

/** A SYN is sent again after a second (RFC 6298), give or take a timer's tick. */
const FIRST_RETRANSMISSION_US = 990_000;

function nobody({ server }: Scene): { address: string; port: number } {
  return { address: server.ipv4, port: NOBODY };
}

const FAILURES: readonly LifeCycle[] = [
  {
    name: 'refused: nobody listens',
    async live(scene) {
      await expect(scene.dialler.connect(nobody(scene))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      return undefined;
    },
    source: { ended: ['Failed', 'Refused'], sent: 0, received: 0, process: 'dialler' },
    destination: undefined,
  },
  {
    name: 'unreachable: the router answers with ICMP host unreachable',
    async live(scene) {
      const wall = await unreachable(scene.router.netns, 'forward', `tcp dport ${NOBODY}`);
      // The answer comes after connect() has returned, as from any real network.
      const near = await heldAtRouter(scene, () => scene.dialler.startConnect(nobody(scene)));
      await expect(near.connected()).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
      await near.close();
      await wall.remove();
      return undefined;
    },
    source: { ended: ['Failed', 'Unreachable'], sent: 0, received: 0, process: 'dialler' },
    destination: undefined,
  },
  {
    name: 'abandoned for an ICMP answer that came within connect(): the kernel would have gone on, its process gives up',
    async live(scene) {
      const wall = await unreachable(scene.router.netns, 'forward', `tcp dport ${NOBODY}`);
      await expect(scene.dialler.connect(nobody(scene))).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
      await wall.remove();
      return undefined;
    },
    source: { ended: ['Failed', 'Abandoned'], sent: 0, received: 0, process: 'dialler' },
    destination: undefined,
  },
  {
    name: 'timed out: a black hole swallows every SYN',
    byTimer: true,
    async live(scene, records) {
      const hole = await blackHole(scene.router.netns, 'forward', `tcp dport ${NOBODY}`);
      const attempt = scene.dialler.connect(nobody(scene), { synRetries: 1 });
      await expect(attempt).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      const [flow] = await records.until(1);
      expect(flow?.tcp?.retransmits).toBe((await hole.packets()) - 1);
      await hole.remove();
      return undefined;
    },
    source: { ended: ['Failed', 'TimedOut'], sent: 0, received: 0, process: 'dialler', retransmits: 'some' },
    destination: undefined,
  },
  {
    name: 'abandoned by its process during the handshake',
    async live(scene) {
      const hole = await blackHole(scene.router.netns, 'forward', `tcp dport ${NOBODY}`);
      const near = await scene.dialler.startConnect(nobody(scene));
      await near.close();
      await hole.remove();
      return undefined;
    },
    source: { ended: ['Failed', 'Abandoned'], sent: 0, received: 0, process: 'dialler' },
    destination: undefined,
  },
  {
    name: 'abandoned by kill -9 during the handshake',
    async live(scene) {
      const hole = await blackHole(scene.router.netns, 'forward', `tcp dport ${NOBODY}`);
      const mortal = await scene.client.peer();
      await mortal.startConnect(nobody(scene));
      await mortal.kill();
      await hole.remove();
      return { mortal: mortal.pid };
    },
    source: { ended: ['Failed', 'Abandoned'], sent: 0, received: 0, process: 'mortal' },
    destination: undefined,
  },
];

const SUCCESSES: readonly LifeCycle[] = [
  {
    name: 'opened with a SYN that was lost once: the handshake took its retransmission too',
    byTimer: true,
    async live(scene, records) {
      const hole = await blackHole(scene.router.netns, 'forward', 'tcp flags & (syn | ack) == syn');
      const listener = await scene.acceptor.listen(scene.server.ipv4);
      const near = await scene.dialler.startConnect(listener);
      await hole.remove();
      await near.connected();
      await endInOrder({ near, far: await listener.accept() });
      await listener.close();
      const opened = (await records.until(2)).find(({ observer }) => observer === 'source');
      expect(opened?.tcp?.handshakeDuration).toBeGreaterThan(FIRST_RETRANSMISSION_US);
      return undefined;
    },
    source: { ended: ['Closed', 'Finished'], sent: 0, received: 0, process: 'dialler', retransmits: 1 },
    destination: { ended: ['Closed', 'Finished'], sent: 0, received: 0, process: 'acceptor' },
  },
  {
    name: 'opened with a SYN-ACK that was lost once: the time of the handshake is not known to the server',
    byTimer: true,
    async live(scene) {
      const hole = await blackHole(scene.router.netns, 'forward', 'tcp flags & (syn | ack) == (syn | ack)');
      const listener = await scene.acceptor.listen(scene.server.ipv4);
      const near = await scene.dialler.startConnect(listener);
      while ((await hole.packets()) === 0);
      await hole.remove();
      await near.connected();
      await endInOrder({ near, far: await listener.accept() });
      await listener.close();
      return undefined;
    },
    source: { ended: ['Closed', 'Finished'], sent: 0, received: 0, process: 'dialler', retransmits: 'some' },
    destination: {
      ended: ['Closed', 'Finished'],
      sent: 0,
      received: 0,
      process: 'acceptor',
      retransmits: 'some',
      handshake: 'unknown',
    },
  },
  {
    name: 'opened through a SYN cookie: the server kept no state of the handshake',
    async live(scene) {
      await scene.server.netns.sysctl({ 'net.ipv4.tcp_syncookies': 2 });
      const { near, far } = await scene.connection();
      await scene.server.netns.sysctl({ 'net.ipv4.tcp_syncookies': 1 });
      await Promise.all([near.send(37), far.receive(37)]);
      await endInOrder({ near, far });
      return undefined;
    },
    source: { ended: ['Closed', 'Finished'], sent: 37, received: 0, process: 'dialler' },
    destination: {
      ended: ['Closed', 'Finished'],
      sent: 0,
      received: 37,
      process: 'acceptor',
      handshake: 'unknown',
    },
  },
];

describeLives('a connection that is opened', 'opening', [...FAILURES, ...SUCCESSES]);
