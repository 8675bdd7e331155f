/** libbpf's functions as koffi calls them: each by its signature in C, looked up one by one. */
import koffi, { type LibraryHandle } from 'koffi';
import { WeirError } from '../../lib/errors.ts';

/** An address in this process; opaque. */
export type Pointer = bigint;

const LIBRARY = 'libbpf.so.1';

/** struct bpf_link_create_opts (bpf.h of libbpf), as far as iterators need it. */
interface LinkOptions {
  readonly sz: number;
  readonly flags: number;
  readonly iter_info: Uint32Array | null;
  readonly iter_info_len: number;
  readonly target_btf_id: number;
}

export const LINK_OPTIONS_BYTES = koffi.sizeof(
  koffi.struct('weir_link_create_opts', {
    sz: 'size_t',
    flags: 'uint32_t',
    iter_info: 'void *',
    iter_info_len: 'uint32_t',
    target_btf_id: 'uint32_t',
  }),
);

/** libbpf's functions under their C names' meaning; pointers are addresses or null, results 0 or −errno. */
export interface Functions {
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

/** @throws WeirError Unsupported where the library, or a function that Weir cannot do without, is missing. */
export function loadFunctions(): Functions {
  return lookUp(openLibrary());
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
