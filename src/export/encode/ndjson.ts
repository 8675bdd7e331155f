import { cutText } from '../../lib/escape.ts';
import { CATALOGUE } from '../../record/catalogue.ts';
import type { Field } from '../../record/field.ts';
import type { Flow } from '../../record/flow.ts';
import { ByteWriter, type Piece, piece } from './byte-writer.ts';
import { timestampWriter } from './timestamp.ts';

/** Writes `,"name":value`, or nothing when the flow has no such value. */
type Part = (flow: Flow, writer: ByteWriter) => void;

const BATCH_BYTES = 1 << 18;
/** Values of a field that are kept; hostile text may be new in every record, so a full dictionary begins anew. */
const DICTIONARY_SIZE = 1024;
const [COMMA, OPEN, OPEN_LIST, CLOSE_LIST] = [0x2c, 0x7b, 0x5b, 0x5d];
const CLOSE_LINE = piece(Buffer.from('}\n'));

/**
 * A function that writes flows as NDJSON, a line each: a flat object with the catalogue's dotted names, fields without
 * a value left out, times as RFC 3339 with µs, counters as numbers, text cut at the catalogue's limit.
 *
 * What records share (identities, capture lists) is encoded once and kept as long as the shared object lives.
 * @param fields which to write, in their order; at least one that every record has, such as `start`, is usual.
 */
export function ndjsonEncoder(fields: readonly Field[] = CATALOGUE): (batch: readonly Flow[]) => Buffer {
  const parts = compile(fields);
  const writer = new ByteWriter(BATCH_BYTES);
  return (batch) => {
    writer.clear();
    for (const flow of batch) {
      const begin = writer.length;
      for (const part of parts) part(flow, writer);
      // Every part begins with a comma; the first one's place is the brace's.
      if (writer.length === begin) writer.byte(OPEN);
      else writer.patch(begin, OPEN);
      writer.piece(CLOSE_LINE);
    }
    return writer.view();
  };
}

function compile(fields: readonly Field[]): Part[] {
  const time = timestampWriter();
  const parts: Part[] = [];
  for (let index = 0; index < fields.length; ) {
    const shared = fields[index]?.shared;
    const run = [];
    for (let field = fields[index]; field?.shared === shared && field !== undefined; field = fields[index]) {
      run.push(compileField(field, time));
      index += 1;
    }
    if (shared === undefined) parts.push(...run);
    else parts.push(keep(run, shared));
  }
  return parts;
}

/** The parts as one, encoded once for every object that `shared` gives. */
function keep(run: readonly Part[], shared: (flow: Flow) => object | undefined): Part {
  const kept = new WeakMap<object, Piece>();
  return (flow, writer) => {
    const key = shared(flow);
    if (key === undefined) return;
    const bytes = kept.get(key);
    if (bytes !== undefined) {
      writer.piece(bytes);
      return;
    }
    const begin = writer.length;
    for (const part of run) part(flow, writer);
    kept.set(key, piece(writer.view(begin)));
  };
}

function compileField(field: Field, time: (micros: number, writer: ByteWriter) => void): Part {
  const prefix = piece(Buffer.from(`,${JSON.stringify(field.name)}:`));
  switch (field.type) {
    case 'integer': {
      const { get } = field;
      return (flow, writer) => {
        const value = get(flow);
        if (value === undefined) return;
        writer.piece(prefix);
        writer.integer(value);
      };
    }
    case 'boolean': {
      const { get } = field;
      return (flow, writer) => {
        const value = get(flow);
        if (value === undefined) return;
        writer.piece(prefix);
        writer.latin1(String(value));
      };
    }
    case 'timestamp': {
      const { get } = field;
      return (flow, writer) => {
        writer.piece(prefix);
        time(get(flow), writer);
      };
    }
    case 'enum': {
      const { get } = field;
      const values = Object.keys(field.values);
      const encoded = new Map(
        values.map((value) => [value, piece(Buffer.from(`,${JSON.stringify(field.name)}:${JSON.stringify(value)}`))]),
      );
      return (flow, writer) => {
        const value = get(flow);
        const bytes = value === undefined ? undefined : encoded.get(value);
        if (bytes !== undefined) writer.piece(bytes);
      };
    }
    case 'address': {
      const { get } = field;
      return (flow, writer) => {
        writer.piece(prefix);
        writer.json(get(flow));
      };
    }
    case 'string': {
      const { get, maxLength } = field;
      const dictionary = field.dictionary ? new Map<string, Piece>() : undefined;
      return (flow, writer) => {
        const value = get(flow);
        if (value === undefined) return;
        const known = dictionary?.get(value);
        if (known !== undefined) {
          writer.piece(known);
          return;
        }
        const begin = writer.length;
        writer.piece(prefix);
        writer.json(cutText(value, maxLength));
        if (dictionary === undefined) return;
        if (dictionary.size === DICTIONARY_SIZE) dictionary.clear();
        dictionary.set(value, piece(writer.view(begin)));
      };
    }
    case 'stringList': {
      const { get, maxLength } = field;
      return (flow, writer) => {
        writer.piece(prefix);
        writer.byte(OPEN_LIST);
        for (const [index, item] of get(flow).entries()) {
          if (index > 0) writer.byte(COMMA);
          writer.json(cutText(item, maxLength));
        }
        writer.byte(CLOSE_LIST);
      };
    }
    default:
      return field satisfies never;
  }
}
