/**
 * Runs the random tests of the cluster level for many rounds: `npm run soak [-- rounds]`, 50 without a number. The seed is in
 * the tests' names; WEIR_SEED=… repeats a run. With them what the kernel level does with fewer connections in every run.
 */
import { spawnSync } from 'node:child_process';
import buildClusterTools from '../test/support/cluster/global-setup.ts';

const DEFAULT_ROUNDS = 50;
const FILES = ['test/cluster/chaos.test.ts', 'test/cluster/kube-reflector.test.ts', 'test/kernel/wanted.test.ts'];

const [argument] = process.argv.slice(2);
const rounds = argument === undefined ? DEFAULT_ROUNDS : Number(argument);
if (!Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write('write a number of rounds, such as: npm run soak -- 100\n');
  process.exitCode = 2;
} else {
  await buildClusterTools();
  const env = { ...process.env, WEIR_SOAK_ROUNDS: String(rounds) };
  const { status } = spawnSync('vitest', ['run', '--project', 'cluster', '--project', 'kernel', ...FILES], {
    stdio: 'inherit',
    env,
  });
  process.exitCode = status ?? 1;
}
