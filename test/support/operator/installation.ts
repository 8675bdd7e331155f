import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { eventually } from '../cluster/eventually.ts';
import { type Helm, helmFor } from '../cluster/helm.ts';
import type { Node } from '../cluster/nodes/node.ts';
import { run } from '../cluster/process/run.ts';
import { weirImage } from '../image/image.ts';
import { CHART, installChart, upgradeChart } from './chart.ts';
import { OPERATOR_NAMESPACE, type World } from './world.ts';

const PODS = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods`;
/** On a machine that does much else at once. */
const READY_MILLIS = 120_000;

interface InstalledPod extends KubeObject {
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** A flow record's fields by name. */
export type FlowRecord = Readonly<Record<string, unknown>>;

/** Weir as `helm install` brings it onto real nodes, from the project's own image. */
export class Installation {
  readonly world: World;
  readonly helm: Helm;
  readonly #cluster: Cluster;
  readonly #image: readonly string[];

  private constructor(cluster: Cluster, world: World, helm: Helm, image: readonly string[]) {
    this.#cluster = cluster;
    this.world = world;
    this.helm = helm;
    this.#image = image;
  }

  /** Resolves when the operator and an agent on every node are Ready. @param values - `name=value`, as for `--set`. */
  static async install(cluster: Cluster, ...values: readonly string[]): Promise<Installation> {
    const { archive, tag } = await weirImage();
    await Promise.all((cluster.nodes ?? []).map((node) => node.importImage(archive)));
    const helm = await helmFor(cluster);
    const image = imageValues(tag);
    const world = await installChart(cluster, helm, ...image, ...settings(values));
    const installation = new Installation(cluster, world, helm, image);
    await installation.ready();
    return installation;
  }

  /** `helm upgrade` to these values and the chart's own. */
  async upgrade(...values: readonly string[]): Promise<void> {
    await upgradeChart(this.helm, CHART, ...this.#image, ...settings(values));
  }

  /** The nodes on which a test may do everything. */
  get nodes(): readonly Node[] {
    return this.#cluster.nodes ?? [];
  }

  /** The records of a file export at this path, of all nodes. */
  async records(path: string): Promise<readonly FlowRecord[]> {
    const texts = await Promise.all(this.nodes.map((node) => node.run(['cat', path])));
    // Where no record has come yet, there may be no file.
    const lines = texts.flatMap(({ status, stdout }) => (status === 0 ? stdout.split('\n') : []));
    return lines.filter((line) => line !== '').map((line): FlowRecord => JSON.parse(line));
  }

  /** Resolves when as many agents as there are nodes, and one operator, are Ready. */
  async ready(): Promise<void> {
    await eventually(
      async () => {
        for (const [component, count] of [
          ['operator', 1],
          ['agent', this.nodes.length],
        ] as const) {
          const ready = (await this.pods(component)).filter(isReady);
          if (ready.length !== count) throw new Error(`${ready.length} of ${count} ${component} pods are ready`);
        }
      },
      { what: 'Weir is ready', timeoutMillis: READY_MILLIS },
    );
  }

  async pods(component: 'operator' | 'agent'): Promise<readonly InstalledPod[]> {
    const all = await this.world.api.list<InstalledPod>(PODS);
    return all.filter(({ metadata: { labels = {} } }) => labels['app.kubernetes.io/component'] === component);
  }

  /** Process ids of every agent of this cluster's nodes. */
  agentProcesses(): Promise<readonly number[]> {
    return this.processes('agent');
  }

  /** Process ids of the containers of a component, or of one pod of it. */
  async processes(component: 'operator' | 'agent', uid?: string): Promise<readonly number[]> {
    const uids = uid === undefined ? (await this.pods(component)).map(({ metadata }) => metadata.uid ?? '') : [uid];
    const containers = this.nodes.flatMap(({ podsCgroup }) =>
      globSync(join(podsCgroup, 'kubepods', '**', 'cgroup.procs')).filter((file) =>
        uids.some((of) => file.includes(of)),
      ),
    );
    const pids = containers.flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number));
    // Beside each container stands the pause of its pod.
    return pids.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('weir'));
  }

  /** Every eBPF program of the machine. */
  async loadedPrograms(): Promise<readonly { readonly id: number }[]> {
    return JSON.parse((await run('bpftool', ['-j', 'prog', 'show'])).stdout);
  }

  /** The agent's pod on a node. */
  async agentOn(node: string): Promise<InstalledPod> {
    const found = (await this.pods('agent')).find(({ spec }) => spec.nodeName === node);
    if (found === undefined) throw new Error(`there is no agent on ${node}`);
    return found;
  }
}

function isReady({ status: { conditions = [] } }: InstalledPod): boolean {
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

function settings(values: readonly string[]): string[] {
  return values.flatMap((value) => ['--set', value]);
}

function imageValues(tag: string): string[] {
  const at = tag.lastIndexOf(':');
  const values = { 'image.repository': tag.slice(0, at), 'image.tag': tag.slice(at + 1), 'image.pullPolicy': 'Never' };
  return Object.entries(values).flatMap(([name, value]) => ['--set-string', `${name}=${value}`]);
}
