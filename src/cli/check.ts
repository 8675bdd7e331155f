/** `weir check`: what capturing needs, and whether it is here. */
import { check } from '../agent/check/check.ts';
import { canCaptureTcp, type Finding } from '../agent/check/finding.ts';
import { gatherFacts } from '../agent/check/gather.ts';
import { tryPrograms } from '../agent/check/programs.ts';
import { checkText } from './check-text.ts';
import type { Context } from './context.ts';

export type CheckOutput = 'table' | 'json';

export interface CheckCommandOptions {
  readonly output: CheckOutput;
  readonly version: string;
}

/** What `-o json` prints. */
export interface CheckReport {
  /** Of Weir. */
  readonly version: string;
  readonly kernel: string;
  readonly canCaptureTcp: boolean;
  readonly checks: readonly Finding[];
}

const UNABLE_STATUS = 3;

/** Returns the exit status. */
export function runCheck({ output, version }: CheckCommandOptions, { stdout }: Context): number {
  const facts = gatherFacts();
  const checks = check(facts, tryPrograms);
  const report: CheckReport = {
    version,
    kernel: facts.kernel.release,
    canCaptureTcp: canCaptureTcp(checks),
    checks,
  };
  stdout.write(output === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : checkText(checks));
  return report.canCaptureTcp ? 0 : UNABLE_STATUS;
}
