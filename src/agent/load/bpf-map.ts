import { WeirError } from '../../lib/errors.ts';
import type { Libbpf } from './libbpf.ts';
import { errorText } from './libc.ts';

const ENOENT = 2;

/** One BPF map, by file descriptor; keys and values are the kernel's bytes (native order). */
export class BpfMap {
  readonly fd: number;
  readonly maxEntries: number;
  readonly #libbpf: Libbpf;
  readonly #name: string;

  /** @param fd whoever holds it closes it, after the last use of the map. */
  constructor(libbpf: Libbpf, fd: number, name: string) {
    this.#libbpf = libbpf;
    this.#name = name;
    this.fd = fd;
    this.maxEntries = libbpf.mapMaxEntries(fd);
  }

  /** Reads one entry into `value`; false when there is none. */
  lookup(key: Uint8Array, value: Uint8Array): boolean {
    const result = this.#libbpf.lookupElement(this.fd, key, value);
    if (result === -ENOENT) return false;
    this.#check(result, 'read');
    return true;
  }

  /** Throws KernelRefused, for a full map too (E2BIG). */
  update(key: Uint8Array, value: Uint8Array): void {
    this.#check(this.#libbpf.updateElement(this.fd, key, value), 'write');
  }

  /** Removing what is not there is no error. */
  delete(key: Uint8Array): void {
    const result = this.#libbpf.deleteElement(this.fd, key);
    if (result !== -ENOENT) this.#check(result, 'delete from');
  }

  /** Every key that is there; of a map that nobody else changes meanwhile. @param bytes of one key. */
  keys(bytes: number): Uint8Array[] {
    const keys: Uint8Array[] = [];
    for (;;) {
      const next = new Uint8Array(bytes);
      const result = this.#libbpf.nextKey(this.fd, keys.at(-1), next);
      if (result === -ENOENT) return keys;
      this.#check(result, 'read');
      keys.push(next);
    }
  }

  /**
   * Sums the u64 fields of one per-CPU entry over all CPUs.
   * Returns one sum a field, in the order of the struct.
   */
  sumPerCpu(key: Uint8Array, fields: number): number[] {
    const values = new BigUint64Array(fields * this.#libbpf.possibleCpus());
    const sums = Array.from({ length: fields }, () => 0);
    if (!this.lookup(key, new Uint8Array(values.buffer))) return sums;
    for (const [index, value] of values.entries()) sums[index % fields] = (sums[index % fields] ?? 0) + Number(value);
    return sums;
  }

  #check(result: number, verb: string): void {
    if (result < 0) {
      throw new WeirError('KernelRefused', `could not ${verb} the map ${this.#name}: ${errorText(result)}`);
    }
  }
}

/** A map key of one native 32-bit integer. */
export function u32Key(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** A map key of one native 64-bit integer. */
export function u64Key(value: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
}
