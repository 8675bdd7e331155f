import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { ensureTools } from '../../test/support/cluster/build/build.ts';
import { buildProgress } from '../../test/support/cluster/build/progress.ts';
import { readKubeconfig } from '../../test/support/cluster/kubeconfig.ts';
import type { StateFolder } from './state.ts';
import { Refusal, tell } from './tell.ts';

const NAME = 'weir-dev';
const DOCKER_LIMIT_MILLIS = 10_000;

/** kind's nodes are containers: without an engine there is nothing to build or to claim. */
export function requireDocker(): void {
  const options = { timeout: DOCKER_LIMIT_MILLIS, encoding: 'utf8' } as const;
  const { status, error, stderr } = spawnSync('docker', ['info', '--format', '{{.ServerVersion}}'], options);
  if (status === 0) return;
  const why = error === undefined ? stderr.trim() : error.message;
  const remedy = 'install and start Docker, or leave --kind out: the control plane alone needs no engine';
  throw new Refusal(`kind needs a Docker engine, and none answers (${why}): ${remedy}`, 3);
}

/** Makes a cluster with nodes; resolves with its server's address. Whatever goes wrong, nothing is left. */
export async function startKind(folder: StateFolder, interrupted: AbortSignal): Promise<string> {
  const kind = await kindPath();
  const { stdout } = spawnSync(kind, ['get', 'clusters'], { encoding: 'utf8' });
  if (stdout.split('\n').includes(NAME)) {
    throw new Refusal(`a kind cluster ${NAME} is there already: kind delete cluster --name ${NAME}`);
  }
  tell('kind makes a cluster: about a minute when its node image is there');
  const status = await runKind(kind, folder, ['create', 'cluster', '--name', NAME, '--wait', '120s'], interrupted);
  if (status === 0 && !interrupted.aborted) {
    folder.markReady({ provider: 'kind', nodes: 0 }, []);
    return readKubeconfig(folder.kubeconfig).server;
  }
  await stopKind(folder);
  if (interrupted.aborted) throw new Refusal('interrupted; nothing is left', 130);
  throw new Refusal(`kind ended with status ${status}`);
}

export async function stopKind(folder: StateFolder): Promise<void> {
  const status = await runKind(await kindPath(), folder, ['delete', 'cluster', '--name', NAME]);
  if (status !== 0) throw new Refusal(`kind could not delete its cluster ${NAME} (status ${status})`);
}

async function kindPath(): Promise<string> {
  return (await ensureTools(['kind'], buildProgress(process.stderr)))('kind');
}

/** Without its own kubeconfig, kind would write into the person's. */
async function runKind(
  kind: string,
  folder: StateFolder,
  args: readonly string[],
  interrupted?: AbortSignal,
): Promise<number> {
  const env = { ...process.env, KUBECONFIG: folder.kubeconfig };
  const child = spawn(kind, args, { stdio: ['ignore', 'inherit', 'inherit'], env });
  interrupted?.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
  const [status]: unknown[] = await once(child, 'exit');
  return typeof status === 'number' ? status : 1;
}
