/**
 * Specs that are accepted and specs that are refused, in pairs: one pair at least for every CEL rule of crds/ and for
 * every kind of schema rule. Whatever validates manifests is held against this one table.
 */
export interface Pair {
  /** The rule, in the words of JSON Schema or Kubernetes; `rule` is a CEL rule. */
  readonly keyword: string;
  readonly kind: 'FlowCapture' | 'FlowExport';
  /** The spec, in YAML's flow style. */
  readonly accepted: string;
  readonly refused: string;
  /** Path of the field that the refusal names. */
  readonly path: string;
  /** The refusal, whole. Of a CEL rule it is the same wherever the rule runs. */
  readonly message: string;
}

/** A whole manifest around a spec. */
export function manifest(kind: Pair['kind'], name: string, spec: string): string {
  return `apiVersion: weir.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const labels = (count: number) =>
  numbers(count)
    .map((n) => `l${n}: v`)
    .join(', ');

const SCHEMA: readonly Pair[] = [
  {
    keyword: 'type: object',
    kind: 'FlowCapture',
    accepted: '{sampling: {oneIn: 1}}',
    refused: '{sampling: 1}',
    path: 'spec.sampling',
    message: 'expected an object, got 1',
  },
  {
    keyword: 'type: array',
    kind: 'FlowCapture',
    accepted: '{protocols: [TCP]}',
    refused: '{protocols: TCP}',
    path: 'spec.protocols',
    message: 'expected a list, got "TCP"',
  },
  {
    keyword: 'type: string',
    kind: 'FlowCapture',
    accepted: '{podSelector: {matchLabels: {app: "12"}}}',
    refused: '{podSelector: {matchLabels: {app: 12}}}',
    path: 'spec.podSelector.matchLabels.app',
    message: 'expected a string, got 12; put it in quotes',
  },
  {
    keyword: 'type: integer',
    kind: 'FlowCapture',
    accepted: '{durationSeconds: 600}',
    refused: '{durationSeconds: 1.5}',
    path: 'spec.durationSeconds',
    message: 'expected an integer, got 1.5',
  },
  {
    keyword: 'type: boolean',
    kind: 'FlowCapture',
    accepted: '{suspend: yes}',
    refused: '{suspend: "yes"}',
    path: 'spec.suspend',
    message: 'expected true or false, got "yes"',
  },
  {
    keyword: 'format: cidr',
    kind: 'FlowCapture',
    accepted: '{peers: [{action: Exclude, cidrs: [10.0.0.0/8, "fd00::/8", "::/0"]}]}',
    refused: '{peers: [{action: Exclude, cidrs: [10.0.0.0/8, 10.0.0.0/33]}]}',
    path: 'spec.peers[0].cidrs[1]',
    message: 'expected an IPv4 or IPv6 network such as 10.0.0.0/8, got "10.0.0.0/33"',
  },
  {
    keyword: 'enum',
    kind: 'FlowCapture',
    accepted: '{direction: Outbound}',
    refused: '{direction: outbound}',
    path: 'spec.direction',
    message: 'expected one of Any, Outbound, Inbound, got "outbound"; did you mean Outbound?',
  },
  {
    keyword: 'pattern',
    kind: 'FlowCapture',
    accepted: '{peers: [{action: Include, ports: ["1", "65535", "8000-8999"]}]}',
    refused: '{peers: [{action: Include, ports: ["53", "65536"]}]}',
    path: 'spec.peers[0].ports[1]',
    message: 'expected text such as "8000-8999", got "65536"',
  },
  {
    keyword: 'minLength',
    kind: 'FlowExport',
    accepted: '{s3: {bucket: abc, region: eu-central-1}}',
    refused: '{s3: {bucket: ab, region: eu-central-1}}',
    path: 'spec.s3.bucket',
    message: 'expected at least 3 characters, got 2',
  },
  {
    keyword: 'maxLength',
    kind: 'FlowCapture',
    accepted: `{exports: [{name: ${'a'.repeat(253)}}]}`,
    refused: `{exports: [{name: ${'a'.repeat(254)}}]}`,
    path: 'spec.exports[0].name',
    message: 'expected at most 253 characters, got 254',
  },
  {
    keyword: 'minimum',
    kind: 'FlowCapture',
    accepted: '{sampling: {oneIn: 1}}',
    refused: '{sampling: {oneIn: 0}}',
    path: 'spec.sampling.oneIn',
    message: 'expected at least 1, got 0',
  },
  {
    keyword: 'maximum',
    kind: 'FlowCapture',
    accepted: '{limits: {flowsPerSecond: 1000000}}',
    refused: '{limits: {flowsPerSecond: 1000001}}',
    path: 'spec.limits.flowsPerSecond',
    message: 'expected at most 1000000, got 1000001',
  },
  {
    keyword: 'minItems',
    kind: 'FlowCapture',
    accepted: '{protocols: [Drops]}',
    refused: '{protocols: []}',
    path: 'spec.protocols',
    message: 'expected at least 1 entry, got 0',
  },
  {
    keyword: 'maxItems',
    kind: 'FlowCapture',
    accepted: `{exports: [${numbers(16)
      .map((n) => `{name: e${n}}`)
      .join(', ')}]}`,
    refused: `{exports: [${numbers(17)
      .map((n) => `{name: e${n}}`)
      .join(', ')}]}`,
    path: 'spec.exports',
    message: 'expected at most 16 entries, got 17',
  },
  {
    keyword: 'minProperties',
    kind: 'FlowExport',
    accepted: '{stdout: {}, limits: {recordsPerSecond: 1}}',
    refused: '{stdout: {}, limits: {}}',
    path: 'spec.limits',
    message: 'expected at least 1 field, got 0',
  },
  {
    keyword: 'maxProperties',
    kind: 'FlowExport',
    accepted: `{stdout: {}, labels: {${labels(16)}}}`,
    refused: `{stdout: {}, labels: {${labels(17)}}}`,
    path: 'spec.labels',
    message: 'expected at most 16 fields, got 17',
  },
  {
    keyword: 'required',
    kind: 'FlowExport',
    accepted: '{file: {path: /var/log/flows.ndjson}}',
    refused: '{file: {}}',
    path: 'spec.file.path',
    message: 'required; add a string, such as /var/log/weir/flows.ndjson',
  },
  {
    keyword: 'unknown field',
    kind: 'FlowCapture',
    accepted: '{podSelector: {}}',
    refused: '{podSelecter: {}}',
    path: 'spec.podSelecter',
    message: 'unknown field; did you mean podSelector?',
  },
  {
    keyword: 'list-type: set',
    kind: 'FlowCapture',
    accepted: '{protocols: [TCP, DNS]}',
    refused: '{protocols: [TCP, DNS, TCP]}',
    path: 'spec.protocols[2]',
    message: 'repeats spec.protocols[0]; remove one of the two',
  },
  {
    keyword: 'null is absent',
    kind: 'FlowCapture',
    accepted: '{protocols: null, podSelector: null}',
    refused: '{protocols: [null]}',
    path: 'spec.protocols[0]',
    message: 'expected one of TCP, UDP, DNS, HTTP, Drops, got null',
  },
];

const IN_NEEDS_VALUES = 'In and NotIn compare with values: list at least one in values, or use Exists or DoesNotExist';
const EXISTS_HAS_NO_VALUES = 'Exists and DoesNotExist look at the key alone: remove values, or use In or NotIn';

const RULES: readonly Pair[] = [
  ...['podSelector', 'namespaceSelector', 'nodeSelector'].flatMap((selector): Pair[] => [
    {
      keyword: 'rule',
      kind: 'FlowCapture',
      accepted: `{${selector}: {matchExpressions: [{key: tier, operator: In, values: [web]}]}}`,
      refused: `{${selector}: {matchExpressions: [{key: tier, operator: In, values: []}]}}`,
      path: `spec.${selector}.matchExpressions[0]`,
      message: IN_NEEDS_VALUES,
    },
    {
      keyword: 'rule',
      kind: 'FlowCapture',
      accepted: `{${selector}: {matchExpressions: [{key: tier, operator: Exists}]}}`,
      refused: `{${selector}: {matchExpressions: [{key: tier, operator: Exists, values: [web]}]}}`,
      path: `spec.${selector}.matchExpressions[0]`,
      message: EXISTS_HAS_NO_VALUES,
    },
  ]),
  ...['podSelector', 'namespaceSelector'].flatMap((selector): Pair[] => [
    {
      keyword: 'rule',
      kind: 'FlowCapture',
      accepted: `{peers: [{action: Include, ${selector}: {matchExpressions: [{key: tier, operator: NotIn, values: [web]}]}}]}`,
      refused: `{peers: [{action: Include, ${selector}: {matchExpressions: [{key: tier, operator: NotIn}]}}]}`,
      path: `spec.peers[0].${selector}.matchExpressions[0]`,
      message: IN_NEEDS_VALUES,
    },
    {
      keyword: 'rule',
      kind: 'FlowCapture',
      accepted: `{peers: [{action: Include, ${selector}: {matchExpressions: [{key: tier, operator: DoesNotExist, values: []}]}}]}`,
      refused: `{peers: [{action: Include, ${selector}: {matchExpressions: [{key: tier, operator: DoesNotExist, values: [a]}]}}]}`,
      path: `spec.peers[0].${selector}.matchExpressions[0]`,
      message: EXISTS_HAS_NO_VALUES,
    },
  ]),
  {
    keyword: 'rule',
    kind: 'FlowCapture',
    accepted: '{peers: [{action: Include, podSelector: {}}, {action: Exclude, ports: ["53"]}]}',
    refused: '{peers: [{action: Include, podSelector: {}}, {action: Exclude}]}',
    path: 'spec.peers[1]',
    message: 'a peer must say which far side it means: add cidrs, ports, podSelector or namespaceSelector',
  },
  {
    keyword: 'rule',
    kind: 'FlowCapture',
    accepted: '{peers: [{action: Include, cidrs: [10.0.0.0/8], ports: ["53"]}]}',
    refused: '{peers: [{action: Include, cidrs: [10.0.0.0/8], namespaceSelector: {}}]}',
    path: 'spec.peers[0]',
    message: 'a peer is described by address or by label: put cidrs and the selectors in two entries of peers',
  },
  {
    keyword: 'rule',
    kind: 'FlowCapture',
    accepted: '{exports: [{name: archive}, {name: archive, namespace: other}, {name: live}]}',
    refused: '{exports: [{name: archive}, {name: live}, {name: archive}]}',
    path: 'spec.exports',
    message: 'each export may be listed once: remove the entry that repeats a name and namespace',
  },
  {
    keyword: 'rule',
    kind: 'FlowExport',
    accepted: '{stdout: {}}',
    refused: '{stdout: {}, file: {path: /var/log/flows.ndjson}}',
    path: 'spec',
    message:
      'give exactly one destination: stdout, file, otlp, ipfix, kafka, grpc, http, loki, clickhouse or s3; use one FlowExport for each',
  },
  {
    keyword: 'rule',
    kind: 'FlowExport',
    accepted: '{http: {url: "https://flows.example/ingest"}, tls: {}}',
    refused: '{stdout: {}, tls: {}}',
    path: 'spec.tls',
    message: 'stdout and file make no connection: remove tls',
  },
  {
    keyword: 'rule',
    kind: 'FlowExport',
    accepted: '{ipfix: {address: "collector.example:4739"}, tls: {}}',
    refused: '{ipfix: {address: "collector.example:4739", transport: UDP}, tls: {}}',
    path: 'spec.tls',
    message: 'IPFIX over UDP is not encrypted: use transport: TCP, or remove tls',
  },
  {
    keyword: 'rule',
    kind: 'FlowExport',
    accepted:
      '{kafka: {brokers: ["k.example:9092"], topic: flows, sasl: {mechanism: Plain, credentialsRef: {name: login}}}, tls: {}}',
    refused:
      '{kafka: {brokers: ["k.example:9092"], topic: flows, sasl: {mechanism: Plain, credentialsRef: {name: login}}}}',
    path: 'spec.kafka',
    message: 'the SASL mechanism Plain sends the password as it is: add tls, or use ScramSHA512',
  },
  {
    keyword: 'rule',
    kind: 'FlowExport',
    accepted: '{file: {path: /flows.ndjson, maxBytes: 1048576, maxFiles: 3}}',
    refused: '{file: {path: /flows.ndjson, maxFiles: 3}}',
    path: 'spec.file',
    message: 'maxFiles counts renamed files: add maxBytes or maxAgeSeconds, which rename them, or remove maxFiles',
  },
  {
    keyword: 'rule',
    kind: 'FlowExport',
    accepted: '{file: {path: /flows.ndjson, maxAgeSeconds: 60, compression: Gzip}}',
    refused: '{file: {path: /flows.ndjson, compression: Gzip}}',
    path: 'spec.file',
    message:
      'only renamed files are compressed: add maxBytes or maxAgeSeconds, which rename them, or remove compression',
  },
  {
    keyword: 'rule',
    kind: 'FlowExport',
    accepted: `{stdout: {}, labels: {${'n'.repeat(63)}: v}}`,
    refused: `{stdout: {}, labels: {${'n'.repeat(64)}: v}}`,
    path: 'spec.labels',
    message: "a label's name is 1 to 63 characters long: shorten it",
  },
  {
    keyword: 'rule',
    kind: 'FlowExport',
    accepted: '{stdout: {}, allowedNamespaces: {from: Selector, selector: {matchLabels: {team: shop}}}}',
    refused: '{stdout: {}, allowedNamespaces: {from: Selector}}',
    path: 'spec.allowedNamespaces',
    message: 'from: Selector needs a selector: add selector, or use from: Same or from: All',
  },
  {
    keyword: 'rule',
    kind: 'FlowExport',
    accepted: '{stdout: {}, allowedNamespaces: {from: All}}',
    refused: '{stdout: {}, allowedNamespaces: {selector: {}}}',
    path: 'spec.allowedNamespaces',
    message: 'selector is only read with from: Selector: set from: Selector, or remove selector',
  },
  {
    keyword: 'rule',
    kind: 'FlowExport',
    accepted:
      '{stdout: {}, allowedNamespaces: {from: Selector, selector: {matchExpressions: [{key: t, operator: In, values: [a]}]}}}',
    refused:
      '{stdout: {}, allowedNamespaces: {from: Selector, selector: {matchExpressions: [{key: t, operator: In}]}}}',
    path: 'spec.allowedNamespaces.selector.matchExpressions[0]',
    message: IN_NEEDS_VALUES,
  },
  {
    keyword: 'rule',
    kind: 'FlowExport',
    accepted:
      '{stdout: {}, allowedNamespaces: {from: Selector, selector: {matchExpressions: [{key: t, operator: Exists}]}}}',
    refused:
      '{stdout: {}, allowedNamespaces: {from: Selector, selector: {matchExpressions: [{key: t, operator: Exists, values: [a]}]}}}',
    path: 'spec.allowedNamespaces.selector.matchExpressions[0]',
    message: EXISTS_HAS_NO_VALUES,
  },
];

/** All pairs. */
export const PAIRS: readonly Pair[] = [...SCHEMA, ...RULES];

/** The whole of both kinds: every field of spec, legal. */
export const COMPLETE: readonly { readonly kind: Pair['kind']; readonly spec: string }[] = [
  {
    kind: 'FlowCapture',
    spec: `{podSelector: {matchLabels: {app: checkout}, matchExpressions: [{key: canary, operator: DoesNotExist}]},
      namespaceSelector: {}, nodeSelector: {matchLabels: {kubernetes.io/arch: amd64}}, protocols: [TCP, UDP, DNS, HTTP, Drops],
      direction: Inbound, peers: [{action: Exclude, cidrs: [10.0.0.0/8], ports: ["53", "8000-8999"]},
      {action: Include, namespaceSelector: {}, podSelector: {}}], sampling: {oneIn: 10},
      reporting: {activeSeconds: 60, idleSeconds: 15}, limits: {flowsPerSecond: 20000}, durationSeconds: 600, suspend: true,
      exports: [{name: archive, namespace: shop}]}`,
  },
  ...[
    'stdout: {}',
    'file: {path: /flows.ndjson, maxBytes: 1048576, maxAgeSeconds: 3600, maxFiles: 3, compression: Gzip}',
    'otlp: {endpoint: "https://otel.example:4317", protocol: HTTPJSON, credentialsRef: {name: a}}',
    'ipfix: {address: "[fd00::1]:4739", transport: UDP, templateSeconds: 60}',
    `kafka: {brokers: ["k.example:9092"], topic: flows, format: Protobuf, compression: LZ4,
      sasl: {mechanism: ScramSHA512, credentialsRef: {name: a}}}`,
    'grpc: {address: "flows.example:4000", credentialsRef: {name: a}}',
    'http: {url: "https://flows.example/ingest", compression: Gzip, credentialsRef: {name: a}}',
    'loki: {url: "http://loki.example:3100", tenant: shop, credentialsRef: {name: a}}',
    'clickhouse: {url: "https://ch.example:8443", database: net, table: flows, credentialsRef: {name: a}}',
    `s3: {bucket: flows, region: eu-central-1, endpoint: "https://minio.example:9000", prefix: a/, format: Parquet,
      credentialsRef: {name: a}}`,
  ].map((destination) => ({
    kind: 'FlowExport' as const,
    spec: `{${destination}, aggregate: {by: Workload, windowSeconds: 60}, labels: {cluster: prod},
      limits: {recordsPerSecond: 5, bytesPerSecond: 4096}, batch: {maxRecords: 5, maxSeconds: 2, maxBytes: 4096},
      buffer: {memoryBytes: 65536, diskBytes: 1, onFull: Block}, fields: [start, source.address, sampling.one_in],
      peerDetail: Full, allowedNamespaces: {from: Selector, selector: {matchLabels: {team: shop}}}}`,
  })),
];
