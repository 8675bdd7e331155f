import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { ensureTools } from '../../test/support/cluster/build/build.ts';
import { buildProgress } from '../../test/support/cluster/build/progress.ts';
import type { StateFolder } from './state.ts';
import { Refusal } from './tell.ts';

/** kubectl with these arguments, at this terminal, against the cluster that is up. Returns its exit status. */
export async function kubectl(folder: StateFolder, args: readonly string[]): Promise<number> {
  if (folder.situation().is !== 'up') throw new Refusal('no cluster is up: npm run cluster -- up');
  const tool = await ensureTools(['kubectl'], buildProgress(process.stderr));
  const env = { ...process.env, KUBECONFIG: folder.kubeconfig, KUBECACHEDIR: `${folder.path}/kubectl-cache` };
  // Ctrl-C is for kubectl, which then ends by itself.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => undefined);
  const child = spawn(tool('kubectl'), args, { stdio: 'inherit', env });
  const [code, signal]: unknown[] = await once(child, 'exit');
  return typeof code === 'number' ? code : shellStatus(signal);
}

/** As a shell has it for a process that a signal ended. */
function shellStatus(signal: unknown): number {
  const numbers: Partial<Record<string, number>> = constants.signals;
  return 128 + (numbers[String(signal)] ?? 0);
}
