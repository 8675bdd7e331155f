/**
 * Runs every check in the order of its cost and ends with one line of counts. Each static check counts as one test.
 * Usage: node scripts/test.ts [level …]   levels: static, unit, contract, kernel, cluster, e2e (all when none is given)
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import buildClusterTools from '../test/support/cluster/global-setup.ts';
import buildNodeTools from '../test/support/cluster/nodes/global-setup.ts';
import buildImage from '../test/support/image/global-setup.ts';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const STATIC_CHECKS: readonly (readonly [string, ...string[]])[] = [
  ['biome', 'check', '.'],
  ['oxlint', '--type-aware', '--deny-warnings'],
  ['tsc', '-p', '.'],
  ['knip', '--no-progress'],
];
const LEVELS = ['unit', 'contract', 'kernel', 'cluster', 'e2e'] as const;
/** What must be built before a level, by vitest project. */
const BUILDS: Readonly<Partial<Record<string, () => Promise<void>>>> = {
  cluster: buildClusterTools,
  e2e: async () => {
    await buildNodeTools();
    await buildImage();
  },
};

const wanted = process.argv.slice(2);
const total: Counts = { passed: 0, failed: 0, skipped: 0 };

if (selected('static')) for (const [command, ...rest] of STATIC_CHECKS) add(staticCheck(command, rest));
for (const level of LEVELS) if (selected(level)) add(await levelTests(level));

const skippedInCi = process.env['CI'] === 'true' && total.skipped > 0;
if (skippedInCi) process.stdout.write('a test was skipped: under CI=true every test must run\n');
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = total.failed > 0 || skippedInCi ? 1 : 0;

function selected(level: string): boolean {
  return wanted.length === 0 || wanted.includes(level);
}

function add(counts: Counts): void {
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}

function staticCheck(command: string, rest: readonly string[]): Counts {
  process.stdout.write(`\n── ${command}\n`);
  const { status } = spawnSync(command, rest, { stdio: 'inherit' });
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

/** What takes minutes when nothing is cached is built where a person sees how it goes on, before vitest begins. */
async function levelTests(level: string): Promise<Counts> {
  try {
    await BUILDS[level]?.();
  } catch (error) {
    process.stdout.write(`\n── ${level}\n${String(error)}\n`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  return vitest(level);
}

/** A run that ends without a report (a crash, a broken config) is a failure, whatever it counted. */
function vitest(project: string): Counts {
  process.stdout.write(`\n── ${project}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'weir-test-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${report}`];
  const { status } = spawnSync('vitest', ['run', '--project', project, ...reporters], { stdio: 'inherit' });
  try {
    const counts: Partial<Record<string, number>> = JSON.parse(readFileSync(report, 'utf8'));
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = counts;
    const failed = numFailedTests ?? 0;
    return {
      passed: numPassedTests ?? 0,
      failed: failed === 0 && status !== 0 ? 1 : failed,
      skipped: (numPendingTests ?? 0) + (numTodoTests ?? 0),
    };
  } catch (error) {
    process.stdout.write(`no report from vitest: ${String(error)}\n`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
