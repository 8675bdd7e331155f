import type { WeirError } from '../../lib/errors.ts';
import { cutText } from '../../lib/escape.ts';

/** Why programs that the plan asks for do not run. */
export type ProgramFailure = WeirError;

const MAX_MESSAGE = 1024;
/** libbpf's own line after the verifier's. */
const LOG_END = '-- END PROG LOAD LOG --';
/** The verifier's statistics, and libbpf's summary: that it failed is known. */
const SAYS_NO_MORE = /^processed \d+ insns|failed to load object/;

/** Unsupported where this kernel never will, Failed where something can be mended. */
export function failedState(failure: ProgramFailure) {
  const state = failure.code === 'Unsupported' ? ('Unsupported' as const) : ('Failed' as const);
  return { state, reason: failure.code, message: failureMessage(failure) };
}

/** What the kernel was asked for, and the verifier's last line, where its log is in the message. */
function failureMessage({ message }: ProgramFailure): string {
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  const [first = message, ...log] = lines;
  const end = log.findIndex((line) => line.includes(LOG_END));
  const last = log.slice(0, end < 0 ? undefined : end).findLast((line) => !SAYS_NO_MORE.test(line));
  return shortMessage(last === undefined ? first : `${first}: ${last}`);
}

/** One line that the API takes. */
export function shortMessage(text: string): string {
  return cutText(text.replaceAll(/\s+/g, ' ').trim(), MAX_MESSAGE);
}
