import { ensureTools } from '../../test/support/cluster/build/build.ts';
import { buildProgress } from '../../test/support/cluster/build/progress.ts';
import { CLUSTER_TOOLS, NODE_TOOLS } from '../../test/support/cluster/build/tools.ts';
import { whyNoNodes } from '../../test/support/cluster/nodes/requirements.ts';
import { whyNoCluster } from '../../test/support/cluster/requirements.ts';
import { down } from './down.ts';
import { requireDocker, startKind } from './kind.ts';
import { startProcesses } from './processes.ts';
import type { Provider, StateFolder, Wish } from './state.ts';
import { Refusal, tell } from './tell.ts';

const NODES: Readonly<Record<Provider, string>> = {
  processes: 'It has no nodes: pods are made and stay Pending, unless you write nodes and statuses yourself.',
  kind: 'Its node is a container: pods run.',
};

/** Does nothing but say so when a cluster like that is up already. */
export async function up(folder: StateFolder, wish: Wish): Promise<void> {
  const situation = folder.situation();
  if (situation.is === 'up') {
    const { state } = situation;
    tell(`a cluster is up already (${state.provider}, since ${state.since})`);
    if (state.provider !== wish.provider || state.nodes !== wish.nodes) {
      throw new Refusal(`it is not what you ask for (${describe(state)}): npm run cluster -- down`);
    }
    tellNextSteps(folder, wish);
    return;
  }
  if (situation.is === 'broken') {
    tell('the last cluster did not end in order: clearing up first');
    await down(folder);
  }
  await prepare(wish);
  if (!folder.claim(wish)) throw new Refusal('another `up` is under way; `status` shows how it is');
  await start(folder, wish);
}

function describe({ provider, nodes }: Wish): string {
  return provider === 'kind' ? 'it is of kind' : `${nodes === 0 ? 'no' : nodes} nodes`;
}

/** What may take minutes, and leaves nothing that would have to be removed. */
async function prepare({ provider, nodes }: Wish): Promise<void> {
  const missing = nodes > 0 ? whyNoNodes() : whyNoCluster();
  if (missing !== undefined) throw new Refusal(missing, 3);
  if (provider === 'kind') requireDocker();
  const tools = nodes > 0 ? [...CLUSTER_TOOLS, ...NODE_TOOLS] : CLUSTER_TOOLS;
  await ensureTools(provider === 'kind' ? ['kind', 'kubectl'] : tools, buildProgress(process.stderr));
}

async function start(folder: StateFolder, wish: Wish): Promise<void> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupt);
  const begin = performance.now();
  try {
    const server = await run(folder, wish, interruption.signal);
    tell(`up in ${((performance.now() - begin) / 1_000).toFixed(1)} s: ${server}`);
    tellNextSteps(folder, wish);
  } catch (error) {
    folder.remove();
    throw error;
  }
}

function run(folder: StateFolder, { provider, nodes }: Wish, interrupted: AbortSignal): Promise<string> {
  return provider === 'kind' ? startKind(folder, interrupted) : startProcesses(folder, nodes, interrupted);
}

function tellNextSteps(folder: StateFolder, { provider, nodes }: Wish): void {
  const images = 'Its nodes run pods of images that they have: imagePullPolicy Never; `load FILE.tar` brings one.';
  tell(`kubeconfig: ${folder.kubeconfig}
${nodes > 0 ? images : NODES[provider]}

next:
  npm run cluster -- kubectl apply --server-side -f crds/
  npm run cluster -- kubectl apply -f config/samples/
  export KUBECONFIG=${folder.kubeconfig}      for your own kubectl
  npm run cluster -- down`);
}
