import { compilePlan } from '../../src/plan/compile.ts';
import type { Pod } from '../../test/support/lab/pod.ts';
import type { AgentSetup } from './agent-process.ts';
import { type BenchPod, inventoryText } from './inventory.ts';
import { UNLIMITED } from './unlimited.ts';

const NODE = 'bench-node';
const NAMESPACE = 'bench';

/** An agent that knows these pods of a lab, and captures the selected ones. */
export function agentSetup(pods: readonly Pod[], selected: readonly Pod[]): AgentSetup {
  const inventory = inventoryText(pods.map((pod) => benchPod(pod, selected.includes(pod) ? 'selected' : 'unselected')));
  return { plan: planOfSelected(), inventory };
}

function benchPod({ name, uid, podCgroup }: Pod, app: string): BenchPod {
  return { name, namespace: NAMESPACE, uid, labels: { app }, addresses: [], node: NODE, cgroup: `/${podCgroup}` };
}

function planOfSelected() {
  const metadata = { namespace: NAMESPACE };
  const podSelector = { matchLabels: { app: 'selected' } };
  const spec = { ...UNLIMITED, podSelector, exports: [{ name: 'null' }] };
  const { plan, problems } = compilePlan({
    captures: [{ metadata: { ...metadata, name: 'selected' }, spec }],
    exports: [{ metadata: { ...metadata, name: 'null' }, spec: {} }],
    node: { name: NODE, programs: ['tcp'] },
    namespaceLabels: () => ({}),
  });
  const [problem] = problems;
  if (problem !== undefined) throw new Error(`the bench's plan is wrong: ${problem.message}`);
  return plan;
}
