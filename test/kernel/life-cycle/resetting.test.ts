import { heldAtRouter } from '../../support/lab/held.ts';
import { describeLives, type LifeCycle } from '../../support/life-cycle.ts';

const RESETS: readonly LifeCycle[] = [
  {
    name: 'reset by the client with SO_LINGER 0',
    async live(scene, records) {
      const { near, far } = await scene.connection();
      await Promise.all([near.send(1009), far.receive(1009)]);
      await near.reset();
      await records.until(2);
      await far.close();
      return undefined;
    },
    source: { ended: ['Reset', 'ResetSent'], sent: 1009, received: 0, process: 'dialler' },
    destination: { ended: ['Reset', 'ResetReceived'], sent: 0, received: 1009, process: 'nobody' },
  },
  {
    name: 'reset by the server with SO_LINGER 0',
    async live(scene, records) {
      const { near, far } = await scene.connection();
      await Promise.all([near.send(19), far.receive(19)]);
      await far.reset();
      await records.until(2);
      await near.close();
      return undefined;
    },
    source: { ended: ['Reset', 'ResetReceived'], sent: 19, received: 0, process: 'dialler' },
    destination: { ended: ['Reset', 'ResetSent'], sent: 0, received: 19, process: 'acceptor' },
  },
  {
    name: 'closed by the server with unread data, which is a reset; the unread bytes were received all the same',
    async live(scene, records) {
      const { near, far } = await scene.connection();
      await near.send(1_307);
      await far.wait({ unread: 1_307 });
      await far.close();
      await records.until(2);
      await near.close();
      return undefined;
    },
    source: { ended: ['Reset', 'ResetReceived'], sent: 1_307, received: 0, process: 'dialler' },
    destination: { ended: ['Reset', 'ResetSent'], sent: 0, received: 1_307, process: 'acceptor' },
  },
  {
    name: 'closed by the client with unread data, in CLOSE_WAIT',
    async live(scene, records) {
      const { near, far } = await scene.connection();
      await far.send(43);
      await far.shutdown('write');
      await near.wait({ unread: 43, state: 'CLOSE_WAIT' });
      await near.close();
      await records.until(2);
      await far.close();
      return undefined;
    },
    source: { ended: ['Reset', 'ResetSent'], sent: 0, received: 43, process: 'dialler' },
    destination: { ended: ['Reset', 'ResetReceived'], sent: 43, received: 0, process: 'acceptor' },
  },
  {
    name: 'reset in CLOSE_WAIT: the server still sends to a client that has closed',
    byTimer: true,
    async live(scene, records) {
      const { near, far } = await scene.connection();
      // Acknowledged after close() has returned: the client's socket goes at once.
      await heldAtRouter(scene, () => near.close());
      await records.until(1);
      await far.wait({ state: 'CLOSE_WAIT' });
      await far.send(500);
      await records.until(2);
      await far.close();
      return undefined;
    },
    source: { ended: ['Closed', 'HalfClosed'], sent: 0, received: 0, process: 'dialler' },
    destination: { ended: ['Reset', 'ResetReceived'], sent: 500, received: 0, process: 'nobody' },
  },
  {
    name: 'reset by the client after it has half-closed: SO_LINGER 0 in FIN_WAIT2',
    async live(scene, records) {
      const { near, far } = await scene.connection();
      await near.send(23);
      await near.shutdown('write');
      await far.receiveToEnd();
      await near.wait({ state: 'FIN_WAIT2' });
      await near.reset();
      await records.until(2);
      await far.close();
      return undefined;
    },
    source: { ended: ['Reset', 'ResetSent'], sent: 23, received: 0, process: 'dialler' },
    destination: { ended: ['Reset', 'ResetReceived'], sent: 0, received: 23, process: 'nobody' },
  },
  {
    name: 'reset by the kernel for data to a client that no longer reads: the client cannot tell whose reset it was',
    async live(scene, records) {
      const { near, far } = await scene.connection();
      await near.shutdown('both');
      await far.wait({ state: 'CLOSE_WAIT' });
      await near.wait({ state: 'FIN_WAIT2' });
      await far.send(61);
      await records.until(2);
      await Promise.all([near.close(), far.close()]);
      return undefined;
    },
    source: { ended: ['Reset', 'Reset'], sent: 0, received: 0, process: 'dialler' },
    destination: { ended: ['Reset', 'ResetReceived'], sent: 61, received: 0, process: 'nobody' },
  },
  {
    name: 'reset by the server in CLOSE_WAIT: a client that no longer reads cannot tell whose reset it was either',
    async live(scene, records) {
      const { near, far } = await scene.connection();
      await near.shutdown('both');
      await far.wait({ state: 'CLOSE_WAIT' });
      await near.wait({ state: 'FIN_WAIT2' });
      await far.reset();
      await records.until(2);
      await near.close();
      return undefined;
    },
    source: { ended: ['Reset', 'Reset'], sent: 0, received: 0, process: 'dialler' },
    destination: { ended: ['Reset', 'ResetSent'], sent: 0, received: 0, process: 'acceptor' },
  },
  {
    name: 'given up with connect(AF_UNSPEC), which keeps the socket',
    async live(scene, records) {
      const { near, far } = await scene.connection();
      await Promise.all([near.send(89), far.receive(89)]);
      await near.disconnect();
      await records.until(2);
      await Promise.all([near.close(), far.close()]);
      return undefined;
    },
    source: { ended: ['Reset', 'ResetSent'], sent: 89, received: 0, process: 'dialler' },
    destination: { ended: ['Reset', 'ResetReceived'], sent: 0, received: 89, process: 'nobody' },
  },
];

describeLives('a connection that is reset', 'resetting', RESETS);
