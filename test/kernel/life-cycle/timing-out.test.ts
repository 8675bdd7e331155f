import { blackHole } from '../../support/lab/rules.ts';
import { describeLives, type LifeCycle } from '../../support/life-cycle.ts';

const USER_TIMEOUT_MS = 400;

const TIMEOUTS: readonly LifeCycle[] = [
  {
    name: 'black-holed with data on the way, until TCP_USER_TIMEOUT',
    byTimer: true,
    async live(scene, records) {
      const { near, far } = await scene.connection({ userTimeoutMs: USER_TIMEOUT_MS });
      await Promise.all([near.send(211), far.receive(211)]);
      const hole = await blackHole(scene.router.netns, 'forward', 'tcp dport > 0');
      await near.send(1009);
      await records.until(1);
      await Promise.all([near.close(), far.reset()]);
      await hole.remove();
      return undefined;
    },
    source: { ended: ['TimedOut', 'TimedOut'], sent: 1220, received: 0, process: 'dialler', retransmits: 'some' },
    destination: { ended: ['Reset', 'ResetSent'], sent: 0, received: 211, process: 'acceptor' },
  },
  {
    name: 'closed into a black hole: neither its last data nor its FIN is ever acknowledged',
    byTimer: true,
    async live(scene, records) {
      const { near, far } = await scene.connection({ userTimeoutMs: USER_TIMEOUT_MS });
      const hole = await blackHole(scene.router.netns, 'forward', 'tcp dport > 0');
      await near.send(1009);
      await near.close();
      await records.until(1);
      await far.reset();
      await hole.remove();
      return undefined;
    },
    source: { ended: ['TimedOut', 'TimedOut'], sent: 1009, received: 0, process: 'dialler', retransmits: 'some' },
    destination: { ended: ['Reset', 'ResetSent'], sent: 0, received: 0, process: 'acceptor' },
  },
];

describeLives('a connection that times out', 'timing-out', TIMEOUTS);
