import type { Fault } from './fault.ts';
import type { Kind, KindSchemas } from './kinds.ts';
import { keyOffsetOf, type Located, nodeAt, offsetOf, valueOf } from './located.ts';
import { nearest } from './nearest.ts';
import { type FieldPath, formatPath, type Problem, quote } from './problem.ts';
import { LIMITS, readSource, type SizeLimits, type Source } from './source.ts';
import { isJsonObject } from './structural.ts';

/** An object of a file that its kind's schema and rules accept. */
export interface LocatedObject<Value = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  /** Undefined for a kind without namespaces; `default` where the file names none. */
  readonly namespace: string | undefined;
  readonly name: string;
  /** The object as the API server would store it, defaults included. */
  readonly value: Value;
  /** Whether the file itself says something (not null) at this path, rather than a default. */
  readonly isGiven: (path: FieldPath) => boolean;
  /** A problem of this object, at the place of the field, or of its nearest parent where the file lacks it. */
  readonly problemAt: (path: FieldPath, message: string, expected: string) => Problem;
}

/** What a file holds. Nothing of a file with problems should be used: `objects` are those that have none themselves. */
export interface Manifest {
  readonly objects: LocatedObject[];
  /** In the order of the file; at most MAX_PROBLEMS and one that says so. */
  readonly problems: Problem[];
}

const MAX_PROBLEMS = 100;

/**
 * Reads and validates a manifest: YAML or JSON, several documents, `kind: List` unpacked. Pure; never throws on any text.
 *
 * @param file - The name that problems carry.
 * @param limits - What the file may hold at most.
 */
export function parseManifest(text: string, file: string, kinds: KindSchemas, limits: SizeLimits = LIMITS): Manifest {
  const source = readSource(text, limits);
  const reader = new ManifestReader(source, file, kinds);
  for (const fault of source.faults) reader.report(fault.offset, [], fault.message, fault.expected);
  for (const document of source.documents) reader.readDocument(document);
  if (reader.objects.length === 0 && reader.problems.length === 0) {
    const expected = `an object of kind ${kinds.map(({ kind }) => kind).join(' or ')}`;
    reader.report(0, [], `the file holds no object; write ${expected}`, expected);
  }
  return { objects: reader.objects, problems: bounded(reader.problems) };
}

function bounded(problems: readonly Problem[]): Problem[] {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const shown = sorted.slice(0, MAX_PROBLEMS);
  const last = shown.at(-1);
  if (last !== undefined && sorted.length > shown.length) {
    const message = `${sorted.length - shown.length} more problems are not shown; correct these first`;
    shown.push({ ...last, path: '', message, expected: 'fewer problems' });
  }
  return shown;
}

class ManifestReader {
  readonly objects: LocatedObject[] = [];
  readonly problems: Problem[] = [];
  readonly #source: Source;
  readonly #file: string;
  readonly #kinds: KindSchemas;

  constructor(source: Source, file: string, kinds: KindSchemas) {
    this.#source = source;
    this.#file = file;
    this.#kinds = kinds;
  }

  report(offset: number, path: FieldPath, message: string, expected: string): void {
    this.problems.push(this.#problem(offset, path, message, expected));
  }

  readDocument(root: Located): void {
    const items = nodeAt(root, ['items']);
    if (textAt(root, 'apiVersion') !== 'v1' || textAt(root, 'kind') !== 'List') this.#readObject(root);
    else if (items?.type === 'list') for (const item of items.items) this.#readObject(item);
    else this.report(offsetOf(root, ['items']), ['items'], 'expected the list of objects', 'a list');
  }

  #readObject(root: Located): void {
    const kind = this.#kindOf(root);
    const object = valueOf(root);
    if (kind === undefined || !isJsonObject(object)) return;
    const { value, faults } = kind.admit(object);
    for (const fault of faults) this.report(offsetOfFault(root, fault), fault.path, fault.message, fault.expected);
    if (faults.length > 0) return;
    const metadata = value['metadata'];
    const [name, namespace] = isJsonObject(metadata) ? [metadata['name'], metadata['namespace']] : [];
    this.objects.push({
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      namespace: typeof namespace === 'string' ? namespace : undefined,
      name: typeof name === 'string' ? name : '',
      value,
      isGiven: (path) => {
        const node = nodeAt(root, path);
        return node !== undefined && !(node.type === 'scalar' && node.value === null);
      },
      problemAt: (path, message, expected) => this.#problem(offsetOf(root, path), path, message, expected),
    });
  }

  #kindOf(root: Located): Kind | undefined {
    const understood = this.#kinds.map(({ apiVersion, kind }) => `${kind} (${apiVersion})`).join(', ');
    if (root.type !== 'map') {
      this.report(
        root.offset,
        [],
        `expected an object with apiVersion and kind; understood: ${understood}`,
        'an object',
      );
      return undefined;
    }
    const [apiVersion, kind] = [textAt(root, 'apiVersion'), textAt(root, 'kind')];
    const found = this.#kinds.find((known) => known.apiVersion === apiVersion && known.kind === kind);
    if (found !== undefined) return found;
    const versions = this.#kinds.filter((known) => known.kind === kind).map((known) => known.apiVersion);
    const wrong = versions.length > 0 ? 'apiVersion' : 'kind';
    const text = wrong === 'kind' ? kind : apiVersion;
    const names = wrong === 'kind' ? this.#kinds.map((known) => known.kind) : versions;
    const meant = text === undefined ? undefined : nearest(text, names);
    const what = text === undefined ? 'required' : `${quote(text)} is not understood`;
    const advice = meant === undefined ? '' : `did you mean ${meant}? `;
    const message = `${what}; ${advice}understood: ${understood}`;
    this.report(offsetOf(root, [wrong]), [wrong], message, `one of ${names.join(', ')}`);
    return undefined;
  }

  #problem(offset: number, path: FieldPath, message: string, expected: string): Problem {
    return { file: this.#file, ...this.#source.position(offset), path: formatPath(path), message, expected };
  }
}

function offsetOfFault(root: Located, fault: Fault): number {
  return fault.at === 'key' ? keyOffsetOf(root, fault.path) : offsetOf(root, fault.path);
}

function textAt(root: Located, key: string): string | undefined {
  const node = nodeAt(root, [key]);
  return node?.type === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}
