import { describe, expect, test } from 'vitest';
import { LIMITATIONS, notHonoured } from '../../../src/api/honoured.ts';
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

describe('what asks for no more than this version does is honoured', () => {
  test.each([
    ['FlowCapture', '{}'],
    [
      'FlowCapture',
      '{podSelector: {matchLabels: {app: a}}, namespaceSelector: {matchExpressions: [{key: a, operator: Exists}]}}',
    ],
    [
      'FlowCapture',
      '{nodeSelector: {}, protocols: [TCP], direction: Any, peers: [], sampling: {oneIn: 1}, suspend: true}',
    ],
    ['FlowCapture', '{nodeSelector: {matchLabels: {}, matchExpressions: []}, sampling: {}, reporting: {}, limits: {}}'],
    ['FlowCapture', '{exports: [{name: a}, {name: b, namespace: shop}]}'],
    [
      'FlowExport',
      '{stdout: {}, batch: {}, buffer: {}, labels: {}, allowedNamespaces: {from: Same}, peerDetail: Full}',
    ],
    ['FlowExport', '{file: {path: /a}, fields: [start]}'],
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
  ['FlowCapture', '{direction: Inbound}', `f:4:19: spec.direction: Inbound ${TAIL('honours Any')}`],
  [
    'FlowCapture',
    '{peers: [{action: Include, podSelector: {}}]}',
    `f:4:16: spec.peers[0]: peers[0] ${TAIL('captures every peer')}`,
  ],
  ['FlowCapture', '{sampling: {oneIn: 10}}', `f:4:26: spec.sampling.oneIn: 10 ${TAIL('honours 1')}`],
  [
    'FlowCapture',
    '{reporting: {activeSeconds: 60}}',
    `f:4:35: spec.reporting.activeSeconds: 60 ${TAIL('reports a connection when it ends')}`,
  ],
  [
    'FlowCapture',
    '{reporting: {idleSeconds: 15}}',
    `f:4:33: spec.reporting.idleSeconds: 15 ${TAIL('reports a connection when it ends')}`,
  ],
  [
    'FlowCapture',
    '{limits: {flowsPerSecond: 20000}}',
    `f:4:33: spec.limits.flowsPerSecond: 20000 ${TAIL('sets no limit')}`,
  ],
  ['FlowCapture', '{durationSeconds: 5}', `f:4:25: spec.durationSeconds: 5 ${TAIL('captures until it is stopped')}`],
  [
    'FlowCapture',
    '{exports: [{name: a, namespace: other}]}',
    `f:4:39: spec.exports[0].namespace: other ${TAIL("honours the capture's own namespace")}`,
  ],
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
    '{file: {path: /a, maxBytes: 1048576}}',
    `f:4:35: spec.file.maxBytes: 1048576 ${TAIL('appends to one file')}`,
  ],
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
  [
    'FlowExport',
    '{stdout: {}, allowedNamespaces: {from: All}}',
    `f:4:46: spec.allowedNamespaces.from: All ${TAIL('honours Same')}`,
  ],
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
      'spec.file.maxFiles',
      ...REFUSED.map(([, , text]) => (/: (spec\S+):/.exec(text)?.[1] ?? '').replace(/\[\d+\]/, '[]')),
    ]);
    const all = [...LIMITATIONS.FlowCapture, ...LIMITATIONS.FlowExport].map(({ path }) => path);
    expect(all.filter((path) => !tested.has(path))).toEqual([]);
  });

  test('a count of renamed files, with the size that makes them', () => {
    expect(problemsOf('FlowExport', '{file: {path: /a, maxBytes: 1048576, maxFiles: 2}}')).toEqual([
      `f:4:35: spec.file.maxBytes: 1048576 ${TAIL('appends to one file')}`,
      `f:4:54: spec.file.maxFiles: 2 ${TAIL('appends to one file')}`,
    ]);
  });
});
