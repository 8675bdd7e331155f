/**
 * libbpf, called through koffi. Symbols are looked up one by one, so that an old libbpf is told from a missing one; what
 * libbpf prints (the verifier's log among it) is kept for error messages instead of going to stderr.
 */
import koffi, { type LibraryHandle } from 'koffi';
import { WeirError } from '../../lib/errors.ts';
import { errorText, formatVaList } from './libc.ts';

/** An address in this process; opaque. */
export type Pointer = bigint;

const LIBRARY = 'libbpf.so.1';
const MAX_LOG_CHARACTERS = 64 * 1024;
/** struct bpf_prog_info (include/uapi/linux/bpf.h), as far as it is read: bytes. */
const PROGRAM_INFO = { size: 232, name: 64, nameBytes: 16, recursionMisses: 208 } as const;

/** struct bpf_map_info (include/uapi/linux/bpf.h), as far as it is read: bytes. */
const MAP_INFO = { size: 88, maxEntries: 16 } as const;

/** enum bpf_attach_type (include/uapi/linux/bpf.h). */
const BPF_TRACE_ITER = 28;

/** struct bpf_link_create_opts (bpf.h of libbpf), as far as iterators need it. */
interface LinkOptions {
  readonly sz: number;
  readonly flags: number;
  readonly iter_info: Uint32Array | null;
  readonly iter_info_len: number;
  readonly target_btf_id: number;
}

const LINK_OPTIONS_BYTES = koffi.sizeof(
  koffi.struct('weir_link_create_opts', {
    sz: 'size_t',
    flags: 'uint32_t',
    iter_info: 'void *',
    iter_info_len: 'uint32_t',
    target_btf_id: 'uint32_t',
  }),
);

/** libbpf's functions under their C names' meaning; pointers are addresses or null, results 0 or −errno. */
interface Functions {
  readonly openFile: (path: string, options: null) => Pointer | null;
  readonly loadObject: (object: Pointer) => number;
  readonly closeObject: (object: Pointer) => void;
  readonly findMap: (object: Pointer, name: string) => Pointer | null;
  readonly findProgram: (object: Pointer, name: string) => Pointer | null;
  readonly setAutoload: (program: Pointer, autoload: boolean) => number;
  readonly attachProgram: (program: Pointer) => Pointer | null;
  readonly destroyLink: (link: Pointer) => number;
  readonly linkFd: (link: Pointer) => number;
  readonly pinObject: (fd: number, path: string) => number;
  readonly getObject: (path: string) => number;
  readonly programFd: (program: Pointer) => number;
  readonly createLink: (program: number, target: number, type: number, options: LinkOptions) => number;
  readonly createIterator: (link: number) => number;
  readonly objectInfo: (fd: number, info: Uint8Array, length: [number]) => number;
  readonly mapFd: (map: Pointer) => number;
  readonly setMapMaxEntries: (map: Pointer, entries: number) => number;
  readonly mapInitialValue: (map: Pointer, size: [number]) => Pointer;
  readonly lookupElement: (fd: number, key: Uint8Array, value: Uint8Array) => number;
  readonly updateElement: (fd: number, key: Uint8Array, value: Uint8Array, flags: number) => number;
  readonly deleteElement: (fd: number, key: Uint8Array) => number;
  readonly nextKey: (fd: number, key: Uint8Array | null, next: Uint8Array) => number;
  readonly possibleCpus: () => number;
  readonly versionString: () => string;
  readonly setPrint: (print: unknown) => unknown;
}

/** The functions of libbpf that Weir calls. */
export class Libbpf {
  static #loaded: Libbpf | undefined;
  readonly #functions: Functions;
  #log = '';

  private constructor(functions: Functions) {
    this.#functions = functions;
  }

  /**
   * Loads the library; once for the whole process, since it has one place to print to. Throws Unsupported when it, or a
   * symbol that Weir cannot do without, is missing.
   */
  static load(): Libbpf {
    Libbpf.#loaded ??= Libbpf.#load();
    return Libbpf.#loaded;
  }

  static #load(): Libbpf {
    const libbpf = new Libbpf(lookUp(openLibrary()));
    const print = koffi.proto('int weir_libbpf_print(int level, const char *format, void *arguments)');
    const keep = koffi.register((_level: number, format: string, variadic: unknown) => {
      libbpf.#keepLog(formatVaList(format, variadic));
      return 0;
    }, koffi.pointer(print));
    libbpf.#functions.setPrint(keep);
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

  /** Such as `1.1`. */
  version(): string {
    return this.#functions.versionString().replace(/^v/, '');
  }

  /** Opens an object file; undefined when it cannot be read or parsed. */
  openFile(path: string): Pointer | undefined {
    return this.#functions.openFile(path, null) ?? undefined;
  }

  /** Loads programs and maps into the kernel. Returns 0 or −errno. */
  loadObject(object: Pointer): number {
    return this.#functions.loadObject(object);
  }

  closeObject(object: Pointer): void {
    this.#functions.closeObject(object);
  }

  findMap(object: Pointer, name: string): Pointer {
    const map = this.#functions.findMap(object, name);
    if (!map) throw new WeirError('Internal', `the program object has no map ${name}: rebuild it (make -C bpf)`);
    return map;
  }

  findProgram(object: Pointer, name: string): Pointer {
    const program = this.#functions.findProgram(object, name);
    if (!program) throw new WeirError('Internal', `the object has no program ${name}: rebuild it (make -C bpf)`);
    return program;
  }

  /** This program is not loaded with its object. */
  leaveOut(program: Pointer): void {
    this.#functions.setAutoload(program, false);
  }

  /** Attaches by the program's section name; undefined when the kernel refuses. */
  attachProgram(program: Pointer): Pointer | undefined {
    return this.#functions.attachProgram(program) ?? undefined;
  }

  /** How often the kernel did not run a loaded program because it was running on that CPU already. */
  recursionMisses(programFd: number): number {
    return Number(this.#info(programFd, PROGRAM_INFO.size).getBigUint64(PROGRAM_INFO.recursionMisses, true));
  }

  /** The name of a loaded program; the kernel keeps its first 15 characters. */
  programName(programFd: number): string {
    const { buffer } = this.#info(programFd, PROGRAM_INFO.size);
    const name = Buffer.from(buffer, PROGRAM_INFO.name, PROGRAM_INFO.nameBytes).toString('latin1');
    return name.slice(0, name.indexOf('\0'));
  }

  #info(fd: number, bytes: number): DataView {
    const info = new Uint8Array(bytes);
    const result = this.#functions.objectInfo(fd, info, [bytes]);
    if (result < 0)
      throw new WeirError('KernelRefused', `the kernel does not tell of what is loaded: ${errorText(result)}`);
    return new DataView(info.buffer);
  }

  programFd(program: Pointer): number {
    return this.#functions.programFd(program);
  }

  /**
   * A link of an iterator program, over the elements of a map where one is given; every look at it is a descriptor of
   * `createIterator`. Both return a file descriptor or −errno.
   */
  linkIterator(programFd: number, mapFd: number | undefined): number {
    const target = mapFd === undefined ? null : Uint32Array.of(mapFd);
    return this.#functions.createLink(programFd, 0, BPF_TRACE_ITER, {
      sz: LINK_OPTIONS_BYTES,
      flags: 0,
      iter_info: target,
      iter_info_len: target === null ? 0 : target.byteLength,
      target_btf_id: 0,
    });
  }

  createIterator(linkFd: number): number {
    return this.#functions.createIterator(linkFd);
  }

  destroyLink(link: Pointer): void {
    this.#functions.destroyLink(link);
  }

  linkFd(link: Pointer): number {
    return this.#functions.linkFd(link);
  }

  /** Keeps a map, program or link under this path of a bpffs while no process holds it. Returns 0 or −errno. */
  pinObject(fd: number, path: string): number {
    return this.#functions.pinObject(fd, path);
  }

  /** A descriptor of what is pinned there, or −errno. */
  getObject(path: string): number {
    return this.#functions.getObject(path);
  }

  mapFd(map: Pointer): number {
    return this.#functions.mapFd(map);
  }

  mapMaxEntries(mapFd: number): number {
    return this.#info(mapFd, MAP_INFO.size).getUint32(MAP_INFO.maxEntries, true);
  }

  /** Sets a map's size; only between open and load. Returns 0 or −errno. */
  setMapMaxEntries(map: Pointer, entries: number): number {
    return this.#functions.setMapMaxEntries(map, entries);
  }

  /** The bytes that a data section will start with; writable between open and load. */
  mapInitialValue(map: Pointer): Uint8Array {
    const size: [number] = [0];
    const address = this.#functions.mapInitialValue(map, size);
    return new Uint8Array(koffi.view(address, size[0]));
  }

  /** Returns 0 or −errno; `value` is written. */
  lookupElement(fd: number, key: Uint8Array, value: Uint8Array): number {
    return this.#functions.lookupElement(fd, key, value);
  }

  updateElement(fd: number, key: Uint8Array, value: Uint8Array): number {
    return this.#functions.updateElement(fd, key, value, 0);
  }

  deleteElement(fd: number, key: Uint8Array): number {
    return this.#functions.deleteElement(fd, key);
  }

  /** Writes the key after this one, or the first; 0 or −errno, ENOENT after the last. */
  nextKey(fd: number, key: Uint8Array | undefined, next: Uint8Array): number {
    return this.#functions.nextKey(fd, key ?? null, next);
  }

  /** CPUs that the kernel may bring up: the length of every per-CPU value. */
  possibleCpus(): number {
    return this.#functions.possibleCpus();
  }
}

function openLibrary(): LibraryHandle {
  try {
    return koffi.load(LIBRARY);
  } catch (cause) {
    throw new WeirError('Unsupported', `${LIBRARY} is not installed: install libbpf 1.1 or newer (Debian: libbpf1)`, {
      cause,
    });
  }
}

function lookUp(library: LibraryHandle): Functions {
  const symbol = (signature: string) => {
    try {
      return library.func(signature);
    } catch (cause) {
      const name = /(\w+)\(/.exec(signature)?.[1] ?? signature;
      throw new WeirError('Unsupported', `${LIBRARY} lacks ${name}: install libbpf 1.1 or newer`, { cause });
    }
  };
  return {
    openFile: symbol('void *bpf_object__open_file(const char *path, const void *options)'),
    loadObject: symbol('int bpf_object__load(void *object)'),
    closeObject: symbol('void bpf_object__close(void *object)'),
    findMap: symbol('void *bpf_object__find_map_by_name(void *object, const char *name)'),
    findProgram: symbol('void *bpf_object__find_program_by_name(void *object, const char *name)'),
    setAutoload: symbol('int bpf_program__set_autoload(void *program, bool autoload)'),
    attachProgram: symbol('void *bpf_program__attach(void *program)'),
    destroyLink: symbol('int bpf_link__destroy(void *link)'),
    linkFd: symbol('int bpf_link__fd(void *link)'),
    pinObject: symbol('int bpf_obj_pin(int fd, const char *path)'),
    getObject: symbol('int bpf_obj_get(const char *path)'),
    createLink: symbol('int bpf_link_create(int program, int target, int type, const weir_link_create_opts *options)'),
    createIterator: symbol('int bpf_iter_create(int link)'),
    programFd: symbol('int bpf_program__fd(void *program)'),
    objectInfo: symbol('int bpf_obj_get_info_by_fd(int fd, _Inout_ void *info, _Inout_ uint32_t *length)'),
    mapFd: symbol('int bpf_map__fd(void *map)'),
    setMapMaxEntries: symbol('int bpf_map__set_max_entries(void *map, uint32_t entries)'),
    mapInitialValue: symbol('void *bpf_map__initial_value(void *map, _Out_ size_t *size)'),
    lookupElement: symbol('int bpf_map_lookup_elem(int fd, const void *key, _Out_ void *value)'),
    updateElement: symbol('int bpf_map_update_elem(int fd, const void *key, const void *value, uint64_t flags)'),
    deleteElement: symbol('int bpf_map_delete_elem(int fd, const void *key)'),
    nextKey: symbol('int bpf_map_get_next_key(int fd, const void *key, _Out_ void *next)'),
    possibleCpus: symbol('int libbpf_num_possible_cpus()'),
    versionString: symbol('const char *libbpf_version_string()'),
    setPrint: symbol('void *libbpf_set_print(void *print)'),
  };
}
