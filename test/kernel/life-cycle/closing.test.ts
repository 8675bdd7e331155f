import { heldAtRouter } from '../../support/lab/held.ts';
import { describeLives, type LifeCycle } from '../../support/life-cycle.ts';

/**
 * Where a side closes at once, its FIN is held on the way: were it acknowledged while close() still runs, the kernel would
 * keep the socket in FIN_WAIT2 until the other side closes too, for a minute at most.
 */
const ORDERLY: readonly LifeCycle[] = [
  {
    name: 'closed by the client first: its socket goes once its FIN is acknowledged',
    byTimer: true,
    async live(scene, records) {
      const { near, far } = await scene.connection();
      await Promise.all([near.send(1009), far.receive(1009)]);
      await heldAtRouter(scene, () => near.close());
      await records.until(1);
      await far.close();
      return undefined;
    },
    source: { ended: ['Closed', 'HalfClosed'], sent: 1009, received: 0, process: 'dialler' },
    destination: { ended: ['Closed', 'Finished'], sent: 0, received: 1009, process: 'acceptor' },
  },
  {
    name: 'closed by the server first',
    byTimer: true,
    async live(scene, records) {
      const { near, far } = await scene.connection();
      await Promise.all([far.send(1_301), near.receive(1_301)]);
      await heldAtRouter(scene, () => far.close());
      await records.until(1);
      await near.close();
      return undefined;
    },
    source: { ended: ['Closed', 'Finished'], sent: 0, received: 1_301, process: 'dialler' },
    destination: { ended: ['Closed', 'HalfClosed'], sent: 1_301, received: 0, process: 'acceptor' },
  },
  {
    name: 'closed by both at once: the two FINs cross on the way',
    async live(scene) {
      const { near, far } = await scene.connection();
      await Promise.all([near.send(13), far.receive(13)]);
      await heldAtRouter(scene, async () => {
        await Promise.all([near.shutdown('write'), far.shutdown('write')]);
        await Promise.all([near.wait({ state: 'FIN_WAIT1' }), far.wait({ state: 'FIN_WAIT1' })]);
      });
      await Promise.all([near.receiveToEnd(), far.receiveToEnd()]);
      await Promise.all([near.close(), far.close()]);
      return undefined;
    },
    source: { ended: ['Closed', 'Finished'], sent: 13, received: 0, process: 'dialler' },
    destination: { ended: ['Closed', 'Finished'], sent: 0, received: 13, process: 'acceptor' },
  },
  {
    name: 'half-closed by the client, with data from the server afterwards',
    async live(scene) {
      const { near, far } = await scene.connection();
      await near.send(101);
      await near.shutdown('write');
      await far.receiveToEnd();
      await Promise.all([far.send(1_303), near.receive(1_303)]);
      await far.close();
      await near.receiveToEnd();
      await near.close();
      return undefined;
    },
    source: { ended: ['Closed', 'Finished'], sent: 101, received: 1_303, process: 'dialler' },
    destination: { ended: ['Closed', 'Finished'], sent: 1_303, received: 101, process: 'acceptor' },
  },
  {
    name: 'half-closed by the server, with data from the client afterwards',
    async live(scene) {
      const { near, far } = await scene.connection();
      await far.shutdown('write');
      await near.receiveToEnd();
      await Promise.all([near.send(1_307), far.receive(1_307)]);
      await near.close();
      await far.receiveToEnd();
      await far.close();
      return undefined;
    },
    source: { ended: ['Closed', 'Finished'], sent: 1_307, received: 0, process: 'dialler' },
    destination: { ended: ['Closed', 'Finished'], sent: 0, received: 1_307, process: 'acceptor' },
  },
  {
    name: 'opened and closed without a byte',
    async live(scene) {
      const { near, far } = await scene.connection();
      await near.shutdown('write');
      await far.receiveToEnd();
      await far.close();
      await near.receiveToEnd();
      await near.close();
      return undefined;
    },
    source: { ended: ['Closed', 'Finished'], sent: 0, received: 0, process: 'dialler' },
    destination: { ended: ['Closed', 'Finished'], sent: 0, received: 0, process: 'acceptor' },
  },
];

describeLives('a connection that ends in good order', 'closing', ORDERLY);
