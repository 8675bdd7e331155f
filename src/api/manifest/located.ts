import type { FieldPath } from './problem.ts';
import type { Scalar } from './scalar.ts';
import { emptyObject, type Json } from './structural.ts';

/** A value of the file together with where it stands: `offset` counts characters from the file's beginning. */
export type Located =
  | { readonly type: 'map'; readonly offset: number; readonly entries: ReadonlyMap<string, Entry> }
  | { readonly type: 'list'; readonly offset: number; readonly items: readonly Located[] }
  | { readonly type: 'scalar'; readonly offset: number; readonly value: Scalar; readonly source: string };

export interface Entry {
  readonly keyOffset: number;
  readonly value: Located;
}

/** The values alone, as JSON. */
export function valueOf(node: Located): Json {
  if (node.type === 'scalar') return node.value;
  if (node.type === 'list') return node.items.map(valueOf);
  const object = emptyObject();
  for (const [key, entry] of node.entries) object[key] = valueOf(entry.value);
  return object;
}

/** The node at `path`, or undefined where the file has none. */
export function nodeAt(root: Located, path: FieldPath): Located | undefined {
  let node: Located | undefined = root;
  for (const step of path) node = node === undefined ? undefined : child(node, step);
  return node;
}

/** Where the value at `path` stands; of one that the file does not have, where its nearest parent stands. */
export function offsetOf(root: Located, path: FieldPath): number {
  let node = root;
  for (const step of path) {
    const next = child(node, step);
    if (next === undefined) return node.offset;
    node = next;
  }
  return node.offset;
}

/** Where the key at the end of `path` stands. */
export function keyOffsetOf(root: Located, path: FieldPath): number {
  const key = path.at(-1);
  const parent = nodeAt(root, path.slice(0, -1));
  const entry = parent?.type === 'map' && typeof key === 'string' ? parent.entries.get(key) : undefined;
  return entry?.keyOffset ?? offsetOf(root, path);
}

function child(node: Located, step: string | number): Located | undefined {
  if (node.type === 'map' && typeof step === 'string') return node.entries.get(step)?.value;
  return node.type === 'list' && typeof step === 'number' ? node.items[step] : undefined;
}
