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

type Check = (value: unknown, object: LocatedObject) => boolean;

/** Values that ask for nothing beyond what this version does. Without a check, giving the field at all is refused. */
interface CheckedLimitation extends Limitation {
  readonly isHonoured?: Check;
}

const CAPTURE: readonly CheckedLimitation[] = [
  { path: 'spec.nodeSelector', instead: 'captures on this node whatever its labels', isHonoured: isEmptySelector },
  { path: 'spec.protocols[]', instead: 'honours TCP', isHonoured: (value) => value === 'TCP' },
  { path: 'spec.direction', instead: 'honours Any', isHonoured: (value) => value === 'Any' },
  { path: 'spec.peers[]', instead: 'captures every peer' },
  { path: 'spec.sampling.oneIn', instead: 'honours 1', isHonoured: (value) => value === 1 },
  { path: 'spec.reporting.activeSeconds', instead: 'reports a connection when it ends' },
  { path: 'spec.reporting.idleSeconds', instead: 'reports a connection when it ends' },
  { path: 'spec.limits.flowsPerSecond', instead: 'sets no limit' },
  { path: 'spec.durationSeconds', instead: 'captures until it is stopped' },
  { path: 'spec.exports[].namespace', instead: "honours the capture's own namespace", isHonoured: isOwnNamespace },
];

const DESTINATIONS = ['otlp', 'ipfix', 'kafka', 'grpc', 'http', 'loki', 'clickhouse', 's3'];

const EXPORT: readonly CheckedLimitation[] = [
  ...DESTINATIONS.map((name) => ({ path: `spec.${name}`, instead: 'honours stdout and file' })),
  { path: 'spec.file.maxBytes', instead: 'appends to one file' },
  { path: 'spec.file.maxFiles', instead: 'appends to one file' },
  { path: 'spec.aggregate', instead: 'exports every record as it is' },
  { path: 'spec.labels', instead: 'adds no labels', isHonoured: isEmptyObject },
  { path: 'spec.limits', instead: 'sets no limit' },
  { path: 'spec.tls', instead: 'honours stdout and file, which need none' },
  ...['maxRecords', 'maxSeconds', 'maxBytes'].map((name) => ({
    path: `spec.batch.${name}`,
    instead: 'chooses batches itself',
  })),
  ...['memoryBytes', 'diskBytes', 'onFull'].map((name) => ({
    path: `spec.buffer.${name}`,
    instead: 'chooses its buffers itself',
  })),
  { path: 'spec.peerDetail', instead: 'honours Full', isHonoured: (value) => value === 'Full' },
  { path: 'spec.allowedNamespaces.from', instead: 'honours Same', isHonoured: (value) => value === 'Same' },
];

/** What this version does not honour of each kind; docs/api.md is made from it. */
export const LIMITATIONS: Readonly<Record<'FlowCapture' | 'FlowExport', readonly Limitation[]>> = {
  FlowCapture: CAPTURE,
  FlowExport: EXPORT,
};

/** A problem for every field of an accepted object that asks for what this version does not do. */
export function notHonoured(object: LocatedObject): Problem[] {
  const limitations = isFlowCapture(object) ? CAPTURE : isFlowExport(object) ? EXPORT : [];
  return limitations.flatMap(({ path, instead, isHonoured }) =>
    matches(object.value, path.split(/\.|(?=\[\])/), [])
      .filter((match) => object.isGiven(match.path) && isHonoured?.(match.value, object) !== true)
      .map((match) => {
        const message = `${show(match.value, match.path)} is not honoured by this version of Weir (it ${instead}); remove it`;
        return object.problemAt(match.path, message, `that Weir ${instead}`);
      }),
  );
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

function isOwnNamespace(value: unknown, object: LocatedObject): boolean {
  return value === object.namespace;
}
