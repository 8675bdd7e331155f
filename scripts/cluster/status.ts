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
  const trouble = await troubleOf(folder);
  tell(`up (${provider}, since ${since}); ${trouble ?? 'the API server is ready'}`);
  tell(`kubeconfig: ${folder.kubeconfig}`);
  return trouble === undefined ? 0 : 1;
}

async function troubleOf(folder: StateFolder): Promise<string | undefined> {
  try {
    await new Api(folder.kubeconfig).ready();
    return undefined;
  } catch (error) {
    return `but the API server is not ready: ${error instanceof Error ? error.message : String(error)}`;
  }
}
