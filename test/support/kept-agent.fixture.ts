/** An agent in a process of its own whose capture outlives it; does what its parent says, and ends with it at the latest. */
import { readFileSync } from 'node:fs';
import { makeAgent } from '../../src/agent/agent.ts';
import { cgroup2Mount } from '../../src/agent/identify/cgroup-mount.ts';
import { Libbpf } from '../../src/agent/load/libbpf.ts';
import { Pins } from '../../src/agent/load/pins.ts';
import { StaticOwners } from '../../src/attribution/static-owners.ts';
import { openFileSink } from '../../src/export/file/sink.ts';
import { monotonicMillis, systemTimers } from '../../src/lib/timers.ts';
import { planOf } from './capture.ts';
import type { Answer, Order, Setting } from './kept-agent.ts';
import { inventoryOf } from './pod-inventory.ts';

const setting: Setting = JSON.parse(process.argv[2] ?? '');
const { bpffs, pods, file, limits, slowMillis, hasHanging } = setting;
const inventory = inventoryOf(pods);
const known = { owners: new StaticOwners(inventory.pods), isOwnAddress: () => false };
const HANGING = 'hanging';
const often = { reporting: { activeSeconds: 1, idleSeconds: 1 } };
const plan = planOf({ all: {}, ...(hasHanging && { [HANGING]: {} }) }, ['file', ...(hasHanging ? [HANGING] : [])], {
  all: { exports: [{ name: 'file' }], ...often },
  [HANGING]: { exports: [{ name: HANGING }], ...often },
});

function tell(answer: Answer): void {
  process.send?.(answer);
}

const agent = makeAgent({
  node: plan.node,
  inventory,
  known: { local: known, far: known },
  async openSink({ name }) {
    if (name.endsWith(HANGING)) return { write: () => new Promise(() => undefined), close: async () => undefined };
    const sink = await openFileSink({
      path: file,
      fields: undefined,
      rotation: undefined,
      timers: systemTimers,
      now: Date.now,
      monotonic: monotonicMillis,
      troubled: (error) => tell({ failure: String(error) }),
    });
    return {
      async write(batch) {
        if (slowMillis > 0) await new Promise((resolve) => setTimeout(resolve, slowMillis));
        await sink.write(batch);
      },
      close: () => sink.close(),
    };
  },
  limits,
  pins: bpffs === undefined ? undefined : new Pins(() => Libbpf.load(), bpffs, 'node-1.example'),
  cgroups: { mount: cgroup2Mount(readFileSync('/proc/self/mountinfo', 'utf8')), version1: false },
  events: {
    sinkFailed: (_, error) => tell({ failure: String(error) }),
    recordFailed: (error) => tell({ failure: String(error) }),
    notKept: (error) => tell({ failure: String(error) }),
    failed: (error) => tell({ failure: String(error) }),
  },
});

async function obey(order: Order): Promise<void> {
  if (order === 'capture') await agent.adopt(plan);
  if (order === 'nothing') await agent.adopt({ ...plan, programs: [], captures: [], exports: [] });
  const report = order === 'stop' ? await agent.stop() : agent.report();
  tell({ report, hasRecovered: agent.hasRecovered });
  if (order === 'stop') process.disconnect();
}

process.on('message', (order: Order) => {
  obey(order).catch((error: unknown) => tell({ failure: String(error) }));
});
process.on('disconnect', () => process.exit());
