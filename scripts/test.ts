/**
 * Runs every check in the order of its cost, tells again what failed and ends with one line of counts. Each static check counts
 * as one test.
 * Usage: node scripts/test.ts [level …]   levels: static, unit, contract, kernel, cluster, e2e (all when none is given)
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import buildClusterTools from '../test/support/cluster/global-setup.ts';
import buildNodeTools from '../test/support/cluster/nodes/global-setup.ts';
import buildImage from '../test/support/image/global-setup.ts';
import { type Outcome, outcomeOf } from './test/report.ts';

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
const outcomes: Outcome[] = [];

if (selected('static')) for (const [command, ...rest] of STATIC_CHECKS) outcomes.push(staticCheck(command, rest));
for (const level of LEVELS) if (selected(level)) outcomes.push(await levelTests(level));

const passed = sum((outcome) => outcome.passed);
const failed = sum((outcome) => outcome.failed);
const skipped = sum((outcome) => outcome.skipped);
const failures = outcomes.flatMap((outcome) => outcome.failures);
const skippedInCi = process.env['CI'] === 'true' && skipped > 0;
if (failures.length > 0) process.stdout.write(`\n── what failed\n${failures.join('\n')}\n\n`);
if (skippedInCi) process.stdout.write('a test was skipped: under CI=true every test must run\n');
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = failed > 0 || skippedInCi ? 1 : 0;

function selected(level: string): boolean {
  return wanted.length === 0 || wanted.includes(level);
}

function sum(count: (outcome: Outcome) => number): number {
  return outcomes.reduce((total, outcome) => total + count(outcome), 0);
}

function staticCheck(command: string, rest: readonly string[]): Outcome {
  process.stdout.write(`\n── ${command}\n`);
  const { status } = spawnSync(command, rest, { stdio: 'inherit' });
  return status === 0 ? { passed: 1, failed: 0, skipped: 0, failures: [] } : oneFailed(`static: ${command}, see above`);
}

/** What takes minutes when nothing is cached is built where a person sees how it goes on, before vitest begins. */
async function levelTests(level: string): Promise<Outcome> {
  try {
    await BUILDS[level]?.();
  } catch (error) {
    process.stdout.write(`\n── ${level}\n${String(error)}\n`);
    return oneFailed(`${level}: ${String(error)}`);
  }
  return vitest(level);
}

/** A run that ends without a report (a crash, a broken config) is a failure, whatever it counted. */
function vitest(project: string): Outcome {
  process.stdout.write(`\n── ${project}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'weir-test-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${report}`];
  const { status } = spawnSync('vitest', ['run', '--project', project, ...reporters], { stdio: 'inherit' });
  try {
    return outcomeOf(project, JSON.parse(readFileSync(report, 'utf8')), status);
  } catch (error) {
    return oneFailed(`${project}: no report from vitest: ${String(error)}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function oneFailed(failure: string): Outcome {
  return { passed: 0, failed: 1, skipped: 0, failures: [failure] };
}
