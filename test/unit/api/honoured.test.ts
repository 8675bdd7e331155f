import { describe, expect, test } from 'vitest';
import { LIMITATIONS, notHonoured, notHonouredInCluster } from '../../../src/api/honoured.ts';
import { parseManifest } from '../../../src/api/manifest/manifest.ts';
import { formatProblem } from '../../../src/api/manifest/problem.ts';
import { KINDS } from '../../support/manifests/kinds.ts';
import { manifest } from '../../support/manifests/table.ts';

function problemsOf(kind: 'FlowCapture' | 'FlowExport', spec: string): string[] {
  const { objects, problems } = parseManifest(manifest(kind, 'a', spec), 'f', KINDS);
  expect(problems.map(formatProblem)).toEqual([]);
  return objects.flatMap(notHonoured).map(formatProblem);
}

const TAIL = (instead: string) => `is not honoured by this version of Weir (it ${instead}); remove it`;

/** As an API server holds it. */
function objectOf(kind: 'FlowCapture' | 'FlowExport', spec: string): unknown {
  const { objects, problems } = parseManifest(manifest(kind, 'a', spec), 'f', KINDS);
  expect(problems.map(formatProblem)).toEqual([]);
  return objects[0]?.value;
}

describe('what asks for no more than this version does is honoured', () => {
  test.each([
    ['FlowCapture', '{}'],
    [
      'FlowCapture',
      '{podSelector: {matchLabels: {app: a}}, namespaceSelector: {matchExpressions: [{key: a, operator: Exists}]}}',
    ],
    [
      'FlowCapture',
      '{nodeSelector: {}, protocols: [TCP], direction: Inbound, peers: [{action: Include, podSelector: {}}], sampling: {oneIn: 10}, suspend: true}',
    ],
    [
      'FlowCapture',
      '{nodeSelector: {matchLabels: {}, matchExpressions: []}, sampling: {}, reporting: {activeSeconds: 5}, limits: {flowsPerSecond: 1}}',
    ],
    ['FlowCapture', '{exports: [{name: a}, {name: b, namespace: other}]}'],
    ['FlowExport', '{stdout: {}, batch: {}, buffer: {}, labels: {}, allowedNamespaces: {from: All}, peerDetail: Full}'],
    ['FlowExport', '{file: {path: /a}, fields: [start]}'],
    ['FlowExport', '{file: {path: /a, maxBytes: 1048576, maxAgeSeconds: 60, maxFiles: 2, compression: Gzip}}'],
  ] as const)('%s %s', (kind, spec) => {
    expect(problemsOf(kind, spec)).toEqual([]);
  });
});

const REFUSED: readonly (readonly ['FlowCapture' | 'FlowExport', string, string])[] = [
  [
    'FlowCapture',
    '{nodeSelector: {matchLabels: {a: b}}}',
    `f:4:22: spec.nodeSelector: nodeSelector ${TAIL('captures on this node whatever its labels')}`,
  ],
  [
    'FlowCapture',
    '{nodeSelector: {matchExpressions: [{key: a, operator: Exists}]}}',
    `f:4:22: spec.nodeSelector: nodeSelector ${TAIL('captures on this node whatever its labels')}`,
  ],
  ['FlowCapture', '{protocols: [TCP, DNS]}', `f:4:25: spec.protocols[1]: DNS ${TAIL('honours TCP')}`],
  ['FlowExport', '{otlp: {endpoint: "https://a"}}', `f:4:14: spec.otlp: otlp ${TAIL('honours stdout and file')}`],
  ['FlowExport', '{ipfix: {address: "a:1"}}', `f:4:15: spec.ipfix: ipfix ${TAIL('honours stdout and file')}`],
  [
    'FlowExport',
    '{kafka: {brokers: ["a:1"], topic: t}}',
    `f:4:15: spec.kafka: kafka ${TAIL('honours stdout and file')}`,
  ],
  ['FlowExport', '{grpc: {address: "a:1"}}', `f:4:14: spec.grpc: grpc ${TAIL('honours stdout and file')}`],
  ['FlowExport', '{http: {url: "https://a"}}', `f:4:14: spec.http: http ${TAIL('honours stdout and file')}`],
  ['FlowExport', '{loki: {url: "https://a"}}', `f:4:14: spec.loki: loki ${TAIL('honours stdout and file')}`],
  [
    'FlowExport',
    '{clickhouse: {url: "https://a"}}',
    `f:4:20: spec.clickhouse: clickhouse ${TAIL('honours stdout and file')}`,
  ],
  ['FlowExport', '{s3: {bucket: abc, region: r}}', `f:4:12: spec.s3: s3 ${TAIL('honours stdout and file')}`],
  [
    'FlowExport',
    '{stdout: {}, aggregate: {by: Workload}}',
    `f:4:31: spec.aggregate: aggregate ${TAIL('exports every record as it is')}`,
  ],
  ['FlowExport', '{stdout: {}, labels: {a: b}}', `f:4:28: spec.labels: labels ${TAIL('adds no labels')}`],
  ['FlowExport', '{stdout: {}, limits: {recordsPerSecond: 1}}', `f:4:28: spec.limits: limits ${TAIL('sets no limit')}`],
  [
    'FlowExport',
    '{stdout: {}, batch: {maxRecords: 1}}',
    `f:4:40: spec.batch.maxRecords: 1 ${TAIL('chooses batches itself')}`,
  ],
  [
    'FlowExport',
    '{stdout: {}, batch: {maxSeconds: 1}}',
    `f:4:40: spec.batch.maxSeconds: 1 ${TAIL('chooses batches itself')}`,
  ],
  [
    'FlowExport',
    '{stdout: {}, batch: {maxBytes: 1024}}',
    `f:4:38: spec.batch.maxBytes: 1024 ${TAIL('chooses batches itself')}`,
  ],
  [
    'FlowExport',
    '{stdout: {}, buffer: {memoryBytes: 65536}}',
    `f:4:42: spec.buffer.memoryBytes: 65536 ${TAIL('chooses its buffers itself')}`,
  ],
  [
    'FlowExport',
    '{stdout: {}, buffer: {diskBytes: 0}}',
    `f:4:40: spec.buffer.diskBytes: 0 ${TAIL('chooses its buffers itself')}`,
  ],
  [
    'FlowExport',
    '{stdout: {}, buffer: {onFull: Block}}',
    `f:4:37: spec.buffer.onFull: Block ${TAIL('chooses its buffers itself')}`,
  ],
  ['FlowExport', '{stdout: {}, peerDetail: Scoped}', `f:4:32: spec.peerDetail: Scoped ${TAIL('honours Full')}`],
];

describe('what this version does not do is refused by name, at its place', () => {
  test.each(REFUSED)('%s %s', (kind, spec, expected) => {
    expect(problemsOf(kind, spec)).toEqual([expected]);
  });

  test('with a whole spec of them, each once', () => {
    const spec = '{kafka: {brokers: ["a:1"], topic: t}, tls: {}, file: null}';
    expect(problemsOf('FlowExport', spec)).toEqual([
      `f:4:15: spec.kafka: kafka ${TAIL('honours stdout and file')}`,
      `f:4:50: spec.tls: tls ${TAIL('honours stdout and file, which need none')}`,
    ]);
  });

  test('and every limitation is tested', () => {
    const tested = new Set([
      'spec.tls',
      ...REFUSED.map(([, , text]) => (/: (spec\S+):/.exec(text)?.[1] ?? '').replace(/\[\d+\]/, '[]')),
    ]);
    const all = [...LIMITATIONS.FlowCapture, ...LIMITATIONS.FlowExport].map(({ path }) => path);
    expect(all.filter((path) => !tested.has(path))).toEqual([]);
  });
});

describe('in a cluster, where every default stands in the object', () => {
  test.each([
    ['FlowCapture', '{}'],
    ['FlowCapture', '{nodeSelector: {matchLabels: {a: b}}, reporting: {activeSeconds: 60}}'],
    ['FlowExport', '{stdout: {}}'],
    ['FlowExport', '{file: {path: /a}, batch: {maxRecords: 1000}, buffer: {onFull: DropOldest}}'],
  ] as const)('%s %s asks for nothing more', (kind, spec) => {
    expect(notHonouredInCluster(kind, objectOf(kind, spec))).toEqual([]);
  });

  const OUTSIDE = new Set(['spec.nodeSelector']);
  const defaulted = new Map(
    [...LIMITATIONS.FlowCapture, ...LIMITATIONS.FlowExport].map((limitation) => [limitation.path, limitation.default]),
  );
  test.each(
    REFUSED.map(([kind, spec, text]) => ({ kind, spec, path: /: (spec\S+):/.exec(text)?.[1] ?? '', text })).filter(
      ({ path, text }) =>
        !OUTSIDE.has(path) && !text.includes(`${String(defaulted.get(path.replace(/\[\d+\]/, '[]')))} is not`),
    ),
  )('$kind $spec is refused by name', ({ kind, spec, path, text }) => {
    const message = text.slice(text.indexOf(`${path}: `) + path.length + 2);
    expect(notHonouredInCluster(kind, objectOf(kind, spec))).toEqual([{ path, message }]);
  });

  test('every default in the table is the one that the schema fills in', () => {
    const wrong = (['FlowCapture', 'FlowExport'] as const).flatMap((kind) => {
      const object = objectOf(kind, kind === 'FlowCapture' ? '{}' : '{stdout: {}}');
      return LIMITATIONS[kind].filter(({ path, default: expected }) => {
        if (expected === undefined) return false;
        let value: unknown = object;
        for (const step of path.split('.')) value = Object.entries(value ?? {}).find(([key]) => key === step)?.[1];
        return value !== expected;
      });
    });
    expect(wrong).toEqual([]);
  });
});
