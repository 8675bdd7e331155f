import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Api, KubeObject } from '../api.ts';
import type { ToolPath } from '../control-plane/control-plane.ts';
import { eventually } from '../eventually.ts';
import type { Pki } from '../pki.ts';
import type { Outcome, RunOptions } from '../process/run.ts';
import { nodeAddress } from './addresses.ts';
import type { Cgroup } from './cgroups.ts';
import { makeNodeCredentials } from './credentials.ts';
import { importImage } from './import-image.ts';
import type { Machine } from './machine.ts';
import { connect, disconnect } from './network.ts';
import { bootNode } from './node-machine.ts';
import type { Service } from './service.ts';
import { type Services, servicesOf } from './services.ts';
import {
  containerdSettings,
  kubeletSettings,
  type NodeFacts,
  nodeLayout,
  podNetworkSettings,
  proxySettings,
} from './settings.ts';

const READY_LIMIT_MILLIS = 90_000;
const MILLIS_A_SECOND = 1_000;

/** What all nodes of a cluster have in common. */
export interface NodeSite {
  readonly controlPlane: Machine;
  /** How many there are. */
  readonly nodes: number;
  readonly tool: ToolPath;
  /** Absolute path of runc. */
  readonly runc: string;
  /** Paths of image archives that every node has from the start. */
  readonly images: readonly string[];
}

/** How a node takes part in a cluster whose API server is up. */
export interface Membership {
  readonly pki: Pki;
  /** The API server as nodes reach it. */
  readonly server: string;
  readonly api: Api;
}

/** A real node: containerd, kubelet and kube-proxy on a machine of their own. */
export class Node {
  readonly name: string;
  readonly address: string;
  readonly #facts: NodeFacts;
  readonly #cgroup: Cgroup;
  readonly #site: NodeSite;
  #membership: Membership | undefined;
  #life: { readonly machine: Machine; readonly services: Services } | undefined;

  /** @param folder of all nodes @param cgroup of all machines of the cluster */
  constructor(number: number, folder: string, cgroup: Cgroup, site: NodeSite) {
    this.name = `node${number}`;
    this.address = nodeAddress(number);
    this.#cgroup = cgroup.child(this.name);
    const podsCgroup = this.#cgroup.child('pods').path;
    this.#facts = { number, name: this.name, folder: join(folder, this.name), podsCgroup };
    this.#site = site;
  }

  /** Absolute path, on cgroup v2, of the directory below which the cgroups of its pods are, beginning with `kubepods`. */
  get podsCgroup(): string {
    return this.#cgroup.child('pods').directory;
  }

  /** The process that holds its namespaces. */
  get pid(): number {
    return this.#running.machine.pid;
  }

  /** Absolute path of the folder of manifests that the kubelet runs without being told by anybody. */
  get staticPods(): string {
    return nodeLayout(this.#facts.folder).staticPods;
  }

  get containerd(): Service {
    return this.#running.services.containerd;
  }

  get kubelet(): Service {
    return this.#running.services.kubelet;
  }

  get kubeProxy(): Service {
    return this.#running.services.kubeProxy;
  }

  /** Runs a command in the node's namespaces and its cgroup; resolves whatever its exit status is. */
  run(argv: readonly string[], options?: RunOptions): Promise<Outcome> {
    return this.#running.machine.run(argv, options);
  }

  /** @param archive path of a docker or OCI archive */
  async importImage(archive: string): Promise<void> {
    await importImage(this.pid, this.#site.tool('ctr'), archive);
  }

  /** The machine and its containers' runtime, with the images; needs no API server. */
  async boot(): Promise<void> {
    const { controlPlane, nodes, tool, runc, images } = this.#site;
    const { number, name, folder } = this.#facts;
    const layout = nodeLayout(folder);
    for (const made of [layout.cni, layout.staticPods]) mkdirSync(made, { recursive: true });
    writeFileSync(layout.containerd, containerdSettings(this.#facts, runc));
    writeJson(join(layout.cni, '10-pods.conflist'), podNetworkSettings(this.#facts));

    const system = this.#cgroup.child('system');
    for (const cgroup of [this.#cgroup, this.#cgroup.child('pods'), system]) cgroup.make();
    const machine = await bootNode(name, folder, system);
    this.#life = { machine, services: servicesOf(this.#facts, machine, tool) };
    await connect(machine, controlPlane, number, nodes);
    await this.containerd.start();
    for (const image of images) await this.importImage(image);
  }

  /** Makes it a node of the cluster; resolves when it is ready for pods. */
  async join(membership: Membership): Promise<void> {
    const layout = nodeLayout(this.#facts.folder);
    const { pki, server } = membership;
    const serving = await makeNodeCredentials(pki, server, this.#facts);
    writeJson(layout.kubelet, kubeletSettings(this.#facts, pki.authority, serving));
    writeJson(layout.proxy, proxySettings(this.#facts));
    this.#membership = membership;
    await this.#work(membership);
  }

  /** As if the plug was pulled: every process of the node and of its pods is gone at once. Its disk stays. */
  async powerOff(): Promise<void> {
    if (this.#life === undefined) return;
    this.#life = undefined;
    await disconnect(this.#site.controlPlane, this.#facts.number);
    await this.#cgroup.remove();
  }

  /** Resolves when the node is ready again; its pods may not be yet. */
  async powerOn(): Promise<void> {
    if (this.#life !== undefined) return;
    if (this.#membership === undefined) throw new Error(`${this.name} has not joined a cluster`);
    await this.boot();
    await this.#work(this.#membership);
  }

  async #work({ api }: Membership): Promise<void> {
    const begin = Date.now();
    await Promise.all([this.kubelet.start(), this.kubeProxy.start()]);
    await eventually(async () => this.#mustBeReady(await api.get(`/api/v1/nodes/${this.name}`), begin), {
      what: `${this.name} is ready`,
      timeoutMillis: READY_LIMIT_MILLIS,
    });
  }

  /** What an earlier life has reported does not count. Kubernetes' times are in whole seconds. */
  #mustBeReady({ status }: KubeObject & { readonly status?: NodeStatus }, since: number): void {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    const late = Date.parse(ready?.lastHeartbeatTime ?? '') > since - (since % MILLIS_A_SECOND);
    if (ready?.status !== 'True' || !late) throw new Error(ready?.message ?? `${this.name} has not reported`);
  }

  get #running(): { readonly machine: Machine; readonly services: Services } {
    if (this.#life === undefined) throw new Error(`${this.name} is off`);
    return this.#life;
  }
}

interface NodeStatus {
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly message?: string;
    readonly lastHeartbeatTime?: string;
  }[];
}

function writeJson(path: string, value: object): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
