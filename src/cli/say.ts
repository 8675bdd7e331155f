import { escapeForTerminal } from '../lib/escape.ts';
import type { Context } from './context.ts';

/** A remark for the person at the terminal, on one line. */
export function say({ stderr }: Pick<Context, 'stderr'>, text: string): void {
  stderr.write(`weir: ${escapeForTerminal(text)}\n`);
}

/** Lines for the person at the terminal: whatever a workload or a file put into them, only the line ends are obeyed. */
export function sayLines({ stderr }: Pick<Context, 'stderr'>, text: string): void {
  stderr.write(`${text.split('\n').map(escapeForTerminal).join('\n')}\n`);
}
