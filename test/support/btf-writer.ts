import { readBtf } from '../../scripts/generate-layout.ts';

/**
 * Writes a struct of the wire contract field by field, by the BTF of the compiled header and not by the decoder's own
 * offsets: an independent second opinion.
 */
export interface BtfStructWriter {
  readonly view: DataView;
  /** Sum of the fields' sizes; less than the struct's size means padding. */
  readonly fieldBytes: number;
  /** Fields that were not written yet. */
  readonly unset: readonly string[];
  /** Writes an integer field; throws when it has no such name or does not fit. */
  set(field: string, value: number | bigint): BtfStructWriter;
  /** Writes the first bytes of an array field. */
  setBytes(field: string, bytes: Uint8Array): BtfStructWriter;
}

interface Field {
  readonly offset: number;
  readonly size: number;
}

const types = readBtf();

export function structWriter(name: string): BtfStructWriter {
  const struct = types.find((type) => type.kind === 'STRUCT' && type.name === name);
  if (struct?.members === undefined) throw new Error(`no struct ${name} in BTF`);
  const fields = new Map<string, Field>(
    struct.members.map((member) => [member.name, { offset: member.bits_offset / 8, size: sizeOf(member.type_id) }]),
  );
  const view = new DataView(new ArrayBuffer(struct.size ?? 0));
  const unset = new Set(fields.keys());
  const field = (wanted: string): Field => {
    const found = fields.get(wanted);
    if (found === undefined) throw new Error(`struct ${name} has no field ${wanted}`);
    unset.delete(wanted);
    return found;
  };
  return {
    view,
    fieldBytes: [...fields.values()].reduce((sum, { size }) => sum + size, 0),
    get unset() {
      return [...unset];
    },
    set(wanted, value) {
      const { offset, size } = field(wanted);
      const bits = BigInt(value);
      if (bits >> BigInt(size * 8) !== 0n) throw new Error(`${name}.${wanted} has ${size} bytes: ${bits} does not fit`);
      for (let byte = 0; byte < size; byte++) view.setUint8(offset + byte, Number((bits >> BigInt(byte * 8)) & 0xffn));
      return this;
    },
    setBytes(wanted, bytes) {
      const { offset, size } = field(wanted);
      new Uint8Array(view.buffer, offset, size).set(bytes);
      return this;
    },
  };
}

function sizeOf(id: number): number {
  const type = types.find((candidate) => candidate.id === id);
  if (type === undefined) throw new Error(`no BTF type ${id}`);
  if (type.size !== undefined) return type.size;
  if (type.kind === 'ARRAY') return (type.nr_elems ?? 0) * sizeOf(type.type_id ?? 0);
  return sizeOf(type.type_id ?? 0);
}
