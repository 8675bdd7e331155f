/**
 * libbpf, called through koffi. Symbols are looked up one by one, so that an old libbpf is told from a missing one; what
 * libbpf prints (the verifier's log among it) is kept for error messages instead of going to stderr.
 */
import koffi from 'koffi';
import { WeirError } from '../../lib/errors.ts';
import { type Functions, LINK_OPTIONS_BYTES, loadFunctions, type Pointer } from './libbpf-functions.ts';
import { errorText, formatVaList } from './libc.ts';

const MAX_LOG_CHARACTERS = 64 * 1024;
/** struct bpf_prog_info (include/uapi/linux/bpf.h), as far as it is read: bytes. */
const PROGRAM_INFO = { size: 232, name: 64, nameBytes: 16, recursionMisses: 208 } as const;

/** struct bpf_map_info (include/uapi/linux/bpf.h), as far as it is read: bytes. */
const MAP_INFO = { size: 88, maxEntries: 16 } as const;

/** enum bpf_attach_type (include/uapi/linux/bpf.h). */
const BPF_TRACE_ITER = 28;

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
    const libbpf = new Libbpf(loadFunctions());
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
