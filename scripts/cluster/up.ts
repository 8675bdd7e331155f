import { ensureTools } from '../../test/support/cluster/build/build.ts';
import { buildProgress } from '../../test/support/cluster/build/progress.ts';
import { CLUSTER_TOOLS } from '../../test/support/cluster/build/tools.ts';
import { whyNoCluster } from '../../test/support/cluster/requirements.ts';
import { down } from './down.ts';
import { requireDocker, startKind } from './kind.ts';
import { startProcesses } from './processes.ts';
import type { Provider, StateFolder } from './state.ts';
import { Refusal, tell } from './tell.ts';

const NODES: Readonly<Record<Provider, string>> = {
  processes: 'It has no nodes: pods are made and stay Pending, unless you write nodes and statuses yourself.',
  kind: 'Its node is a container: pods run.',
};

/** Does nothing but say so when a cluster is up already. */
export async function up(folder: StateFolder, provider: Provider): Promise<void> {
  const situation = folder.situation();
  if (situation.is === 'up') {
    tell(`a cluster is up already (${situation.state.provider}, since ${situation.state.since})`);
    tellNextSteps(folder, situation.state.provider);
    return;
  }
  if (situation.is === 'broken') {
    tell('the last cluster did not end in order: clearing up first');
    await down(folder);
  }
  await prepare(provider);
  if (!folder.claim(provider)) throw new Refusal('another `up` is under way; `status` shows how it is');
  await start(folder, provider);
}

/** What may take minutes, and leaves nothing that would have to be removed. */
async function prepare(provider: Provider): Promise<void> {
  const missing = whyNoCluster();
  if (missing !== undefined) throw new Refusal(missing, 3);
  if (provider === 'kind') requireDocker();
  await ensureTools(provider === 'kind' ? ['kind', 'kubectl'] : CLUSTER_TOOLS, buildProgress(process.stderr));
}

async function start(folder: StateFolder, provider: Provider): Promise<void> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupt);
  const begin = performance.now();
  try {
    const server = await STARTERS[provider](folder, interruption.signal);
    tell(`up in ${((performance.now() - begin) / 1_000).toFixed(1)} s: ${server}`);
    tellNextSteps(folder, provider);
  } catch (error) {
    folder.remove();
    throw error;
  }
}

const STARTERS = { processes: startProcesses, kind: startKind };

function tellNextSteps(folder: StateFolder, provider: Provider): void {
  tell(`kubeconfig: ${folder.kubeconfig}
${NODES[provider]}

next:
  npm run cluster -- kubectl apply --server-side -f crds/
  npm run cluster -- kubectl apply -f config/samples/
  export KUBECONFIG=${folder.kubeconfig}      for your own kubectl
  npm run cluster -- down`);
}
