import type { Flow } from './flow.ts';

/**
 * The IPFIX element that carries a field: one element, one for each address family, or the reverse of an element
 * (RFC 5103: enterprise 29305). `null`: IANA has no element with this meaning, so it needs an enterprise element.
 */
export type Ipfix = number | { readonly ipv4: number; readonly ipv6: number } | { readonly reverse: number } | null;

/** UCUM code, as OpenTelemetry writes units. `null`: the value has no unit. */
export type Unit = 'us' | 'By' | '{packet}' | null;

interface Common<Name extends string> {
  /** Dotted name, after OpenTelemetry's network conventions. */
  readonly name: Name;
  readonly unit: Unit;
  readonly ipfix: Ipfix;
  readonly description: string;
  /**
   * The immutable object that this field is read from, when many records share it. An encoder may keep the encoding of
   * such an object; fields that stand side by side with the same `shared` are kept as one piece.
   */
  readonly shared?: ((flow: Flow) => object | undefined) | undefined;
}

/** One field of the record: its meaning, its limits and how to read it. Times are µs since the epoch, exact integers. */
export type Field<Name extends string = string> = Common<Name> &
  (
    | {
        readonly type: 'string';
        readonly maxLength: number;
        /** Records repeat few values, so that an encoder gains by keeping them. */
        readonly dictionary: boolean;
        readonly get: (flow: Flow) => string | undefined;
      }
    | { readonly type: 'stringList'; readonly maxLength: number; readonly get: (flow: Flow) => readonly string[] }
    | { readonly type: 'enum'; readonly values: Values; readonly get: (flow: Flow) => string | undefined }
    | { readonly type: 'address'; readonly get: (flow: Flow) => string }
    | { readonly type: 'integer'; readonly get: (flow: Flow) => number | undefined }
    | { readonly type: 'timestamp'; readonly get: (flow: Flow) => number }
    | { readonly type: 'boolean'; readonly get: (flow: Flow) => boolean | undefined }
  );

/** The values of a closed set, each with what it means. */
export type Values = Readonly<Record<string, string>>;

/** Limits of text, in UTF-16 code units; what is longer is cut and ends in `…`. */
export const MAX_LENGTH = {
  /** A DNS label: namespaces, Services. */
  label: 63,
  /** A DNS subdomain: Pods, Nodes, workloads. */
  subdomain: 253,
  /** A UUID, or the hash that static pods carry instead. */
  uid: 64,
  /** Kind of a Kubernetes object. */
  kind: 63,
  /** NAME_MAX of Linux. */
  fileName: 255,
  /** Hex digits of a container id, with room for runtimes that write longer ones. */
  containerId: 128,
  reason: 256,
  /** `namespace/name`. */
  objectName: 63 + 1 + 253,
  flowId: 16,
} as const;
