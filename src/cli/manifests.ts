/** Reads what the person named with -f and --inventory; every fault of every file is told at once. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { buildInventory, type StaticInventory } from '../agent/identify/inventory.ts';
import { INVENTORY_KINDS, INVENTORY_LIMITS } from '../agent/identify/inventory-schema.ts';
import { notHonoured } from '../api/honoured.ts';
import { duplicateObjects } from '../api/manifest/duplicates.ts';
import { kindFromCrd } from '../api/manifest/kinds.ts';
import { type LocatedObject, parseManifest } from '../api/manifest/manifest.ts';
import { formatProblem, type Problem } from '../api/manifest/problem.ts';
import { LIMITS, type SizeLimits } from '../api/manifest/source.ts';
import { isFlowCapture, isFlowExport } from '../api/objects.ts';
import type { FlowCapture, FlowExport } from '../api/types.generated.ts';
import { WeirError } from '../lib/errors.ts';
import { escapeForTerminal } from '../lib/escape.ts';

const CRD_FILES = ['weir.dev_flowcaptures.yaml', 'weir.dev_flowexports.yaml'];
/** How a file argument names stdin. */
export const STDIN = '-';

/** Captures and exports with the place of each, for problems that show up later. */
export interface Manifests {
  readonly captures: readonly LocatedObject<FlowCapture>[];
  readonly exports: readonly LocatedObject<FlowExport>[];
}

/** Throws InvalidInput that lists every problem of every file. */
export async function readManifests(files: readonly string[], stdin: Readable): Promise<Manifests> {
  const kinds = await Promise.all(CRD_FILES.map(async (file) => kindFromCrd(await readFile(crd(file), 'utf8'))));
  const objects: LocatedObject[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    const manifest = parseManifest(await readText(file, stdin, LIMITS), shownName(file), kinds);
    objects.push(...manifest.objects);
    problems.push(...manifest.problems);
  }
  problems.push(...duplicateObjects(objects), ...objects.flatMap(notHonoured));
  throwProblems(problems);
  return { captures: objects.filter(isFlowCapture), exports: objects.filter(isFlowExport) };
}

/** Throws InvalidInput that lists every problem of the file. */
export async function readInventory(file: string, stdin: Readable): Promise<StaticInventory> {
  const text = await readText(file, stdin, INVENTORY_LIMITS);
  const manifest = parseManifest(text, shownName(file), INVENTORY_KINDS, INVENTORY_LIMITS);
  throwProblems(manifest.problems);
  const { inventory, problems } = buildInventory(manifest.objects);
  throwProblems(problems);
  return inventory;
}

/** Does nothing when there are none. */
export function throwProblems(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new WeirError('InvalidInput', problems.map(formatProblem).join('\n'));
}

/** No UTF-16 code unit takes more bytes of UTF-8 than this. */
const MAX_UNIT_BYTES = 3;

/** The text, or so much of one without an end that the limits refuse it. */
async function readText(file: string, stdin: Readable, { characters }: SizeLimits): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of file === STDIN ? stdin : createReadStream(file)) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > characters * MAX_UNIT_BYTES) break;
    }
  } catch (cause) {
    throw new WeirError('InvalidInput', `cannot read ${escapeForTerminal(shownName(file))}: ${reason(cause)}`, {
      cause,
    });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a directory; name the files in it';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'ENOTDIR') return 'a part of its path is no directory';
  return escapeForTerminal(String(error));
}

function shownName(file: string): string {
  return file === STDIN ? '<stdin>' : file;
}

function crd(name: string): URL {
  return new URL(import.meta.resolve(`#crds/${name}`));
}
