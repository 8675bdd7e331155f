import type { Check } from './checks.ts';

/** One line of the demo's story, on stdout. */
export function tell(text: string): void {
  process.stdout.write(`demo: ${text}\n`);
}

/** Text of more lines, such as what a command has written, set off from the story. */
export function tellBlock(text: string): void {
  process.stdout.write(`\n${indent(text.trim())}\n\n`);
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}

/** Says of each claim whether it holds; returns the exit status: 0 when all do, else 1. */
export function tellChecks(checks: readonly Check[]): number {
  for (const { claim, holds } of checks) tell(`${holds ? 'yes' : 'NO '}  ${claim}`);
  return checks.every(({ holds }) => holds) ? 0 : 1;
}
