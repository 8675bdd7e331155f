/**
 * Writes `src/agent/decode/layout.generated.ts` from the BTF of `bpf/contract.o`: the offsets and enums of the contract
 * between the kernel programs and the agent. Run by `npm run generate`; a contract test compares.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const LAYOUT_FILE = fileURLToPath(new URL('../src/agent/decode/layout.generated.ts', import.meta.url));
const CONTRACT_OBJECT = fileURLToPath(new URL('../bpf/contract.o', import.meta.url));

/** One BTF type as `bpftool -j btf dump` prints it: the parts that are read here. */
export interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  /** Bytes; arrays and typedefs have none of their own. */
  readonly size?: number;
  readonly type_id?: number;
  readonly nr_elems?: number;
  readonly members?: readonly { readonly name: string; readonly bits_offset: number; readonly type_id: number }[];
  readonly values?: readonly { readonly name: string; readonly val: number }[];
}

/** Reads the types of a compiled object; needs bpftool. */
export function readBtf(object: string = CONTRACT_OBJECT): readonly BtfType[] {
  const text = execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', object], { encoding: 'utf8' });
  const dump: { types: BtfType[] } = JSON.parse(text, exactIntegers);
  return dump.types;
}

/** bpftool prints an unsigned 32-bit enumerator with its sign extended to 64 bits, more than a double holds. */
function exactIntegers(key: string, value: unknown, context?: { source?: string }): unknown {
  return key === 'val' && context?.source ? Number(BigInt.asUintN(32, BigInt(context.source))) : value;
}

/** The generated file's text: one constant for each struct (size and byte offsets) and for each enum. */
export function renderLayout(types: readonly BtfType[]): string {
  const parts = [
    '/** Generated from bpf/flow.h by `npm run generate`; do not edit. Offsets and sizes are bytes. */',
    ...types.filter((type) => type.kind === 'STRUCT').map(renderStruct),
    ...types.filter((type) => type.kind === 'ENUM').map(renderEnum),
  ];
  return `${parts.join('\n\n')}\n`;
}

function renderStruct(type: BtfType): string {
  const fields = (type.members ?? []).map((member) => `  ${camelCase(member.name)}: ${member.bits_offset / 8},`);
  return [`export const ${constantCase(type.name)} = {`, `  size: ${type.size},`, ...fields, '} as const;'].join('\n');
}

function renderEnum(type: BtfType): string {
  const prefix = `${constantCase(type.name)}_`;
  const values = (type.values ?? []).map(({ name, val }) => {
    const short = name.startsWith(prefix) ? name.slice(prefix.length) : name.replace(/^RECORD_/, '');
    return `  ${camelCase(short.toLowerCase())}: ${val},`;
  });
  return [`export const ${constantCase(type.name)} = {`, ...values, '} as const;'].join('\n');
}

function constantCase(name: string): string {
  return name.toUpperCase();
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
