/** Opens a sink for every export of the plan. */

import type { Rotation } from '../export/file/policy.ts';
import type { Sink } from '../export/sink.ts';
import type { StdoutOptions } from '../export/stdout.ts';
import { WeirError } from '../lib/errors.ts';
import { monotonicMillis, systemTimers } from '../lib/timers.ts';
import type { ExportSpec } from '../plan/objects.ts';
import type { Plan } from '../plan/plan.ts';
import { CATALOGUE, selectFields } from '../record/catalogue.ts';
import type { Field } from '../record/field.ts';
import type { Context } from './context.ts';

export const OUTPUTS = ['table', 'wide', 'json'] as const;
export type Output = (typeof OUTPUTS)[number];

/** A table for a person, NDJSON for a program. */
export function defaultOutput(context: Context): Output {
  return context.stdout.isTTY === true ? 'table' : 'json';
}

/** In the plan's order. Sinks that are open already are closed when a later one cannot be opened. */
export async function openSinks(
  plan: Plan,
  output: Output,
  context: Context,
  troubled: (name: string, error: WeirError) => void,
): Promise<Sink[]> {
  const sinks: Sink[] = [];
  try {
    for (const { name, spec } of plan.exports) {
      sinks.push(await openSink(name, spec, output, context, (error) => troubled(name, error)));
    }
    return sinks;
  } catch (error) {
    await closeSinks(sinks);
    throw error;
  }
}

/** Closes sinks that nothing was written to, each whatever the others do: why they are not needed matters more. */
async function closeSinks(sinks: readonly Sink[]): Promise<void> {
  await Promise.allSettled(sinks.map((sink) => sink.close()));
}

/**
 * Opens the sink of one export.
 * @param troubled is told what is wrong there without any flow being lost.
 * @throws WeirError
 */
export async function openSink(
  name: string,
  spec: ExportSpec,
  output: Output,
  context: Context,
  troubled: (error: WeirError) => void,
): Promise<Sink> {
  const fields = spec.fields === undefined ? undefined : selectFields(spec.fields);
  if (spec.file !== undefined) {
    const { openFileSink } = await import('../export/file/sink.ts');
    return openFileSink({
      path: spec.file.path,
      fields,
      rotation: rotationOf(spec.file),
      timers: systemTimers,
      now: Date.now,
      monotonic: monotonicMillis,
      troubled,
    });
  }
  if (spec.stdout !== undefined) {
    const { stdoutSink } = await import('../export/stdout.ts');
    return stdoutSink(context.stdout, stdoutOptions(name, output, fields, context));
  }
  throw new WeirError('NotHonoured', `FlowExport ${name} has neither stdout nor file`);
}

/** How the file of an export is renamed; undefined: never. */
export function rotationOf(file: NonNullable<ExportSpec['file']>): Rotation | undefined {
  const { maxBytes, maxAgeSeconds, maxFiles, compression } = file;
  if (maxBytes === undefined && maxAgeSeconds === undefined) return undefined;
  const maxAgeMillis = maxAgeSeconds === undefined ? undefined : maxAgeSeconds * 1000;
  return { maxBytes, maxAgeMillis, maxFiles, compress: compression === 'Gzip' };
}

function stdoutOptions(
  name: string,
  output: Output,
  fields: readonly Field[] | undefined,
  context: Context,
): StdoutOptions {
  if (output === 'json') return { format: 'json', fields: fields ?? CATALOGUE };
  if (fields !== undefined) {
    throw new WeirError(
      'InvalidInput',
      `FlowExport ${name}: spec.fields chooses fields of JSON; add -o json, or leave it out`,
    );
  }
  const rows = context.stdout.isTTY === true ? 40 : undefined;
  return { format: output, width: context.columns, headerEvery: rows, colour: context.colour };
}
