/** The command line: names, options and help texts. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { LOG_LEVELS, type LogLevel } from '../telemetry/log-level.ts';
import { capture } from './capture.ts';
import type { CheckOutput } from './check.ts';
import type { Context } from './context.ts';
import { parseDuration } from './duration.ts';
import { type ListenAddress, parseListenAddress, parsePort } from './listen-address.ts';
import { OUTPUTS, type Output } from './sinks.ts';

const LISTEN = '127.0.0.1:8080';
const MEBIBYTE = 2 ** 20;
const MAX_RING_MEBIBYTES = 1024;

interface CaptureFlags {
  readonly filename: string[];
  readonly inventory?: string;
  readonly output?: Output;
  readonly duration?: number;
  readonly ringMebibytes?: number;
}

interface AgentFlags {
  readonly node: string;
  readonly kubeconfig?: string;
  readonly flowIdKey?: string;
  readonly bpffs?: string;
  readonly listen: ListenAddress;
  readonly profilePort?: number;
  readonly logLevel: LogLevel;
}

interface OperatorFlags {
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly listen: ListenAddress;
  readonly profilePort?: number;
  readonly logLevel: LogLevel;
}

const OPERATOR_NOTES = `
It needs the objects of crds/ and the rights of config/rbac in the cluster, and runs until SIGTERM or Ctrl-C. The log goes to
stderr, one JSON object a line. /metrics, /healthz and /readyz are served on the address of --listen.

Example:
  weir operator --kubeconfig ~/.kube/config --namespace weir-system`;

const AGENT_NOTES = `
It does what the FlowAgent of its node asks, which the operator writes, and needs root, or the capabilities BPF and PERFMON.
Records of stdout exports go to stdout, one JSON object a line; the log goes to stderr. /metrics, /healthz and /readyz are
served on the address of --listen. It runs until SIGTERM or Ctrl-C. What its FlowAgent still asks for goes on without it, kept in
the bpffs, and the next agent goes on with it; after ten minutes without one the programs do nothing more.

Example:
  weir agent --node worker-1 --kubeconfig ~/.kube/config`;

interface UninstallFlags {
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly timeout: number;
}

const UNINSTALL_TIMEOUT = '60s';
const UNINSTALL_NOTES = `
The operator's Deployment is scaled to zero, the plan of every node is emptied, Weir's finalizers are taken off, and it is waited
until the agents say that nothing of them is in the kernel any more. Captures, exports and their kinds stay. helm uninstall runs
this by itself; after kubectl apply -f config/rbac, run it by hand before anything is deleted.

Exit status: 0 at rest, 1 not in time or refused, 2 wrong input; it can be run again.`;

const CHECK_OUTPUTS: readonly CheckOutput[] = ['table', 'json'];
const CHECK_NOTES = `
It loads the TCP programs and takes them off again; nothing of it stays. In a cluster, on the node of an agent:
  kubectl -n weir-system exec POD -- weir check

Exit status: 0 TCP can be captured, degraded or not, 3 it cannot.`;

const CAPTURE_EXAMPLES = `
Examples:
  weir capture -f config/samples/machine.yaml                every TCP connection of this machine, until Ctrl-C
  weir capture -f capture.yaml -o wide --duration 30s        half a minute of it, with every column
  weir capture -f capture.yaml --inventory pods.yaml         only the pods that the capture selects by label
  weir capture -f capture.yaml -o json | jq .                one JSON object a line

The ledger comes at the end, on stderr. Exit status: 0 ended as asked, 1 a fault, 2 wrong input, 3 this machine cannot.`;

/** `done` is told the exit status of the command that ran. */
export function weirProgram(version: string, context: Context, done: (status: number) => void): Command {
  // A reader that is gone ends what is written to it; without a listener it would end the process.
  for (const stream of [context.stdout, context.stderr]) stream.on('error', () => undefined);
  const program = new Command('weir')
    .description('Network flows of the pods you select, captured with eBPF, named exactly, and accounted for.')
    .version(version, '-V, --version')
    .showHelpAfterError('(weir --help shows what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    });
  program
    .command('capture')
    .description('Capture flows of this machine under FlowCapture objects, without a cluster (needs root).')
    .requiredOption('-f, --filename <file...>', 'FlowCapture and FlowExport objects, YAML or JSON; - is stdin')
    .option('--inventory <file>', 'v1 Pod and Namespace objects of this machine: selects by label, names both ends')
    .addOption(
      new Option('-o, --output <format>', 'how stdout exports print: table on a terminal, else json').choices(OUTPUTS),
    )
    .option('--duration <time>', 'end by itself after this time, such as 30s, 5m, 1h30m', parseDuration)
    .option('--ring-mebibytes <n>', 'size of the kernel ring buffer, a power of two (default: 8)', parseRing)
    .addHelpText('after', CAPTURE_EXAMPLES)
    .showHelpAfterError('(weir capture --help shows what there is)')
    .action(async (flags: CaptureFlags) => {
      const options = {
        files: flags.filename,
        inventory: flags.inventory,
        output: flags.output,
        durationMillis: flags.duration,
        ringBytes: flags.ringMebibytes === undefined ? undefined : flags.ringMebibytes * MEBIBYTE,
      };
      done(await capture(options, context));
    });
  program
    .command('operator')
    .description('Run the operator: captures and exports of a cluster to one plan per node, and their status back.')
    .option('--kubeconfig <file>', "how to reach the cluster (default: as kubectl does, or the pod's service account)")
    .option('--namespace <name>', "the operator's own, where captures may look into others", 'weir-system')
    .addOption(
      new Option('--listen <address>', 'where metrics and health are served; port 0 takes a free one')
        .default(parseListenAddress(LISTEN), LISTEN)
        .argParser(parseListenAddress),
    )
    .option('--profile-port <port>', 'serve profiles of the program on this port of 127.0.0.1 (default: no)', parsePort)
    .addOption(new Option('--log-level <level>', 'what is logged at least').choices(LOG_LEVELS).default('info'))
    .addHelpText('after', OPERATOR_NOTES)
    .showHelpAfterError('(weir operator --help shows what there is)')
    .action(async (flags: OperatorFlags) => {
      // Loaded when it is used: the libraries of a cluster cost time and memory that `weir capture` need not pay.
      const { runOperator } = await import('./operator.ts');
      done(
        await runOperator({ ...flags, kubeconfig: flags.kubeconfig, profilePort: flags.profilePort, version }, context),
      );
    });
  program
    .command('agent')
    .description(
      'Run the agent of one node of a cluster: capture what its FlowAgent asks for, and report (needs root).',
    )
    .requiredOption('--node <name>', 'the Node that this agent is on')
    .option('--kubeconfig <file>', "how to reach the cluster (default: the pod's service account)")
    .option('--flow-id-key <file>', 'key of flow.id, 32 hex digits, the same on every node (default: a random one)')
    .option(
      '--bpffs <folder>',
      'a bpffs, in which the capture is kept while no agent runs (default: the first that is mounted)',
    )
    .addOption(
      new Option('--listen <address>', 'where metrics and health are served; port 0 takes a free one')
        .default(parseListenAddress(LISTEN), LISTEN)
        .argParser(parseListenAddress),
    )
    .option('--profile-port <port>', 'serve profiles of the program on this port of 127.0.0.1 (default: no)', parsePort)
    .addOption(new Option('--log-level <level>', 'what is logged at least').choices(LOG_LEVELS).default('info'))
    .addHelpText('after', AGENT_NOTES)
    .showHelpAfterError('(weir agent --help shows what there is)')
    .action(async (flags: AgentFlags) => {
      const { runAgent } = await import('./agent.ts');
      const { kubeconfig, flowIdKey, bpffs, profilePort } = flags;
      done(await runAgent({ ...flags, kubeconfig, flowIdKey, bpffs, profilePort, version }, context));
    });
  program
    .command('check')
    .description('Examine this machine: what capturing needs, whether it is there, and the remedy.')
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices(CHECK_OUTPUTS).default('table'))
    .addHelpText('after', CHECK_NOTES)
    .showHelpAfterError('(weir check --help shows what there is)')
    .action(async ({ output }: { readonly output: CheckOutput }) => {
      const { runCheck } = await import('./check.ts');
      done(runCheck({ output, version }, context));
    });
  program
    .command('uninstall')
    .description('Bring Weir in a cluster to rest before it is removed: no operator, empty plans, no kernel programs.')
    .option('--kubeconfig <file>', "how to reach the cluster (default: as kubectl does, or the pod's service account)")
    .option('--namespace <name>', "the operator's own", 'weir-system')
    .addOption(
      new Option('--timeout <time>', 'how long to wait in all, such as 30s, 5m')
        .default(parseDuration(UNINSTALL_TIMEOUT), UNINSTALL_TIMEOUT)
        .argParser(parseDuration),
    )
    .addHelpText('after', UNINSTALL_NOTES)
    .showHelpAfterError('(weir uninstall --help shows what there is)')
    .action(async ({ kubeconfig, namespace, timeout }: UninstallFlags) => {
      const { runUninstall } = await import('./uninstall.ts');
      done(await runUninstall({ kubeconfig, namespace, timeoutMillis: timeout, version }, context));
    });
  return program;
}

function parseRing(text: string): number {
  const size = Number(text);
  const isPowerOfTwo = Number.isInteger(size) && size > 0 && (size & (size - 1)) === 0;
  if (!isPowerOfTwo || size > MAX_RING_MEBIBYTES) {
    throw new InvalidArgumentError(`write a power of two from 1 to ${MAX_RING_MEBIBYTES}.`);
  }
  return size;
}
