import type { Cluster } from '../cluster/cluster.ts';
import { eventually } from '../cluster/eventually.ts';
import { type Helm, helmFor } from '../cluster/helm.ts';
import { type NamedImage, namedImage, parts } from '../cluster/images/named.ts';
import type { Node } from '../cluster/nodes/node.ts';
import { linuxNodes } from '../cluster/real-nodes.ts';
import { weirImage } from '../image/image.ts';
import { CHART, installChart, upgradeChart } from './chart.ts';
import { enter, makeNamespace } from './guest.ts';
import { type Component, type InstalledPod, installedPods, readyPods } from './installed-pods.ts';
import { type FlowRecord, readRecords, removeRecords } from './records.ts';
import type { World } from './world.ts';

/** On a machine that does much else at once. */
const READY_MILLIS = 120_000;

/** Weir as `helm install` brings it onto real nodes: the project's own image, or the one that the cluster has. */
export class Installation {
  readonly world: World;
  readonly helm: Helm;
  /** How many nodes have an agent by the chart's own values. */
  readonly agents: number;
  readonly #cluster: Cluster;
  readonly #image: readonly string[];

  private constructor(cluster: Cluster, world: World, helm: Helm, image: readonly string[], agents: number) {
    this.#cluster = cluster;
    this.world = world;
    this.helm = helm;
    this.#image = image;
    this.agents = agents;
  }

  /**
   * Resolves when the operator and an agent on every node are Ready. Whatever becomes of it, `leave` ends it.
   *
   * @param values - `name=value`, as for `--set`
   */
  static async install(cluster: Cluster, ...values: readonly string[]): Promise<Installation> {
    const image = imageValues(await imageOn(cluster));
    await enter(cluster);
    const helm = await helmFor(cluster);
    const world = await installChart(cluster, helm, ...image, ...settings(values));
    const agents = (await linuxNodes(world.api)).length;
    const installation = new Installation(cluster, world, helm, image, agents);
    await installation.ready();
    // A killed run may have left some on nodes that stay.
    await removeRecords(cluster);
    return installation;
  }

  /** `helm upgrade` to these values and the chart's own. */
  async upgrade(...values: readonly string[]): Promise<void> {
    await upgradeChart(this.helm, CHART, ...this.#image, ...settings(values));
  }

  /** Makes a namespace, which nobody else may have. */
  async namespace(name: string, labels?: Readonly<Record<string, string>>): Promise<void> {
    await makeNamespace(this.#cluster, name, labels);
  }

  /** The nodes on which a test may do everything: none in a cluster that runs already. */
  get nodes(): readonly Node[] {
    return this.#cluster.nodes ?? [];
  }

  /** The records of a file export at this path, of all nodes. */
  records(path: string): Promise<readonly FlowRecord[]> {
    return readRecords(this.#cluster, path);
  }

  /** Resolves when as many agents as there are nodes, and one operator, are Ready. */
  async ready(): Promise<void> {
    await eventually(
      async () => {
        for (const [component, count] of [
          ['operator', 1],
          ['agent', this.agents],
        ] as const) {
          const ready = await readyPods(this.world.api, component);
          if (ready.length !== count) throw new Error(`${ready.length} of ${count} ${component} pods are ready`);
        }
      },
      { what: 'Weir is ready', timeoutMillis: READY_MILLIS },
    );
  }

  /** What each of the nodes that a test has asked for reports to run: names of programs and their states. */
  async programs(): Promise<readonly (object | undefined)[]> {
    const agents = await Promise.all(this.#cluster.nodeNames.map((node) => this.world.getAgent(node)));
    return agents.map(({ status }) => status?.programs?.map(({ name, state }) => [name, state]));
  }

  pods(component: Component): Promise<readonly InstalledPod[]> {
    return installedPods(this.world.api, component);
  }

  /** The agent's pod on a node. */
  async agentOn(node: string): Promise<InstalledPod> {
    const found = (await this.pods('agent')).find(({ spec }) => spec.nodeName === node);
    if (found === undefined) throw new Error(`there is no agent on ${node}`);
    return found;
  }
}

/** Nodes of one's own are given the image of this checkout. */
async function imageOn({ nodes }: Cluster): Promise<NamedImage> {
  if (nodes === undefined) return namedImage('weir');
  const { archive, tag } = await weirImage();
  await Promise.all(nodes.map((node) => node.importImage(archive)));
  const named = parts(tag);
  if (named === undefined) throw new Error(`the image has no tag: ${tag}`);
  return { ...named, pullPolicy: 'Never' };
}

function settings(values: readonly string[]): string[] {
  return values.flatMap((value) => ['--set', value]);
}

function imageValues({ repository, tag, pullPolicy }: NamedImage): string[] {
  const values = { 'image.repository': repository, 'image.tag': tag, 'image.pullPolicy': pullPolicy };
  return Object.entries(values).flatMap(([name, value]) => ['--set-string', `${name}=${value}`]);
}
