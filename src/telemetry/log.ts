import type { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import type { LogLevel } from './log-level.ts';

export type Log = Logger;

/**
 * The log of a long-running program: one JSON object a line, with the time in RFC 3339. Nothing that is a Secret's value
 * may be handed to it.
 */
export function makeLog(stream: Writable, level: LogLevel, program: string, version: string): Log {
  return pino(
    { level, base: { program, version }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: levelName } },
    stream,
  );
}

function levelName(label: string): { level: string } {
  return { level: label };
}
