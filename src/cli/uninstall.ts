/** `weir uninstall`: brings Weir in a cluster to rest, before it is removed. */
import { OPERATOR_FIELD_MANAGER } from '../api/names.ts';
import { KubeClient } from '../kube/client.ts';
import { HttpsTransport } from '../kube/https-transport.ts';
import { kubeconfigCredentials } from '../kube/kubeconfig-credentials.ts';
import { monotonicMillis, systemTimers } from '../lib/timers.ts';
import { uninstall } from '../operator/uninstall/uninstall.ts';
import type { Context } from './context.ts';
import { say } from './say.ts';

export interface UninstallCommandOptions {
  /** Undefined: as kubectl finds it, or the pod's own. */
  readonly kubeconfig: string | undefined;
  readonly namespace: string;
  readonly timeoutMillis: number;
  readonly version: string;
}

/** As a shell has it: ended by the person. */
const INTERRUPTED_STATUS = 130;

/** Runs until everything is at rest. Returns the exit status. @throws WeirError when that does not come about in time. */
export async function runUninstall(options: UninstallCommandOptions, context: Context): Promise<number> {
  const { namespace, timeoutMillis, version } = options;
  const transport = new HttpsTransport(await kubeconfigCredentials(options.kubeconfig), `weir-uninstall/${version}`);
  const interruption = new AbortController();
  interruption.signal.addEventListener('abort', () => transport.close());
  void context.interrupted.then(() => interruption.abort());
  try {
    await uninstall({
      client: new KubeClient(transport, { fieldManager: OPERATOR_FIELD_MANAGER }),
      namespace,
      timeoutMillis,
      timers: systemTimers,
      monotonic: monotonicMillis,
      signal: interruption.signal,
      say: (words) => say(context, words),
    });
  } catch (error) {
    if (interruption.signal.aborted) return INTERRUPTED_STATUS;
    throw error;
  } finally {
    transport.close();
  }
  say(context, 'Weir is at rest: it can be removed');
  return 0;
}
