import type { WeirError } from '../../lib/errors.ts';

/** Why programs that the plan asks for do not run. */
export type ProgramFailure = WeirError;

const MAX_MESSAGE = 1024;

/** Unsupported where this kernel never will, Failed where something can be mended. */
export function failedState(failure: ProgramFailure) {
  const state = failure.code === 'Unsupported' ? ('Unsupported' as const) : ('Failed' as const);
  return { state, reason: failure.code, message: failureMessage(failure) };
}

/** What the kernel was asked for, and the verifier's last line, where its log is in the message. */
function failureMessage({ message }: ProgramFailure): string {
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  const [first = message] = lines;
  const last = lines.at(-1) ?? first;
  return shortMessage(last === first ? first : `${first}: ${last.trim()}`);
}

/** One line that the API takes. */
export function shortMessage(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= MAX_MESSAGE ? line : `${line.slice(0, MAX_MESSAGE - 1)}…`;
}
