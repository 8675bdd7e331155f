import { ensureTools } from './build/build.ts';
import type { Cluster } from './cluster.ts';
import { type Outcome, run } from './process/run.ts';

/** Runs helm as the cluster's admin; resolves whatever its exit status is. */
export type Helm = (...args: readonly string[]) => Promise<Outcome>;

const LIMIT_MILLIS = 60_000;

/** What helm remembers goes away with the cluster. */
export async function helmFor(cluster: Cluster): Promise<Helm> {
  const tool = await ensureTools(['helm']);
  const env = { PATH: process.env['PATH'], HOME: cluster.folder, KUBECONFIG: cluster.kubeconfig };
  return (...args) => run(tool('helm'), args, { env, timeoutMillis: LIMIT_MILLIS });
}

/** As {@link Helm}, of which only success is expected. Resolves with what it wrote. @throws Error with what helm said. */
export async function succeed(outcome: Promise<Outcome>): Promise<string> {
  const { status, stdout, stderr } = await outcome;
  if (status !== 0) throw new Error(`helm ended with status ${status}: ${stderr}`);
  return stdout;
}
