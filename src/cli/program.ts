/** The command line: names, options and help texts. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { capture } from './capture.ts';
import type { Context } from './context.ts';
import { parseDuration } from './duration.ts';
import { OUTPUTS, type Output } from './sinks.ts';

const MEBIBYTE = 2 ** 20;
const MAX_RING_MEBIBYTES = 1024;

interface CaptureFlags {
  readonly filename: string[];
  readonly inventory?: string;
  readonly output?: Output;
  readonly duration?: number;
  readonly ringMebibytes?: number;
}

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
