/** `weir operator`: compiles captures and exports into one plan per node, and keeps every status true. */
import { HttpsTransport } from '../kube/https-transport.ts';
import { kubeconfigCredentials } from '../kube/kubeconfig-credentials.ts';
import { monotonicMillis, systemTimers } from '../lib/timers.ts';
import { WeirOperator } from '../operator/operator.ts';
import { makeLog } from '../telemetry/log.ts';
import type { LogLevel } from '../telemetry/log-level.ts';
import { serveProfiling } from '../telemetry/profiling.ts';
import { serveTelemetry } from '../telemetry/server.ts';
import type { Context } from './context.ts';

export interface OperatorCommandOptions {
  /** Undefined: as kubectl finds it, or the pod's own. */
  readonly kubeconfig: string | undefined;
  readonly namespace: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Of loopback; undefined: no profiles are served. */
  readonly profilePort: number | undefined;
  readonly logLevel: LogLevel;
  readonly version: string;
}

/** Writes that are under way may end; a pod has 30 s by default. */
const STOP_MILLIS = 10_000;

/** Runs until it is interrupted. Returns the exit status; throws WeirError before it starts. */
export async function runOperator(options: OperatorCommandOptions, context: Context): Promise<number> {
  const { namespace, listen, profilePort, logLevel, version } = options;
  const credentials = await kubeconfigCredentials(options.kubeconfig);
  const log = makeLog(context.stderr, logLevel, 'operator', version);
  const transport = new HttpsTransport(credentials, `weir-operator/${version}`);
  const operator = new WeirOperator({
    transport,
    namespace,
    log,
    timers: systemTimers,
    now: Date.now,
    monotonic: monotonicMillis,
    random: Math.random,
  });
  await using profiling = profilePort === undefined ? undefined : await serveProfiling(profilePort);
  const notReady = () => operator.notReady();
  const telemetry = await serveTelemetry({ ...listen, registry: operator.metrics.registry, notReady });
  log.info({ address: telemetry.address, namespace, server: credentials.server.href }, 'started');
  if (profiling !== undefined) log.info({ address: profiling.address }, 'profiles are served');
  await Promise.race([operator.start(), context.interrupted]);
  await context.interrupted;
  log.info('stopping');
  operator.stop();
  // A request that nobody answers must not keep the program until it is killed.
  const giveUp = systemTimers.after(STOP_MILLIS, () => transport.close());
  await operator.stopped;
  giveUp();
  await telemetry.close();
  transport.close();
  return 0;
}
