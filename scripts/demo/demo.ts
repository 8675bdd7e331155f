/** `npm run demo [-- --cluster]`: Weir at work on this machine, shown and checked. It leaves nothing behind. */
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { Refusal } from '../cluster/tell.ts';
import { clusterDemo } from './cluster/cluster-demo.ts';
import { wordsOf } from './interruption.ts';
import { machineDemo } from './machine.ts';
import { tell } from './tell.ts';

const DETAILS = `
Without an option: pods in network namespaces behind a router that translates addresses, captured by \`weir capture\`; seconds.

With --cluster: a cluster of two real nodes in namespaces of this machine, no container engine and no registry; the image, built
from this checkout; \`helm install\`; two FlowCaptures, one of them with a typing error; connections from a pod through a Service
to servers on both nodes; what kubectl and the records say of them. Half a minute; the first time some 10 minutes on two cores,
since the programs of Kubernetes are built from their Go modules (Go 1.26 or newer) and the image from its packages. Both are kept
in WEIR_CACHE (default: ~/.cache/weir), and what \`scripts/setup nodes\` installs stays, too.

Both check what they show, and need root. Ctrl-C ends them at any time and leaves nothing behind.
Exit status: 0 all holds, 1 something is off, 2 wrong usage, 3 this machine lacks something, 130 interrupted.`;

// The chart and the samples are named by their paths in the checkout.
process.chdir(fileURLToPath(new URL('../..', import.meta.url)));

const program = new Command('npm run demo --')
  .description('Shows Weir at work on this machine, checks what it shows, and leaves nothing behind.')
  .option('--cluster', 'on two real Kubernetes nodes, by the chart and the image')
  .showHelpAfterError('(--help shows what there is)')
  .addHelpText('after', DETAILS)
  .allowExcessArguments(false)
  .exitOverride();

process.exitCode = await main();
// What is still under way after a failure would wait for a cluster that is gone.
if (process.exitCode !== 0) process.exit();

async function main(): Promise<number> {
  try {
    const { cluster = false } = program.parse().opts<{ cluster?: boolean }>();
    return await (cluster ? clusterDemo() : machineDemo());
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof Refusal) {
      tell(error.message);
      return error.status;
    }
    tell(`failed: ${wordsOf(error)}`);
    return 1;
  }
}
