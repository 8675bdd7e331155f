/** `weir agent`: does on this node what its FlowAgent asks, and reports what became of it. */
import { readFile } from 'node:fs/promises';
import { NodeAgent } from '../agent/cluster/node-agent.ts';
import { parseFlowIdKey } from '../agent/flow-id-key.ts';
import { Libbpf } from '../agent/load/libbpf.ts';
import { findBpffs, findCgroups, kernelFacts } from '../agent/load/machine.ts';
import { isBpffs, Pins } from '../agent/load/pins.ts';
import { ContainerUsage, OWN_CGROUP } from '../agent/overload/container-usage.ts';
import { HttpsTransport } from '../kube/https-transport.ts';
import { serviceAccountCredentials } from '../kube/service-account-credentials.ts';
import type { Credentials } from '../kube/transport.ts';
import { WeirError } from '../lib/errors.ts';
import { monotonicMillis, systemTimers } from '../lib/timers.ts';
import { makeLog } from '../telemetry/log.ts';
import type { LogLevel } from '../telemetry/log-level.ts';
import { serveProfiling } from '../telemetry/profiling.ts';
import { serveTelemetry } from '../telemetry/server.ts';
import type { Context } from './context.ts';
import type { ListenAddress } from './listen-address.ts';
import { openSink } from './sinks.ts';

export interface AgentCommandOptions {
  readonly node: string;
  /** Undefined: the pod's own service account. */
  readonly kubeconfig: string | undefined;
  /** File with the key of flow.id; undefined: a random one, and no end of a connection is joined with another node's. */
  readonly flowIdKey: string | undefined;
  /** A bpffs, in which the capture is kept while no agent runs; undefined: where one is mounted. */
  readonly bpffs: string | undefined;
  readonly listen: ListenAddress;
  /** Of loopback; undefined: no profiles are served. */
  readonly profilePort: number | undefined;
  readonly logLevel: LogLevel;
  readonly version: string;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The sinks have their time, and the last report; a pod has 30 s by default. */
const STOP_MILLIS = 15_000;

const NO_BPFFS =
  'no bpffs is mounted there: the capture ends with this process, and a restart will miss connections; mount one on the ' +
  'node (mount -t bpf bpf /sys/fs/bpf), and into the pod';

/** Runs until it is interrupted. Returns the exit status; throws WeirError before it starts. */
export async function runAgent(options: AgentCommandOptions, context: Context): Promise<number> {
  const { node, bpffs = findBpffs(), listen, profilePort, logLevel, version, flowIdKey } = options;
  const credentials = await credentialsOf(options, context);
  const limits = flowIdKey === undefined ? {} : parseFlowIdKey(await readKey(flowIdKey));
  const log = makeLog(context.stderr, logLevel, 'agent', version);
  const pins = isBpffs(bpffs) ? new Pins(() => Libbpf.load(), bpffs, node) : undefined;
  if (pins === undefined) log.warn({ bpffs }, NO_BPFFS);
  const transport = new HttpsTransport(credentials, `weir-agent/${version}`);
  const ended = Promise.withResolvers<void>();
  const failures: unknown[] = [];
  const usage = new ContainerUsage(OWN_CGROUP, cpuMicros, monotonicMillis);
  const agent = new NodeAgent({
    transport,
    node,
    version,
    kernel: kernelFacts(),
    cgroups: findCgroups(),
    openSink: ({ name, spec }) =>
      openSink(name, spec, 'json', context, (error) =>
        log.warn({ export: name, error: error.message }, 'renamed files are not as they should be'),
      ),
    limits,
    pins,
    usage: () => usage.look(),
    log,
    timers: systemTimers,
    now: Date.now,
    monotonic: monotonicMillis,
    random: Math.random,
    failed(error) {
      failures.push(error);
      ended.resolve();
    },
  });
  await using profiling = profilePort === undefined ? undefined : await serveProfiling(profilePort);
  const telemetry = await serveTelemetry({
    ...listen,
    registry: agent.metrics.registry,
    notReady: () => agent.notReady(),
  });
  log.info({ address: telemetry.address, node, server: credentials.server.href }, 'started');
  if (profiling !== undefined) log.info({ address: profiling.address }, 'profiles are served');
  const end = Promise.race([context.interrupted, ended.promise]);
  await Promise.race([agent.start(), end]);
  await end;
  for (const error of failures) log.error({ error: String(error) }, 'the agent cannot go on');
  log.info('stopping');
  // A request that nobody answers must not keep the program until it is killed.
  const giveUp = systemTimers.after(STOP_MILLIS, () => transport.close());
  await agent.stop();
  giveUp();
  await telemetry.close();
  transport.close();
  return failures.length > 0 ? 1 : 0;
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function credentialsOf({ kubeconfig }: AgentCommandOptions, { apiServer }: Context): Promise<Credentials> {
  if (kubeconfig !== undefined) {
    // Loaded when it is asked for: a pod must not pay for the library.
    const { kubeconfigCredentials } = await import('../kube/kubeconfig-credentials.ts');
    return kubeconfigCredentials(kubeconfig);
  }
  if (apiServer !== undefined) return serviceAccountCredentials(SERVICE_ACCOUNT, apiServer, monotonicMillis);
  throw new WeirError('InvalidInput', 'this is no pod of a cluster: say how to reach one with --kubeconfig FILE');
}

async function readKey(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WeirError('InvalidInput', `cannot read the key of flow.id: ${why}`, { cause });
  }
}
