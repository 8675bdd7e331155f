import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StateFolder } from './state.ts';
import { Refusal, tell } from './tell.ts';

const KEEPER = fileURLToPath(new URL('keeper.ts', import.meta.url));

/** Starts a control plane, with so many nodes, that lives on after this process; resolves with its server's address. */
export async function startProcesses(folder: StateFolder, nodes: number, interrupted: AbortSignal): Promise<string> {
  tell('starting etcd, the API server, the controllers and the scheduler, on loopback only');
  if (nodes > 0) tell(`and nodes with containerd, kubelet and kube-proxy, in namespaces of their own: ${nodes}`);
  const keeper = startKeeper(folder, nodes);
  const exited = once(keeper, 'exit');
  // Before it was told that it is kept, the keeper ends with its connection to this process.
  const onInterrupt = () => void (keeper.connected && keeper.disconnect());
  interrupted.addEventListener('abort', onInterrupt, { once: true });
  const [said]: unknown[] = await Promise.race([once(keeper, 'message'), exited]);
  interrupted.removeEventListener('abort', onInterrupt);
  if (interrupted.aborted) {
    await exited;
    throw new Refusal('interrupted; nothing is left', 130);
  }
  if (!isReady(said)) throw new Refusal(`the control plane did not start:\n${readFileSync(folder.log, 'utf8').trim()}`);

  // Else it would end with this process.
  await new Promise((resolve) => void keeper.send('keep', resolve));
  keeper.disconnect();
  keeper.unref();
  return said.server;
}

/** In a session of its own, with all of its files in the state folder. */
function startKeeper(folder: StateFolder, nodes: number): ChildProcess {
  const { WEIR_TEST_KUBECONFIG: _, ...env } = process.env;
  const log = openSync(folder.log, 'a');
  try {
    return spawn(process.execPath, [KEEPER, folder.path, `${nodes}`], {
      cwd: '/',
      detached: true,
      env: { ...env, TMPDIR: folder.path },
      stdio: ['ignore', log, log, 'ipc'],
    });
  } finally {
    closeSync(log);
  }
}

function isReady(said: unknown): said is { readonly server: string } {
  return typeof said === 'object' && said !== null && 'server' in said;
}
