import type { LocatedObject } from './manifest/manifest.ts';
import { type FieldPath, formatPath, type Problem, quote } from './manifest/problem.ts';
import { isFlowCapture, isFlowExport } from './objects.ts';
import type { LabelSelector } from './types.generated.ts';

/**
 * A field that is legal and that this version does not obey, or not with every value. It is refused, never ignored:
 * whoever asked for it would otherwise believe the flows they see.
 */
export interface Limitation {
  /** Path of the field; `[]` stands for every entry of the list before it. */
  readonly path: string;
  /** What this version does instead, after "it". */
  readonly instead: string;
}

type Check = (value: unknown) => boolean;

/** What asks for nothing beyond what this version does. Without one, giving the field at all is refused. */
interface CheckedLimitation extends Limitation {
  readonly isHonoured?: Check;
  /** The schema's default: in a cluster every object has it, so there it asks for nothing. */
  readonly default?: string | number;
  /** True where only a capture without a cluster does not obey the field. */
  readonly standaloneOnly?: true;
}

const CAPTURE: readonly CheckedLimitation[] = [
  {
    path: 'spec.nodeSelector',
    instead: 'captures on this node whatever its labels',
    isHonoured: isEmptySelector,
    standaloneOnly: true,
  },
  { path: 'spec.protocols[]', instead: 'honours TCP', isHonoured: (value) => value === 'TCP' },
];

const DESTINATIONS = ['otlp', 'ipfix', 'kafka', 'grpc', 'http', 'loki', 'clickhouse', 's3'];

const EXPORT: readonly CheckedLimitation[] = [
  ...DESTINATIONS.map((name) => ({ path: `spec.${name}`, instead: 'honours stdout and file' })),
  { path: 'spec.aggregate', instead: 'exports every record as it is' },
  { path: 'spec.labels', instead: 'adds no labels', isHonoured: isEmptyObject },
  { path: 'spec.limits', instead: 'sets no limit' },
  { path: 'spec.tls', instead: 'honours stdout and file, which need none' },
  { path: 'spec.batch.maxRecords', instead: 'chooses batches itself', default: 1000 },
  { path: 'spec.batch.maxSeconds', instead: 'chooses batches itself', default: 1 },
  { path: 'spec.batch.maxBytes', instead: 'chooses batches itself', default: 1_048_576 },
  { path: 'spec.buffer.memoryBytes', instead: 'chooses its buffers itself', default: 16_777_216 },
  { path: 'spec.buffer.diskBytes', instead: 'chooses its buffers itself', default: 0 },
  { path: 'spec.buffer.onFull', instead: 'chooses its buffers itself', default: 'DropOldest' },
  { path: 'spec.peerDetail', instead: 'honours Full', isHonoured: (value) => value === 'Full' },
];

/** What this version does not honour of each kind; docs/api.md is made from it. */
export const LIMITATIONS: Readonly<Record<'FlowCapture' | 'FlowExport', readonly CheckedLimitation[]>> = {
  FlowCapture: CAPTURE,
  FlowExport: EXPORT,
};

/** A problem for every field of an accepted object that asks for what `weir capture` does not do. */
export function notHonoured(object: LocatedObject): Problem[] {
  const limitations = isFlowCapture(object) ? CAPTURE : isFlowExport(object) ? EXPORT : [];
  return limitations.flatMap(({ path, instead, isHonoured }) =>
    matchesOf(object.value, path)
      .filter((match) => object.isGiven(match.path) && isHonoured?.(match.value) !== true)
      .map((match) => object.problemAt(match.path, messageFor(match, instead), `that Weir ${instead}`)),
  );
}

/** A field of an object in a cluster that asks for what this version does not do. */
export interface UnhonouredField {
  /** As `spec.sampling.oneIn`. */
  readonly path: string;
  /** What is wrong and what to write instead, without the path. Safe for a terminal. */
  readonly message: string;
}

/** The fields of an object that an API server holds, defaults filled in, which ask for what this version does not do. */
export function notHonouredInCluster(kind: keyof typeof LIMITATIONS, object: unknown): UnhonouredField[] {
  return LIMITATIONS[kind]
    .filter(({ standaloneOnly }) => standaloneOnly !== true)
    .flatMap((limitation) =>
      matchesOf(object, limitation.path)
        .filter(({ value }) => value !== limitation.default && limitation.isHonoured?.(value) !== true)
        .map((match) => ({ path: formatPath(match.path), message: messageFor(match, limitation.instead) })),
    );
}

function messageFor({ value, path }: Match, instead: string): string {
  return `${show(value, path)} is not honoured by this version of Weir (it ${instead}); remove it`;
}

function matchesOf(object: unknown, path: string): Match[] {
  return matches(object, path.split(/\.|(?=\[\])/), []);
}

interface Match {
  readonly path: FieldPath;
  readonly value: unknown;
}

function matches(value: unknown, steps: readonly string[], path: FieldPath): Match[] {
  const [step, ...rest] = steps;
  if (step === undefined) return [{ path, value }];
  if (step === '[]') {
    return Array.isArray(value) ? value.flatMap((item: unknown, index) => matches(item, rest, [...path, index])) : [];
  }
  if (!isObject(value) || !Object.hasOwn(value, step)) return [];
  return matches(value[step], rest, [...path, step]);
}

function show(value: unknown, path: FieldPath): string {
  if (typeof value === 'string') return quote(value).slice(1, -1);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return formatPath(path.slice(1));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isEmptyObject(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}

function isEmptySelector(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { matchLabels = {}, matchExpressions = [] }: LabelSelector = value;
  return isEmptyObject(matchLabels) && matchExpressions.length === 0;
}
