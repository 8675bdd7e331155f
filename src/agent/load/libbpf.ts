/**
 * libbpf, called through koffi. Symbols are looked up one by one, so that an old libbpf is told from a missing one; what
 * libbpf prints (the verifier's log among it) is kept for error messages instead of going to stderr.
 */
import koffi from 'koffi';
import { WeirError } from '../../lib/errors.ts';
import { formatVaList } from './libc.ts';

/** An address in this process; opaque. */
export type Pointer = bigint;

const LIBRARY = 'libbpf.so.1';
const MAX_LOG_CHARACTERS = 64 * 1024;

const SIGNATURES = {
  openFile: 'void *bpf_object__open_file(const char *path, const void *options)',
  loadObject: 'int bpf_object__load(void *object)',
  closeObject: 'void bpf_object__close(void *object)',
  findMap: 'void *bpf_object__find_map_by_name(void *object, const char *name)',
  findProgram: 'void *bpf_object__find_program_by_name(void *object, const char *name)',
  attachProgram: 'void *bpf_program__attach(void *program)',
  destroyLink: 'int bpf_link__destroy(void *link)',
  mapFd: 'int bpf_map__fd(void *map)',
  mapMaxEntries: 'uint32_t bpf_map__max_entries(void *map)',
  setMapMaxEntries: 'int bpf_map__set_max_entries(void *map, uint32_t entries)',
  mapInitialValue: 'void *bpf_map__initial_value(void *map, _Out_ size_t *size)',
  lookupElement: 'int bpf_map_lookup_elem(int fd, const void *key, _Out_ void *value)',
  updateElement: 'int bpf_map_update_elem(int fd, const void *key, const void *value, uint64_t flags)',
  deleteElement: 'int bpf_map_delete_elem(int fd, const void *key)',
  possibleCpus: 'int libbpf_num_possible_cpus()',
} as const;

// oxlint-disable-next-line typescript/no-explicit-any -- koffi's own type: arguments follow the C signature beside the name
type NativeFunction = (...args: any[]) => unknown;

/** The functions of libbpf that Weir calls. */
export class Libbpf {
  readonly #functions: Readonly<Record<keyof typeof SIGNATURES, NativeFunction>>;
  #log = '';

  private constructor(functions: Readonly<Record<keyof typeof SIGNATURES, NativeFunction>>) {
    this.#functions = functions;
  }

  /** Loads the library. Throws Unsupported when it, or a symbol that Weir cannot do without, is missing. */
  static load(): Libbpf {
    let library: ReturnType<typeof koffi.load>;
    try {
      library = koffi.load(LIBRARY);
    } catch (cause) {
      throw new WeirError('Unsupported', `${LIBRARY} is not installed: install libbpf 1.1 or newer (Debian: libbpf1)`, {
        cause,
      });
    }
    const functions: Partial<Record<keyof typeof SIGNATURES, NativeFunction>> = {};
    for (const [name, signature] of Object.entries(SIGNATURES)) {
      try {
        functions[name as keyof typeof SIGNATURES] = library.func(signature);
      } catch (cause) {
        const symbol = /(\w+)\(/.exec(signature)?.[1] ?? name;
        throw new WeirError('Unsupported', `${LIBRARY} lacks ${symbol}: install libbpf 1.1 or newer`, { cause });
      }
    }
    const libbpf = new Libbpf(functions as Record<keyof typeof SIGNATURES, NativeFunction>);
    const print = koffi.proto('int weir_libbpf_print(int level, const char *format, void *arguments)');
    const keep = koffi.register((_level: number, format: string, va: unknown) => {
      libbpf.#keepLog(formatVaList(format, va));
      return 0;
    }, koffi.pointer(print));
    library.func('void *libbpf_set_print(void *print)')(keep);
    return libbpf;
  }

  #keepLog(text: string): void {
    this.#log = (this.#log + text).slice(-MAX_LOG_CHARACTERS);
  }

  /** What libbpf printed since the last call. */
  takeLog(): string {
    const log = this.#log;
    this.#log = '';
    return log;
  }

  /** Opens an object file; undefined when it cannot be read or parsed. */
  openFile(path: string): Pointer | undefined {
    return this.#functions.openFile(path, null) as Pointer | undefined;
  }

  /** Loads programs and maps into the kernel. Returns 0 or −errno. */
  loadObject(object: Pointer): number {
    return this.#functions.loadObject(object) as number;
  }

  closeObject(object: Pointer): void {
    this.#functions.closeObject(object);
  }

  findMap(object: Pointer, name: string): Pointer {
    const map = this.#functions.findMap(object, name) as Pointer | null;
    if (!map) throw new WeirError('Internal', `the program object has no map ${name}: rebuild it (make -C bpf)`);
    return map;
  }

  findProgram(object: Pointer, name: string): Pointer {
    const program = this.#functions.findProgram(object, name) as Pointer | null;
    if (!program) throw new WeirError('Internal', `the object has no program ${name}: rebuild it (make -C bpf)`);
    return program;
  }

  /** Attaches by the program's section name; undefined when the kernel refuses. */
  attachProgram(program: Pointer): Pointer | undefined {
    return (this.#functions.attachProgram(program) as Pointer | null) ?? undefined;
  }

  destroyLink(link: Pointer): void {
    this.#functions.destroyLink(link);
  }

  mapFd(map: Pointer): number {
    return this.#functions.mapFd(map) as number;
  }

  mapMaxEntries(map: Pointer): number {
    return this.#functions.mapMaxEntries(map) as number;
  }

  /** Sets a map's size; only between open and load. Returns 0 or −errno. */
  setMapMaxEntries(map: Pointer, entries: number): number {
    return this.#functions.setMapMaxEntries(map, entries) as number;
  }

  /** The bytes that a data section will start with; writable between open and load. */
  mapInitialValue(map: Pointer): Uint8Array {
    const size: [number] = [0];
    const address = this.#functions.mapInitialValue(map, size) as Pointer;
    return new Uint8Array(koffi.view(address, Number(size[0])));
  }

  /** Returns 0 or −errno; `value` is written. */
  lookupElement(fd: number, key: Uint8Array, value: Uint8Array): number {
    return this.#functions.lookupElement(fd, key, value) as number;
  }

  updateElement(fd: number, key: Uint8Array, value: Uint8Array): number {
    return this.#functions.updateElement(fd, key, value, 0) as number;
  }

  deleteElement(fd: number, key: Uint8Array): number {
    return this.#functions.deleteElement(fd, key) as number;
  }

  /** CPUs that the kernel may bring up: the length of every per-CPU value. */
  possibleCpus(): number {
    return this.#functions.possibleCpus() as number;
  }
}
