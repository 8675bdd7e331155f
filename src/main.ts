/** argv → command. The only place that reads the environment and ends the process. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { CommanderError } from 'commander';
import type { Context } from './cli/context.ts';
import { weirProgram } from './cli/program.ts';
import { WeirError } from './lib/errors.ts';

const DEFAULT_COLUMNS = 80;
const USAGE_STATUS = 2;
const INTERRUPTED_STATUS = 130;

function interruption(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      resolve();
      // The first asks for an orderly end, the second does not wait for it.
      process.once(signal, () => process.exit(INTERRUPTED_STATUS));
    });
  }
  return promise;
}

function exitStatusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_STATUS;
  if (error instanceof WeirError) {
    process.stderr.write(`${error.message}\n`);
    return error.exitStatus;
  }
  process.stderr.write(`weir: unexpected fault: ${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const context: Context = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  columns: process.stdout.columns ?? (Number(process.env['COLUMNS']) || DEFAULT_COLUMNS),
  colour: process.stdout.isTTY && process.stdout.hasColors(process.env),
  hostname: process.env['WEIR_NODE_NAME'] ?? hostname(),
  interrupted: interruption(),
};

try {
  await weirProgram(version, context, (status) => {
    process.exitCode = status;
  }).parseAsync(process.argv);
} catch (error) {
  process.exitCode = exitStatusOf(error);
}
