import { Api } from '../../test/support/cluster/api.ts';
import type { StateFolder } from './state.ts';
import { tell } from './tell.ts';

const NOT_UP = {
  down: 'nothing is up: npm run cluster -- up',
  starting: 'another `up` is under way',
  broken: 'not up; the last cluster did not end in order: `down` removes what is left of it, and so does `up`',
};

/** Returns the exit status: 0 when a cluster is up and its API server ready. */
export async function status(folder: StateFolder): Promise<number> {
  const situation = folder.situation();
  if (situation.is !== 'up') {
    tell(NOT_UP[situation.is]);
    return 1;
  }
  const { provider, since } = situation.state;
  const api = new Api(folder.kubeconfig);
  const trouble = await troubleOf(api);
  tell(`up (${provider}, since ${since}); ${trouble ?? 'the API server is ready'}`);
  if (trouble === undefined) tell(await nodesOf(api));
  tell(`kubeconfig: ${folder.kubeconfig}`);
  return trouble === undefined ? 0 : 1;
}

async function troubleOf(api: Api): Promise<string | undefined> {
  try {
    await api.ready();
    return undefined;
  } catch (error) {
    return `but the API server is not ready: ${error instanceof Error ? error.message : String(error)}`;
  }
}

interface NodeObject {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Those that a person has written as plain objects are among them. */
async function nodesOf(api: Api): Promise<string> {
  const nodes = await api.list<NodeObject>('/api/v1/nodes');
  const words = nodes.map(({ metadata, status: { conditions = [] } = {} }) => {
    const ready = conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True');
    return `${metadata.name} ${ready ? 'ready' : 'not ready'}`;
  });
  return `nodes: ${words.length === 0 ? 'none' : words.join(', ')}`;
}
