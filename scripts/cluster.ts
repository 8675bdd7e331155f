/** `npm run cluster -- up|down|status|load|images|kubectl …`: a Kubernetes API on this machine, for a person. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { MOST_NODES } from '../test/support/cluster/nodes/addresses.ts';
import { down } from './cluster/down.ts';
import { images } from './cluster/images.ts';
import { kubectl } from './cluster/kubectl.ts';
import { load } from './cluster/load.ts';
import { StateFolder } from './cluster/state.ts';
import { status } from './cluster/status.ts';
import { Refusal, tell } from './cluster/tell.ts';
import { up } from './cluster/up.ts';

const EXAMPLES = `
Examples:
  npm run cluster -- up
  npm run cluster -- up --nodes 2
  npm run cluster -- kubectl apply --server-side -f crds/
  npm run cluster -- kubectl get flowcaptures -A -w
  npm run cluster -- down

The programs are built from their Go modules, once, which takes minutes; they are kept in WEIR_CACHE (default: ~/.cache/weir).
Exit status: 0 done, 1 a fault or nothing is up, 2 wrong usage, 3 this machine lacks something, 130 interrupted; kubectl: its own.`;

const folder = new StateFolder();
const program = new Command('npm run cluster --')
  .description(
    'A Kubernetes API server with its controllers on this machine, with nodes when asked for: on loopback, no container engine.',
  )
  .showHelpAfterError('(--help shows what there is)')
  .addHelpText('after', EXAMPLES)
  .exitOverride();

program
  .command('up')
  .description('Start it in the background (some 4 s, with nodes 8 s) and say where it is; does nothing when it is up.')
  .option(
    '--nodes <count>',
    'with so many real nodes, which run pods; needs root, and some 200 MB of memory each',
    countOf,
    0,
  )
  .addOption(
    new Option('--kind', 'make it with kind instead: with a node that runs pods; needs a Docker engine').conflicts(
      'nodes',
    ),
  )
  .action(({ kind, nodes }: { kind?: boolean; nodes: number }) =>
    up(folder, { provider: kind === true ? 'kind' : 'processes', nodes }),
  );
program
  .command('down')
  .description('Stop it and remove everything of it.')
  .action(() => down(folder));
program
  .command('status')
  .description('Say whether it is up and ready, and its nodes; exit status 1 when not.')
  .action(async () => {
    process.exitCode = await status(folder);
  });
program
  .command('load')
  .description('Give every node an image, from a file as `docker save` and `buildah push docker-archive:` write it.')
  .argument('<file>')
  .action((file: string) => load(folder, file));
program
  .command('images')
  .description(
    'Write the images that tests need on a cluster of your own, and say how to use them: see CONTRIBUTING.md.',
  )
  .argument('<folder>')
  .action((target: string) => images(target));
program
  .command('kubectl')
  .description('Run kubectl of the same version against it; every argument is passed on.')
  .argument('[arguments...]')
  .helpOption(false)
  .allowUnknownOption()
  .action(async () => {
    // As they were written: commander would take a `--` away.
    process.exitCode = await kubectl(folder, process.argv.slice(3));
  });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = statusOf(error);
}

function countOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0 && count <= MOST_NODES) return count;
  throw new InvalidArgumentError(`Write a number from 0 to ${MOST_NODES}.`);
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  tell(`cluster: ${error instanceof Error ? error.message : String(error)}`);
  return error instanceof Refusal ? error.status : 1;
}
