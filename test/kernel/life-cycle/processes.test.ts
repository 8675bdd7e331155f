import { heldAtRouter } from '../../support/lab/held.ts';
import { describeLives, type LifeCycle } from '../../support/life-cycle.ts';
import { endInOrder } from '../../support/scene.ts';

const PROCESSES: readonly LifeCycle[] = [
  {
    name: 'ended by kill -9 of the server: a killed process still closes its sockets',
    byTimer: true,
    async live(scene, records) {
      const mortal = await scene.server.peer();
      const { near, far } = await scene.connection({ by: mortal });
      await Promise.all([near.send(31), far.receive(31)]);
      await heldAtRouter(scene, () => mortal.kill());
      await records.until(1);
      await near.close();
      return { mortal: mortal.pid };
    },
    source: { ended: ['Closed', 'Finished'], sent: 31, received: 0, process: 'dialler' },
    destination: {
      ended: ['Closed', 'HalfClosed'],
      sent: 0,
      received: 31,
      process: 'mortal',
      executable: 'gone',
    },
  },
  {
    name: 'ended by kill -9 of the server with unread data: the kernel resets it',
    async live(scene, records) {
      const mortal = await scene.server.peer();
      const { near, far } = await scene.connection({ by: mortal });
      await near.send(31);
      await far.wait({ unread: 31 });
      await mortal.kill();
      await records.until(2);
      await near.close();
      return { mortal: mortal.pid };
    },
    source: { ended: ['Reset', 'ResetReceived'], sent: 31, received: 0, process: 'dialler' },
    destination: {
      ended: ['Reset', 'ResetSent'],
      sent: 0,
      received: 31,
      process: 'mortal',
      executable: 'gone',
    },
  },
  {
    name: 'ended in the accept queue of a listener that was killed: no process ever had it',
    async live(scene, records) {
      const mortal = await scene.server.peer();
      const listener = await mortal.listen(scene.server.ipv4);
      const near = await scene.dialler.connect(listener);
      await near.send(31);
      await near.wait({ unacked: 0 });
      await mortal.kill();
      await records.until(2);
      await near.close();
      return undefined;
    },
    source: { ended: ['Reset', 'ResetReceived'], sent: 31, received: 0, process: 'dialler' },
    destination: { ended: ['Reset', 'ResetSent'], sent: 0, received: 31, process: 'nobody' },
  },
  {
    name: 'shared with a forked child that closes it last: the opener stays its process, of an accepted one it is the child',
    async live(scene) {
      const { near, far } = await scene.connection();
      const [nearChild, farChild] = [await near.fork(), await far.fork()];
      await Promise.all([near.close(), far.close()]);
      await nearChild.socket.send(53);
      await farChild.socket.receive(53);
      await endInOrder({ near: nearChild.socket, far: farChild.socket });
      return { child: farChild.pid };
    },
    source: { ended: ['Closed', 'Finished'], sent: 53, received: 0, process: 'dialler' },
    destination: { ended: ['Closed', 'Finished'], sent: 0, received: 53, process: 'child', heldBefore: 'acceptor' },
  },
  {
    name: 'passed to other processes, which close it: the opener, and the heir of the accepted one',
    async live(scene) {
      const [nearHeir, farHeir] = await Promise.all([scene.client.peer(), scene.server.peer()]);
      const { near, far } = await scene.connection();
      const [passedNear, passedFar] = [await near.passTo(nearHeir), await far.passTo(farHeir)];
      await Promise.all([near.close(), far.close()]);
      await passedFar.send(97);
      await passedNear.receive(97);
      await endInOrder({ near: passedNear, far: passedFar });
      await Promise.all([nearHeir.end(), farHeir.end()]);
      return { heir: farHeir.pid };
    },
    source: { ended: ['Closed', 'Finished'], sent: 0, received: 97, process: 'dialler' },
    destination: { ended: ['Closed', 'Finished'], sent: 97, received: 0, process: 'heir', heldBefore: 'acceptor' },
  },
  {
    name: 'ended by ss -K of another process, which only looked it up: it is not named',
    async live(scene, records) {
      const { near, far } = await scene.connection();
      await Promise.all([near.send(59), far.receive(59)]);
      await scene.server.netns.run(['ss', '-K', 'sport', '=', `:${far.local.port}`]);
      await records.until(2);
      await Promise.all([near.close(), far.close()]);
      return undefined;
    },
    source: { ended: ['Reset', 'ResetReceived'], sent: 59, received: 0, process: 'dialler' },
    destination: { ended: ['Reset', 'ResetSent'], sent: 0, received: 59, process: 'nobody' },
  },
  {
    name: "of Multipath TCP: its subflow is measured, and closed by its process or by the kernel's own worker",
    async live(scene) {
      const connection = await scene.connection({ mptcp: true });
      const { near, far } = connection;
      await Promise.all([near.send(1_201), far.receive(1_201)]);
      await Promise.all([far.send(1009), near.receive(1009)]);
      await endInOrder(connection);
      return undefined;
    },
    source: { ended: ['Closed', 'Finished'], sent: 1_201, received: 1009, process: 'dialler' },
    destination: {
      ended: ['Closed', 'Finished'],
      sent: 1009,
      received: 1_201,
      process: 'acceptor',
      orNobody: true,
    },
  },
];

describeLives('a connection and its processes', 'processes', PROCESSES);
