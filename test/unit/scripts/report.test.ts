import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Outcome, outcomeOf } from '../../../scripts/test/report.ts';

describe('what npm test tells again at its end', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-report-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('is each failed test with its file and the beginning of its message', () => {
    const outcome = run(
      "test('adds', () => expect(1 + 1).toBe(3)); test('passes', () => {}); test.skip('later', () => {});",
    );
    expect(outcome).toMatchObject({ passed: 1, failed: 1, skipped: 1 });
    expect(outcome.failures).toHaveLength(1);
    expect(outcome.failures[0]).toMatch(/^level: .*of\.test\.js > adds\n {4}AssertionError: expected 2 to be 3/);
  });

  test('is a file that failed as a whole', () => {
    const outcome = run("throw new Error('no such room');");
    expect(outcome).toMatchObject({ passed: 0, failed: 1, skipped: 0 });
    expect(outcome.failures[0]).toMatch(/^level: .*of\.test\.js\n {4}.*no such room/);
  });

  test('is a file of which a hook failed: of that vitest reports no message', () => {
    const outcome = run(
      "describe('d', () => { beforeAll(() => { throw new Error('no lab'); }); test('t', () => {}); });",
    );
    expect(outcome).toMatchObject({ passed: 0, failed: 1 });
    expect(outcome.failures[0]).toMatch(/^level: .*of\.test\.js\n {4}a hook of it failed, see above$/);
  });

  test('is that something failed outside of all tests', () => {
    const outcome = run(
      "test('passes', () => { setTimeout(() => { throw new Error('late'); }); return new Promise((r) => setTimeout(r, 50)); });",
    );
    expect(outcome).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
      failures: ['level: an error outside of all tests, see above'],
    });
  });

  test('is nothing when all passed', () => {
    expect(run("test('passes', () => {});")).toEqual({ passed: 1, failed: 0, skipped: 0, failures: [] });
  });

  function run(text: string): Outcome {
    writeFileSync(join(folder, 'of.test.js'), text);
    const report = join(folder, 'report.json');
    const { status } = spawnSync('vitest', [
      'run',
      '--root',
      folder,
      '--globals',
      '--reporter=json',
      `--outputFile=${report}`,
    ]);
    return outcomeOf('level', JSON.parse(readFileSync(report, 'utf8')), status);
  }
});
