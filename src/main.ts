/** argv → command. The only place that reads the environment and ends the process. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { CommanderError } from 'commander';
import type { Context } from './cli/context.ts';
import { weirProgram } from './cli/program.ts';
import { sayLines } from './cli/say.ts';
import { WeirError } from './lib/errors.ts';

const DEFAULT_COLUMNS = 80;
const USAGE_STATUS = 2;
const UNABLE_STATUS = 3;
const INTERRUPTED_STATUS = 130;
/** How long the last words on stderr may take when nobody reads stdout: the same reader may be behind both. */
const LAST_WORDS_MILLIS = 1_000;

function interruption(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let signals = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      signals++;
      // The first asks for an orderly end; the second, of whatever kind, does not wait for it.
      if (signals > 1) leaveAtOnce();
      resolve();
    });
  }
  return promise;
}

/**
 * Ends the process when records that were given up still wait for stdout's reader: it would keep the process for ever.
 * Otherwise the process ends by itself, with nothing cut.
 */
async function leaveStuckReader(): Promise<void> {
  if (process.stdout.writableLength === 0) return;
  const told = new Promise((resolve) => void process.stderr.write('', resolve));
  await Promise.race([told, setTimeout(LAST_WORDS_MILLIS)]);
  process.exit();
}

/** An exit waits for what was asked of a disk, and so perhaps for ever. */
function leaveAtOnce(): void {
  if (waitsForDisk()) process.kill(process.pid, 'SIGKILL');
  process.exit(INTERRUPTED_STATUS);
}

function waitsForDisk(): boolean {
  return process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq'));
}

/** Ends the process when a disk does not answer, which would keep it for ever. */
async function leaveHungDisk(): Promise<void> {
  if (!waitsForDisk()) return;
  await setTimeout(LAST_WORDS_MILLIS);
  if (!waitsForDisk()) return;
  sayLines(process, 'a disk does not answer: Weir ends without waiting for it');
  process.kill(process.pid, 'SIGKILL');
}

/** As the kubelet tells every container. */
function podsApiServer(env: NodeJS.ProcessEnv): URL | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (host === undefined || port === undefined) return undefined;
  return new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`);
}

function exitStatusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_STATUS;
  if (error instanceof WeirError) {
    sayLines(process, error.message);
    if (error.exitStatus === UNABLE_STATUS)
      sayLines(process, 'weir check tells what capturing needs and what is missing here');
    return error.exitStatus;
  }
  sayLines(process, `weir: unexpected fault: ${error instanceof Error ? error.stack : String(error)}`);
  return 1;
}

const { version } = JSON.parse(readFileSync(new URL(import.meta.resolve('#package.json')), 'utf8'));
const context: Context = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  columns: process.stdout.columns ?? (Number(process.env['COLUMNS']) || DEFAULT_COLUMNS),
  colour: process.stdout.isTTY && process.stdout.hasColors(process.env),
  hostname: process.env['WEIR_NODE_NAME'] ?? hostname(),
  apiServer: podsApiServer(process.env),
  interrupted: interruption(),
};

try {
  await weirProgram(version, context, (status) => {
    process.exitCode = status;
  }).parseAsync(process.argv);
} catch (error) {
  process.exitCode = exitStatusOf(error);
}
await leaveStuckReader();
await leaveHungDisk();
