import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { eventually, Hopeless } from '../cluster/eventually.ts';
import { Daemon } from '../cluster/process/daemon.ts';
import { OPERATOR, OPERATOR_NAMESPACE } from './world.ts';

let runs = 0;

/** `weir operator` as its own process, with the rights of config/rbac and no others. It dies with the test at the latest. */
export class OperatorProcess implements AsyncDisposable {
  /** Where /metrics is. */
  readonly url: string;
  readonly log: string;
  readonly #daemon: Daemon;

  private constructor(daemon: Daemon, log: string, url: string) {
    this.#daemon = daemon;
    this.log = log;
    this.url = url;
  }

  /** Resolves when the operator has seen the whole cluster. @param server - in the place of the cluster's own. */
  static async start(cluster: Cluster, server?: string): Promise<OperatorProcess> {
    const kubeconfig = await cluster.kubeconfigFor(OPERATOR, server === undefined ? {} : { server });
    return OperatorProcess.startWith(cluster, kubeconfig);
  }

  /** As {@link start}, with a kubeconfig that exists already. */
  static async startWith(cluster: Cluster, kubeconfig: string): Promise<OperatorProcess> {
    const log = join(cluster.folder, `operator-${++runs}.log`);
    const command = [process.execPath, join(process.cwd(), 'src/main.ts'), 'operator', '--kubeconfig', kubeconfig];
    const options = ['--namespace', OPERATOR_NAMESPACE, '--listen', '127.0.0.1:0', '--log-level', 'debug'];
    const daemon = await Daemon.start('operator', [...command, ...options], log);
    const url = await eventually(
      async () => {
        if (daemon.failure !== undefined) throw new Hopeless(daemon.failure);
        const address = /"address":"([^"]+)"/.exec(await readFile(log, 'utf8'))?.[1];
        if (address === undefined) throw new Error('it does not say where it listens');
        const answer = await fetch(`http://${address}/readyz`);
        if (answer.status !== 200) throw new Error(await answer.text());
        return `http://${address}`;
      },
      { what: 'the operator is ready', timeoutMillis: 30_000 },
    );
    return new OperatorProcess(daemon, log, url);
  }

  get pid(): number | undefined {
    return this.#daemon.pid;
  }

  /** Why it ended; undefined while it runs. */
  get failure(): string | undefined {
    return this.#daemon.failure;
  }

  /** @throws Error while it does not see the whole cluster. */
  async ready(): Promise<void> {
    const answer = await fetch(`${this.url}/readyz`);
    const words = await answer.text();
    if (answer.status !== 200) throw new Error(words);
  }

  /** The samples of /metrics, by name and labels as Prometheus writes them. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
  }

  /** The lines of the log so far, parsed. */
  async logLines(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const lines = (await readFile(this.log, 'utf8')).split('\n').filter((line) => line !== '');
    return lines.map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
  }

  /** SIGKILL. */
  kill(): Promise<void> {
    return this.#daemon.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
