import { FAST_OPEN, type Peer } from '../../support/lab/peer.ts';
import type { PeerSocket } from '../../support/lab/peer-socket.ts';
import { blackHole } from '../../support/lab/rules.ts';
import { describeLives, type LifeCycle } from '../../support/life-cycle.ts';
import type { Connection, Scene } from '../../support/scene.ts';

/** Client and server, with cookies. */
const WITH_COOKIES = { 'net.ipv4.tcp_fastopen': 3 };
/** Bit of tcpi_options: data in the SYN was acknowledged by the SYN-ACK (linux/tcp.h). */
const TCPI_OPT_SYN_DATA = 32;

async function fastOpen(scene: Scene, settings: Readonly<Record<string, number>>): Promise<void> {
  await Promise.all([scene.client.netns.sysctl(settings), scene.server.netns.sysctl(settings)]);
}

async function expectSynData(socket: PeerSocket, expected: boolean): Promise<void> {
  const { options } = await socket.info();
  if (((options & TCPI_OPT_SYN_DATA) !== 0) !== expected) throw new Error('Fast Open went another way than the case');
}

/** 101 bytes to the server, of which as many go with the SYN as the two kernels agree on. */
async function dial(scene: Scene, by: Peer = scene.acceptor, fastOpenQueue = 5): Promise<Connection> {
  const connection = await scene.connection({ fastOpen: 101, fastOpenQueue, by });
  await connection.far.receive(101);
  return connection;
}

async function answerAndClose({ near, far }: Connection): Promise<void> {
  await Promise.all([far.send(1009), near.receive(1009)]);
  await near.shutdown('write');
  await far.receiveToEnd();
  await far.close();
  await near.receiveToEnd();
  await near.close();
}

const SOURCE = { ended: ['Closed', 'Finished'], sent: 101, received: 1009, process: 'dialler' } as const;
const DESTINATION = { ended: ['Closed', 'Finished'], sent: 1009, received: 101, process: 'acceptor' } as const;

const FAST_OPENS: readonly LifeCycle[] = [
  {
    name: 'the first one only asks for a cookie, and sends its data after the handshake',
    async live(scene) {
      await fastOpen(scene, WITH_COOKIES);
      const connection = await dial(scene);
      await expectSynData(connection.near, false);
      await answerAndClose(connection);
      return undefined;
    },
    source: SOURCE,
    destination: DESTINATION,
  },
  {
    name: 'the second one sends its data in the SYN, with the cookie',
    async live(scene) {
      await fastOpen(scene, WITH_COOKIES);
      const connection = await dial(scene);
      await expectSynData(connection.near, true);
      await answerAndClose(connection);
      return undefined;
    },
    source: SOURCE,
    destination: DESTINATION,
  },
  {
    name: 'without cookies even the first one sends its data in the SYN',
    async live(scene) {
      await fastOpen(scene, FAST_OPEN);
      const connection = await dial(scene);
      await expectSynData(connection.near, true);
      await answerAndClose(connection);
      return undefined;
    },
    source: SOURCE,
    destination: DESTINATION,
  },
  {
    name: 'refused by a server that acknowledges the SYN alone: its data is sent again, and counted once',
    async live(scene) {
      await fastOpen(scene, FAST_OPEN);
      const connection = await dial(scene, scene.acceptor, 0);
      await expectSynData(connection.near, false);
      await answerAndClose(connection);
      return undefined;
    },
    source: { ...SOURCE, retransmits: 1 },
    destination: DESTINATION,
  },
  {
    name: 'answered and closed by the server before the handshake is over',
    byTimer: true,
    async live(scene, records) {
      await fastOpen(scene, FAST_OPEN);
      const hole = await blackHole(scene.router.netns, 'forward', 'tcp flags & (syn | ack) == ack');
      const listener = await scene.acceptor.listen(scene.server.ipv4, { fastOpenQueue: 5 });
      const near = await scene.dialler.startConnect(listener, { fastOpen: 101 });
      const far = await listener.accept();
      await far.receive(101);
      await far.wait({ state: 'SYN_RECV' });
      await far.send(1009);
      await far.close();
      await hole.remove();
      await near.receive(1009);
      await near.receiveToEnd();
      await records.until(1);
      await Promise.all([near.close(), listener.close()]);
      return undefined;
    },
    source: SOURCE,
    destination: { ...DESTINATION, ended: ['Closed', 'HalfClosed'], retransmits: 'some', handshake: 'unknown' },
  },
];

describeLives('a connection with Fast Open', 'fast-open', FAST_OPENS);
