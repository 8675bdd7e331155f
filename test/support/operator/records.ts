import { Api } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Node } from '../cluster/nodes/node.ts';
import { readyPods, runInPod } from './installed-pods.ts';

/** A flow record's fields by name. */
export type FlowRecord = Readonly<Record<string, unknown>>;

/** Where agents may write; on a node that stays, it does so too. */
const FOLDER = '/var/log/weir';
const PREFIX = 'weir-test-';

/** Path of a file for an export of this name, on every node. */
export function recordsFile(name: string): string {
  return `${FOLDER}/${PREFIX}${name}.ndjson`;
}

/** The records of a file export, of all nodes with a Ready agent; of a node where none has come yet, none. */
export async function readRecords(cluster: Cluster, path: string): Promise<readonly FlowRecord[]> {
  const texts = await inEveryAgent(cluster, '[ ! -e "$0" ] || cat "$0"', path);
  const lines = texts.flatMap((text) => text.split('\n'));
  return lines.filter((line) => line !== '').map((line): FlowRecord => JSON.parse(line));
}

/**
 * The records of a file export on one node of one's own, whether its agent runs or not; where none has come yet, none. A killed
 * agent may leave a torn line, which the next one ends.
 */
export async function readRecordsOn(node: Node, path: string): Promise<readonly FlowRecord[]> {
  const { stdout } = await node.run(['sh', '-c', '[ ! -e "$0" ] || cat "$0"', path]);
  const whole = stdout.split('\n').filter((line) => line.endsWith('}'));
  return whole.map((line): FlowRecord => JSON.parse(line));
}

/** Removes every file of {@link recordsFile} from all nodes with a Ready agent. */
export async function removeRecords(cluster: Cluster): Promise<void> {
  await inEveryAgent(cluster, 'rm -f "$0"*', `${FOLDER}/${PREFIX}`);
}

async function inEveryAgent(cluster: Cluster, script: string, argument: string): Promise<readonly string[]> {
  const agents = await readyPods(new Api(cluster.kubeconfig), 'agent');
  return Promise.all(agents.map((pod) => runInPod(cluster, pod, script, argument)));
}
