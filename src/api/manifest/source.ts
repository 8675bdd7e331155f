import { Composer, type CST, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, type Node, Parser } from 'yaml';
import type { Entry, Located } from './located.ts';
import { quote } from './problem.ts';
import { readPlainScalar } from './scalar.ts';

/** A fault of the YAML itself, before anything is known of its meaning. */
export interface SourceFault {
  readonly offset: number;
  readonly message: string;
  readonly expected: string;
}

/** What a file may hold at most; whatever is in it, reading it takes bounded time (about a second a MiB) and memory. */
export interface SizeLimits {
  readonly characters: number;
  readonly documents: number;
  /** Scalars and collections, aliases counted as often as they are used. */
  readonly values: number;
}

export const LIMITS: SizeLimits = { characters: 1 << 20, documents: 1000, values: 250_000 };
const MAX_DEPTH = 64;
const MAX_FAULTS = 20;

/** The documents of a file, empty ones left out, or the faults that keep it from being read. */
export interface Source {
  readonly documents: readonly Located[];
  readonly faults: readonly SourceFault[];
  /** Line and column of an offset, both from 1. */
  readonly position: (offset: number) => { line: number; column: number };
}

/** Reads YAML (JSON is YAML too) of one or more documents. Never throws. */
export function readSource(text: string, limits: SizeLimits): Source {
  // Filled here and not by the parser, which stops early at a fault and knows only the lines that it has read.
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  const position = (offset: number) => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line, column: col };
  };
  try {
    if (text.length > limits.characters) {
      throw new Refusal(0, `the file is larger than ${limits.characters} characters; split it`, 'a smaller file');
    }
    return { ...readDocuments(text, limits), position };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { offset, message, expected } = error;
    return { documents: [], faults: [{ offset, message, expected }], position };
  }
}

function readDocuments(text: string, limits: SizeLimits): Pick<Source, 'documents' | 'faults'> {
  const documents: Located[] = [];
  let count = 0;
  let values = 0;
  for (const document of composer().compose(tokens(text), true, text.length)) {
    if (document.errors.length > 0) {
      const faults = document.errors.slice(0, MAX_FAULTS).map(({ pos, message }) => ({
        offset: pos[0],
        message: `this is not YAML: ${firstLine(message)}`,
        expected: 'YAML',
      }));
      return { documents: [], faults };
    }
    if (++count > limits.documents) {
      const message = `more than ${limits.documents} documents; split the file`;
      throw new Refusal(document.range[0], message, 'fewer documents');
    }
    if (document.contents === null) continue;
    const reader = new DocumentReader(values, limits.values);
    const located = reader.read(document.contents, 0);
    values = reader.values;
    if (!isEmpty(located)) documents.push(located);
  }
  return { documents, faults: [] };
}

// Every scalar is read as text and given its meaning by readPlainScalar. Duplicate keys are found by DocumentReader in
// linear time; the library compares all pairs of keys, which one large map would turn into minutes.
function composer(): Composer {
  return new Composer({ schema: 'failsafe', resolveKnownTags: false, uniqueKeys: false });
}

/**
 * The file's tokens, up to the first few that make no sense: a file of garbage would give a million of them. The parser
 * is fed by hand to see how many collections it has open: it slows down, and the composer recurses, with their number.
 */
function* tokens(text: string): Generator<CST.Token> {
  const parser = new Parser();
  let bad = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      yield token;
      if (token.type === 'error' && ++bad >= MAX_FAULTS) return;
    }
    if (parser.stack.length > MAX_OPEN) throw new Refusal(parser.offset, TOO_DEEP, 'less nesting');
  }
  yield* parser.end();
}

/** Stops the reading of a file; becomes a SourceFault. */
class Refusal extends Error {
  readonly offset: number;
  readonly expected: string;

  constructor(offset: number, message: string, expected: string) {
    super(message);
    this.offset = offset;
    this.expected = expected;
  }
}

const TOO_DEEP = `nested deeper than ${MAX_DEPTH} levels`;
// A level takes two places on the parser's stack at most: the collection, and the scalar or document around it.
const MAX_OPEN = 2 * MAX_DEPTH + 8;

function firstLine(message: string): string {
  return quote(message.split('\n', 1)[0] ?? '').slice(1, -1);
}

function isEmpty(node: Located): boolean {
  return node.type === 'scalar' && node.value === null;
}

/** Turns the library's nodes of one document into located values: aliases followed, keys unique, size bounded. */
class DocumentReader {
  values: number;
  readonly #maxValues: number;
  readonly #anchors = new Map<string, Node>();

  /** @param values - How many values the file had before this document. */
  constructor(values: number, maxValues: number) {
    this.values = values;
    this.#maxValues = maxValues;
  }

  read(node: unknown, depth: number): Located {
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      const offset = node.range?.[0] ?? 0;
      if (target === undefined)
        throw new Refusal(offset, `no anchor &${quote(node.source).slice(1, -1)} stands before this`, 'an anchor');
      return this.read(target, depth + 1);
    }
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) throw new Refusal(0, 'this is not YAML', 'YAML');
    const offset = node.range?.[0] ?? 0;
    if (++this.values > this.#maxValues) {
      throw new Refusal(
        offset,
        `more than ${this.#maxValues} values, aliases counted as often as they are used`,
        'fewer values',
      );
    }
    if (depth > MAX_DEPTH) throw new Refusal(offset, TOO_DEEP, 'less nesting');
    if (node.tag !== undefined && !KNOWN_TAGS.has(node.tag)) {
      throw new Refusal(offset, `the tag ${quote(node.tag)} means nothing here; remove it`, 'no tag');
    }
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isSeq(node)) return { type: 'list', offset, items: node.items.map((item) => this.read(item, depth + 1)) };
    if (isMap(node)) return { type: 'map', offset, entries: this.#entries(node.items, depth) };
    const source = String(node.value);
    const plain = node.type === 'PLAIN' && node.tag === undefined;
    return { type: 'scalar', offset, value: plain ? readPlainScalar(source) : source, source };
  }

  #entries(pairs: readonly { key: unknown; value: unknown }[], depth: number): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    for (const pair of pairs) {
      const key = this.read(pair.key, depth + 1);
      if (key.type !== 'scalar' || key.value === null) {
        throw new Refusal(key.offset, 'a key must be a word; a value may be missing its "key:"', 'a key');
      }
      // A number or boolean is a key too: JSON has only text there, and kubectl converts it.
      const name = String(key.value);
      if (name === '<<')
        throw new Refusal(key.offset, 'merge keys are not understood; write the fields out', 'a field');
      if (entries.has(name)) {
        throw new Refusal(
          key.offset,
          `the key ${quote(name)} stands here for the second time; remove one`,
          'unique keys',
        );
      }
      const value: Located =
        pair.value === null
          ? { type: 'scalar', offset: key.offset, value: null, source: '' }
          : this.read(pair.value, depth + 1);
      entries.set(name, { keyOffset: key.offset, value });
    }
    return entries;
  }
}

const KNOWN_TAGS: ReadonlySet<string> = new Set([
  '!',
  'tag:yaml.org,2002:str',
  'tag:yaml.org,2002:map',
  'tag:yaml.org,2002:seq',
]);
