import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Api } from '../api.ts';
import { AUDIT_POLICY } from '../audit.ts';
import type { ToolName } from '../build/tools.ts';
import { eventually, Hopeless } from '../eventually.ts';
import type { Daemon } from '../process/daemon.ts';
import { freePorts } from '../process/ports.ts';
import { apiServerArguments, controllerManagerArguments, etcdArguments, schedulerArguments } from './arguments.ts';
import { makeCredentials } from './credentials.ts';
import { layoutOf } from './layout.ts';

/** Some 3 s on a quiet machine. */
const START_LIMIT_MILLIS = 60_000;

export type ToolPath = (name: ToolName) => string;

/** Where the processes of a control plane run. */
export interface Site {
  /** Address of the API server for the nodes; undefined: no nodes can reach it, on loopback as it is. */
  readonly address: string | undefined;
  /** As `Daemon.start`. */
  start(name: string, argv: readonly string[], log: string): Promise<Daemon>;
  /** Makes a port of the site's loopback reachable on this machine's. */
  open(port: number): Promise<void>;
}

/** The processes of a Kubernetes without its nodes; they end with this process at the latest. */
export class ControlPlane {
  readonly server: string;
  readonly #folder: string;
  readonly #tool: ToolPath;
  readonly #site: Site;
  readonly #daemons = new Map<ToolName, Daemon>();
  readonly #apiServerArguments: readonly string[];

  private constructor(server: string, folder: string, tool: ToolPath, site: Site, apiServer: readonly string[]) {
    this.server = server;
    this.#folder = folder;
    this.#tool = tool;
    this.#site = site;
    this.#apiServerArguments = apiServer;
  }

  /** Resolves when the API server is ready and, with controllers, when they have begun to work. */
  static async start(folder: string, tool: ToolPath, site: Site, controllers: boolean): Promise<ControlPlane> {
    const [etcd = 0, etcdPeer = 0, api = 0] = await freePorts(3);
    const ports = { etcd, etcdPeer, api };
    const server = `https://127.0.0.1:${api}`;
    writeFileSync(layoutOf(folder).auditPolicy, JSON.stringify(AUDIT_POLICY));
    const duties = { controllers, address: site.address };
    const credentials = await makeCredentials(folder, server, site.address);
    const apiServer = apiServerArguments(folder, ports, credentials, duties);
    const plane = new ControlPlane(server, folder, tool, site, apiServer);
    try {
      await site.open(api);
      await plane.#run('etcd', etcdArguments(folder, ports));
      await plane.startApiServer();
      if (!controllers) return plane;
      await plane.#run('kube-controller-manager', controllerManagerArguments(folder, credentials, duties));
      await plane.#run('kube-scheduler', schedulerArguments(folder));
      await plane.#untilControllersWork();
      return plane;
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  /** Resolves when the server is ready. Does nothing else when it runs already. */
  async startApiServer(): Promise<void> {
    if (this.#daemons.get('kube-apiserver')?.ended ?? true) await this.#run('kube-apiserver', this.#apiServerArguments);
    const api = new Api(layoutOf(this.#folder).admin);
    await this.#eventually(() => api.ready(), 'the API server is ready');
  }

  async killApiServer(): Promise<void> {
    await this.#daemons.get('kube-apiserver')?.kill();
  }

  /** Kills every process; what they have stored is of no use afterwards. */
  async stop(): Promise<void> {
    await Promise.all([...this.#daemons.values()].map((daemon) => daemon.kill()));
  }

  async #run(name: ToolName, args: readonly string[]): Promise<void> {
    const log = join(this.#folder, `${name}.log`);
    this.#daemons.set(name, await this.#site.start(name, [this.#tool(name), ...args], log));
  }

  /** The first thing that they do which a test would miss: pods need a service account. */
  async #untilControllersWork(): Promise<void> {
    const api = new Api(layoutOf(this.#folder).admin);
    const account = '/api/v1/namespaces/default/serviceaccounts/default';
    await this.#eventually(() => api.get(account), 'the controllers work');
  }

  async #eventually(check: () => Promise<unknown>, what: string): Promise<void> {
    const stillRunning = () => {
      const failures = [...this.#daemons.values()].map(({ failure }) => failure);
      const failure = failures.find((words) => words !== undefined);
      if (failure !== undefined) throw new Hopeless(failure);
      return check();
    };
    await eventually(stillRunning, { what, timeoutMillis: START_LIMIT_MILLIS });
  }
}
