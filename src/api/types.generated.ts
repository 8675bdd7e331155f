/** Generated from crds/ by `npm run generate`; do not edit. */

/**
 * A FlowCapture says which pods' network flows are captured on every node, which protocols and how much of them, and which FlowExports the records go to.
 */
export interface FlowCapture {
  apiVersion: 'weir.dev/v1alpha1';
  kind: 'FlowCapture';
  /**
   * Standard metadata of a Kubernetes object.
   */
  metadata: ObjectMeta;
  /**
   * What to capture. Example: {podSelector: {matchLabels: {app: checkout}}, exports: [{name: archive}]}.
   */
  spec: {
    /**
     * Labels of the pods whose flows are captured. Default: every pod in scope. Example: {matchLabels: {app: checkout}}.
     */
    podSelector?: LabelSelector;
    /**
     * Labels of the namespaces whose pods are captured; {} is every namespace. Only obeyed in the operator's own namespace: elsewhere the capture is refused with Accepted=False. Default: the capture's own namespace. Example: {matchLabels: {team: shop}}.
     */
    namespaceSelector?: LabelSelector;
    /**
     * Labels of the nodes on which flows are captured. Default: every node. Example: {matchLabels: {kubernetes.io/arch: amd64}}.
     */
    nodeSelector?: LabelSelector;
    /**
     * What is captured: TCP connections, UDP flows, DNS questions, HTTP requests (HTTPS too where it goes through OpenSSL), and packets that the kernel dropped. Default: [TCP]. Example: [TCP, DNS].
     *
     * Items: One protocol. Example: TCP.
     */
    protocols: ('TCP' | 'UDP' | 'DNS' | 'HTTP' | 'Drops')[];
    /**
     * Who opened the connection, seen from the selected pod: Outbound is the pod itself, Inbound is the other side. Default: Any. Example: Outbound.
     */
    direction: 'Any' | 'Outbound' | 'Inbound';
    /**
     * The far sides that are captured, in order: the first entry that matches decides. A far side that no entry matches is included if the list has no Include, else excluded. Default: every far side. Example: [{action: Exclude, cidrs: [10.0.0.0/8], ports: ["53"]}].
     *
     * Items: Far sides described by address or by label, and by port; everything that is given must match. Example: {action: Include, namespaceSelector: {}, podSelector: {}}.
     */
    peers?: Peer[];
    /**
     * How many connections are captured. Default: all of them. Example: {oneIn: 10}.
     */
    sampling: {
      /**
       * One connection in this many is captured; both ends of a connection choose alike, through NAT too. Counters of a record are never scaled. Unit: connections. Default: 1. Example: 10.
       */
      oneIn: number;
    };
    /**
     * When live connections are reported; a flow that several captures select reports at the shortest of their times. Default: every minute. Example: {activeSeconds: 30, idleSeconds: 10}.
     */
    reporting: {
      /**
       * A connection that carries data is reported this often. Unit: seconds. Default: 60. Example: 30.
       */
      activeSeconds: number;
      /**
       * A connection that has carried no data for this long is reported once, and then not until it does again. Unit: seconds. Default: 15. Example: 10.
       */
      idleSeconds: number;
    };
    /**
     * How much the capture may produce. Default: see its fields. Example: {flowsPerSecond: 5000}.
     */
    limits: {
      /**
       * Most flow records of this capture on one node; what goes over is counted as lost (rateLimited). Unit: records per second and node. Default: 20000. Example: 5000.
       */
      flowsPerSecond: number;
    };
    /**
     * The capture ends by itself this long after it was created, with the reason Completed. Unit: seconds. Default: it does not end. Example: 600.
     */
    durationSeconds?: number;
    /**
     * True stops the capture and keeps the object with its counters. Default: false. Example: true.
     */
    suspend: boolean;
    /**
     * FlowExports that get a record of every flow. Default: none; flows are counted and go nowhere. Example: [{name: archive}, {name: central, namespace: weir-system}].
     *
     * Items: One FlowExport. Example: {name: archive}.
     */
    exports?: ExportReference[];
  };
  /**
   * What the nodes report. Example: {matchedPods: 12}.
   */
  status?: {
    /**
     * Generation of the spec that this status speaks of. Unit: generations. Example: 3.
     */
    observedGeneration?: number;
    /**
     * Accepted, ResolvedRefs, Programmed, Delivering, and their summary Ready; Stalled only while nothing but a change of the spec can help. Example: [{type: Ready, status: "True", reason: Delivering}].
     *
     * Items: One aspect of the state. Example: {type: Ready, status: "True", reason: Delivering}.
     */
    conditions?: Condition[];
    /**
     * Pods that the capture selects now. Unit: pods. Example: 12.
     */
    matchedPods?: number;
    /**
     * How many nodes run the capture. Example: {desired: 3, programmed: 3, failed: 0, summary: "3/3"}.
     */
    nodes?: {
      /**
       * Ready nodes with an agent on which the capture should run. Unit: nodes. Example: 3.
       */
      desired?: number;
      /**
       * Nodes that report this generation as applied. Unit: nodes. Example: 3.
       */
      programmed?: number;
      /**
       * Nodes that report that they cannot run it. Unit: nodes. Example: 0.
       */
      failed?: number;
      /**
       * Programmed and desired nodes in one column. Example: "3/3".
       */
      summary?: string;
    };
    /**
     * The ledger: observed = exported + filtered + sampledOut + lost, over all nodes and the life of the capture. Example: {perSecond: 140, observed: 812345, exported: 811001, filtered: 900, sampledOut: 0, lost: 444}.
     */
    flows?: {
      /**
       * Observed flow records, scaled by sampling. Unit: records per second. Example: 140.
       */
      perSecond?: number;
      /**
       * Flow records that the kernel gave. Unit: records. Example: 812345.
       */
      observed?: number;
      /**
       * Flow records that every export has, or that were to go nowhere. Unit: records. Example: 811001.
       */
      exported?: number;
      /**
       * Flow records that peers or direction excluded. Unit: records. Example: 900.
       */
      filtered?: number;
      /**
       * Flow records that sampling left out. Unit: records. Example: 0.
       */
      sampledOut?: number;
      /**
       * Flow records that were lost; the agent metrics give the reasons. Unit: records. Example: 444.
       */
      lost?: number;
    };
    /**
     * The part of the ledger that nodes have counted which are gone since, so that totals never step back. Example: {observed: 1200, exported: 1200}.
     */
    retired?: {
      /**
       * FlowAgents, by metadata.uid, that are in these sums and have not gone yet: none is added twice. Example: [0b1f6a2e-6a5c-4f6e-9f3a-6c2d6f1c9a10].
       *
       * Items: The uid of one. Example: 0b1f6a2e-6a5c-4f6e-9f3a-6c2d6f1c9a10.
       */
      agents?: string[];
      /**
       * Flow records that the kernel gave. Unit: records. Example: 812345.
       */
      observed?: number;
      /**
       * Flow records that every export has, or that were to go nowhere. Unit: records. Example: 811001.
       */
      exported?: number;
      /**
       * Flow records that peers or direction excluded. Unit: records. Example: 900.
       */
      filtered?: number;
      /**
       * Flow records that sampling left out. Unit: records. Example: 0.
       */
      sampledOut?: number;
      /**
       * Flow records that were lost; the agent metrics give the reasons. Unit: records. Example: 444.
       */
      lost?: number;
    };
    /**
     * When the latest flow record was made. Example: "2026-11-21T20:00:00Z".
     */
    lastFlowTime?: string;
    /**
     * When the capture ends, or ended, by its durationSeconds. Example: "2026-11-21T20:10:00Z".
     */
    endTime?: string;
    /**
     * The five nodes that fail worst, and why. Example: [{node: worker-2, reason: ProgramFailed, message: "no BTF on this kernel"}].
     *
     * Items: Why one node fails. Example: {node: worker-2, reason: ProgramFailed, message: "no BTF"}.
     */
    failures?: NodeFailure[];
  };
}

/**
 * Standard metadata of a Kubernetes object.
 */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  labels?: {
    [k: string]: string;
  };
  annotations?: {
    [k: string]: string;
  };
  uid?: string;
  generation?: number;
  resourceVersion?: string;
  creationTimestamp?: string;
}

/**
 * Labels of the pods whose flows are captured. Default: every pod in scope. Example: {matchLabels: {app: checkout}}.
 */
export interface LabelSelector {
  /**
   * Labels that must all be there, with these values; a value is at most 63 characters long. Default: none asked for. Example: {app: checkout}.
   */
  matchLabels?: {
    [k: string]: string;
  };
  /**
   * Conditions on labels, all of which must hold. Default: none. Example: [{key: tier, operator: In, values: [web, api]}].
   *
   * Items: One condition on one label. Example: {key: canary, operator: DoesNotExist}.
   */
  matchExpressions?: LabelSelectorRequirement[];
}

/**
 * One condition on one label. Example: {key: canary, operator: DoesNotExist}.
 */
export interface LabelSelectorRequirement {
  /**
   * Name of the label, with its prefix if it has one. Example: app.kubernetes.io/name.
   */
  key: string;
  /**
   * In: the value is one of `values`. NotIn: it is none of them, or the label is missing. Exists, DoesNotExist: the label is there, or is not. Example: In.
   */
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /**
   * Values for In and NotIn; absent for Exists and DoesNotExist. Default: none. Example: [web, api].
   *
   * Items: One value. Example: web.
   */
  values?: string[];
}

/**
 * Far sides described by address or by label, and by port; everything that is given must match. Example: {action: Include, namespaceSelector: {}, podSelector: {}}.
 */
export interface Peer {
  /**
   * What to do with a flow whose far side matches. Example: Exclude.
   */
  action: 'Include' | 'Exclude';
  /**
   * IPv4 or IPv6 networks, one of which holds the far side's address as the socket sees it: the ClusterIP on the client of a Service. Default: any address. Example: [10.0.0.0/8, "fd00::/8"].
   *
   * Items: One network. Example: 10.0.0.0/8.
   */
  cidrs?: string[];
  /**
   * Ports of the server, whoever opened, one each or a range with the lower port first, always in quotes. The operator checks the order of a range: Accepted=False InvalidPeers. Default: any port. Example: ["53", "8000-8999"].
   *
   * Items: One port or one range of ports. Example: "8000-8999".
   */
  ports?: string[];
  /**
   * Labels of the far side's pod; {} is every pod. A far side whose pod is not known does not match: flows are then filtered as peerUnknown. Default: not asked for. Example: {matchLabels: {app: db}}.
   */
  podSelector?: LabelSelector;
  /**
   * Labels of the far side's namespace; {} is every namespace. Only obeyed in the operator's own namespace: elsewhere the capture is refused with Accepted=False. Default: with podSelector the capture's own namespace, else not asked for. Example: {matchLabels: {team: data}}.
   */
  namespaceSelector?: LabelSelector;
}

/**
 * One FlowExport. Example: {name: archive}.
 */
export interface ExportReference {
  /**
   * Name of the FlowExport. Example: archive.
   */
  name: string;
  /**
   * Namespace of the FlowExport, which must allow the capture's namespace in its allowedNamespaces. Default: the capture's own namespace. Example: weir-system.
   */
  namespace?: string;
}

/**
 * One aspect of the state. Example: {type: Ready, status: "True", reason: Delivering}.
 */
export interface Condition {
  /**
   * Name of the aspect. Example: Ready.
   */
  type: string;
  /**
   * Whether it holds. Example: "True".
   */
  status: 'True' | 'False' | 'Unknown';
  /**
   * Generation of the spec that was looked at. Unit: generations. Example: 3.
   */
  observedGeneration?: number;
  /**
   * When the status last changed. Example: "2026-11-21T20:00:00Z".
   */
  lastTransitionTime: string;
  /**
   * Why, in one word for programs. Example: NoPodsMatched.
   */
  reason: string;
  /**
   * Why, for people, and what to change. Example: no pod in namespace shop has app=chekcout.
   */
  message: string;
}

/**
 * Why one node fails. Example: {node: worker-2, reason: ProgramFailed, message: "no BTF"}.
 */
export interface NodeFailure {
  /**
   * Name of the node. Example: worker-2.
   */
  node: string;
  /**
   * Why, in one word for programs. Example: ProgramFailed.
   */
  reason: string;
  /**
   * Why, for people. Example: no BTF on this kernel.
   */
  message?: string;
}

/**
 * A FlowExport is one destination of flow records, with its credentials, batching and buffering.
 */
export interface FlowExport {
  apiVersion: 'weir.dev/v1alpha1';
  kind: 'FlowExport';
  /**
   * Standard metadata of a Kubernetes object.
   */
  metadata: ObjectMeta;
  /**
   * Exactly one destination, and how records get there. Example: {file: {path: /var/log/weir/flows.ndjson}}.
   */
  spec: {
    /**
     * Standard output of the process that captures. Only in the operator's namespace. Default: not used. Example: {}.
     */
    stdout?: Record<string, never>;
    /**
     * A file on the machine that captures, one JSON object a line. Only in the operator's namespace. Default: not used. Example: {path: /var/log/weir/flows.ndjson}.
     */
    file?: {
      /**
       * Absolute path of the file, which is appended to. Example: /var/log/weir/flows.ndjson.
       */
      path: string;
      /**
       * A file that would grow beyond this size is renamed and a new one begun. Unit: bytes. Default: no limit. Example: 104857600.
       */
      maxBytes?: number;
      /**
       * A file whose first record is older is renamed, also when no more come, and a new one begun. Unit: seconds. Default: no limit. Example: 3600.
       */
      maxAgeSeconds?: number;
      /**
       * Renamed files that are kept, the oldest are removed; needs maxBytes or maxAgeSeconds. Unit: files. Default: all. Example: 10.
       */
      maxFiles?: number;
      /**
       * How renamed files are compressed; Gzip needs maxBytes or maxAgeSeconds. Default: None. Example: Gzip.
       */
      compression?: 'None' | 'Gzip';
    };
    /**
     * An OpenTelemetry collector or anything else that speaks OTLP logs. Default: not used. Example: {endpoint: "https://otel.example:4317"}.
     */
    otlp?: {
      /**
       * Where it listens; https means TLS. Example: https://otel.example:4317.
       */
      endpoint: string;
      /**
       * Which of the protocol's transports is spoken. Default: GRPC. Example: HTTPProtobuf.
       */
      protocol: 'GRPC' | 'HTTPProtobuf' | 'HTTPJSON';
      /**
       * A Secret in this namespace, labelled weir.dev/export: "true", with the key token, or with the keys username and password. Default: no credentials. Example: {name: otel-login}.
       */
      credentialsRef?: SecretReference;
    };
    /**
     * An IPFIX collector (RFC 7011). Default: not used. Example: {address: "collector.example:4739"}.
     */
    ipfix?: {
      /**
       * Host and port of the collector. Example: collector.example:4739.
       */
      address: string;
      /**
       * TCP, which tls encrypts, or UDP, which may lose records unseen. Default: TCP. Example: UDP.
       */
      transport: 'TCP' | 'UDP';
      /**
       * How often templates are sent again over UDP. Unit: seconds. Default: 600. Example: 60.
       */
      templateSeconds: number;
    };
    /**
     * A Kafka topic; records are keyed by flow.id. Default: not used. Example: {brokers: ["kafka.example:9092"], topic: flows}.
     */
    kafka?: {
      /**
       * Brokers to begin with. Example: ["kafka.example:9092"].
       *
       * Items: Host and port of one broker. Example: kafka.example:9092.
       */
      brokers: string[];
      /**
       * Name of the topic. Example: flows.
       */
      topic: string;
      /**
       * How one record is encoded. Default: JSON. Example: Protobuf.
       */
      format: 'JSON' | 'Protobuf';
      /**
       * How a batch is compressed. Default: None. Example: Zstd.
       */
      compression: 'None' | 'Gzip' | 'Snappy' | 'LZ4' | 'Zstd';
      /**
       * How to log in. Default: no login. Example: {mechanism: ScramSHA512, credentialsRef: {name: kafka-login}}.
       */
      sasl?: {
        /**
         * The SASL mechanism; Plain only with tls. Example: ScramSHA512.
         */
        mechanism: 'Plain' | 'ScramSHA256' | 'ScramSHA512';
        /**
         * A Secret in this namespace, labelled weir.dev/export: "true", with the keys username and password. Example: {name: kafka-login}.
         */
        credentialsRef: SecretReference;
      };
    };
    /**
     * A server of Weir's own gRPC service. Default: not used. Example: {address: "flows.example:4000"}.
     */
    grpc?: {
      /**
       * Host and port of the server. Example: flows.example:4000.
       */
      address: string;
      /**
       * A Secret in this namespace, labelled weir.dev/export: "true", with the key token, or with the keys username and password. Default: no credentials. Example: {name: otel-login}.
       */
      credentialsRef?: SecretReference;
    };
    /**
     * Any HTTP server: each batch is one POST of one JSON object a line; redirects are not followed. Default: not used. Example: {url: "https://flows.example/ingest"}.
     */
    http?: {
      /**
       * Where batches are posted. Example: https://flows.example/ingest.
       */
      url: string;
      /**
       * How a body is compressed. Default: None. Example: Gzip.
       */
      compression: 'None' | 'Gzip';
      /**
       * A Secret in this namespace, labelled weir.dev/export: "true", with the key token, or with the keys username and password. Default: no credentials. Example: {name: otel-login}.
       */
      credentialsRef?: SecretReference;
    };
    /**
     * A Grafana Loki server. Default: not used. Example: {url: "https://loki.example:3100"}.
     */
    loki?: {
      /**
       * The server, without the path of its API. Example: https://loki.example:3100.
       */
      url: string;
      /**
       * Tenant that the records belong to (X-Scope-OrgID). Default: none. Example: shop.
       */
      tenant?: string;
      /**
       * A Secret in this namespace, labelled weir.dev/export: "true", with the key token, or with the keys username and password. Default: no credentials. Example: {name: otel-login}.
       */
      credentialsRef?: SecretReference;
    };
    /**
     * A table in ClickHouse, over its HTTP interface. Default: not used. Example: {url: "https://clickhouse.example:8443", table: flows}.
     */
    clickhouse?: {
      /**
       * The server. Example: https://clickhouse.example:8443.
       */
      url: string;
      /**
       * Database that holds the table. Default: default. Example: network.
       */
      database: string;
      /**
       * Table that records are inserted into. Default: flows. Example: weir_flows.
       */
      table: string;
      /**
       * A Secret in this namespace, labelled weir.dev/export: "true", with the key token, or with the keys username and password. Default: no credentials. Example: {name: otel-login}.
       */
      credentialsRef?: SecretReference;
    };
    /**
     * A bucket of S3 or of a server that speaks its protocol; each batch is one object. Default: not used. Example: {bucket: flows, region: eu-central-1, credentialsRef: {name: s3-keys}}.
     */
    s3?: {
      /**
       * Name of the bucket. Example: flows.
       */
      bucket: string;
      /**
       * Region of the bucket. Example: eu-central-1.
       */
      region: string;
      /**
       * Server other than AWS. Default: AWS in that region. Example: https://minio.example:9000.
       */
      endpoint?: string;
      /**
       * What the name of every object begins with. Default: weir/. Example: flows/prod/.
       */
      prefix: string;
      /**
       * How records are encoded. Default: NDJSON. Example: Parquet.
       */
      format: 'NDJSON' | 'Parquet';
      /**
       * A Secret in this namespace, labelled weir.dev/export: "true", with the keys accessKeyId and secretAccessKey. Default: anonymous access. Example: {name: s3-keys}.
       */
      credentialsRef?: SecretReference;
    };
    /**
     * Sums records before they leave. Default: every record as it is. Example: {by: Workload, windowSeconds: 60}.
     */
    aggregate?: {
      /**
       * Connection: one record a connection and window. Workload: one a pair of workloads, server port and window; client ports are folded. Example: Workload.
       */
      by: 'Connection' | 'Workload';
      /**
       * Length of a window. Unit: seconds. Default: 60. Example: 300.
       */
      windowSeconds: number;
    };
    /**
     * Constant labels that every record carries; a name is at most 63 characters long. Default: none. Example: {cluster: prod-1}.
     */
    labels?: {
      [k: string]: string;
    };
    /**
     * Most that one node sends; what goes over waits in the buffer. Default: no limit. Example: {recordsPerSecond: 5000}.
     */
    limits?: {
      /**
       * Most records of one node. Unit: records per second. Default: no limit. Example: 5000.
       */
      recordsPerSecond?: number;
      /**
       * Most bytes of one node. Unit: bytes per second. Default: no limit. Example: 1048576.
       */
      bytesPerSecond?: number;
    };
    /**
     * How the connection is encrypted; {} uses the system's certificate authorities. Default: TLS where the URL begins with https, else none. Example: {caSecret: {name: my-ca}}.
     */
    tls?: {
      /**
       * A Secret in this namespace, labelled weir.dev/export: "true", whose key ca.crt holds the certificate authorities to trust. Default: those of the system. Example: {name: my-ca}.
       */
      caSecret?: SecretReference;
      /**
       * A Secret in this namespace, labelled weir.dev/export: "true", of type kubernetes.io/tls: the certificate that Weir shows. Default: none. Example: {name: weir-client}.
       */
      clientSecret?: SecretReference;
      /**
       * Name that the server's certificate must carry. Default: the host. Example: kafka.example.
       */
      serverName?: string;
      /**
       * Lowest version of TLS that is accepted. Default: TLS12. Example: TLS13.
       */
      minVersion: 'TLS12' | 'TLS13';
    };
    /**
     * A batch is sent as soon as one of these is reached. Default: see its fields. Example: {maxRecords: 500, maxSeconds: 2}.
     */
    batch: {
      /**
       * Most records of a batch. Unit: records. Default: 1000. Example: 500.
       */
      maxRecords: number;
      /**
       * Longest that a record waits for its batch. Unit: seconds. Default: 1. Example: 5.
       */
      maxSeconds: number;
      /**
       * Largest encoded batch. Unit: bytes. Default: 1048576. Example: 262144.
       */
      maxBytes: number;
    };
    /**
     * Where records wait when the destination is slow or gone. Default: see its fields. Example: {diskBytes: 1073741824, onFull: DropNewest}.
     */
    buffer: {
      /**
       * Most memory on one node. Unit: bytes. Default: 16777216. Example: 67108864.
       */
      memoryBytes: number;
      /**
       * Most disk space on one node; 0 uses none. Unit: bytes. Default: 0. Example: 1073741824.
       */
      diskBytes: number;
      /**
       * What gives way when both are full; every record that is dropped is counted. Block holds all exports of the node back, so it is legal only in the operator's namespace. Default: DropOldest. Example: DropNewest.
       */
      onFull: 'DropOldest' | 'DropNewest' | 'Block';
    };
    /**
     * Names of the record's fields that are sent. Default: all. Example: [start, source.address, destination.address, source.bytes].
     *
     * Items: Name of one field. Example: source.address.
     */
    fields?: string[];
    /**
     * What a record tells about its far side. Scoped: address and port, and names only of namespaces in the capture's scope. Full: everything; legal only in the operator's namespace. Default: Full in the operator's namespace, Scoped elsewhere. Example: Scoped.
     */
    peerDetail?: 'Scoped' | 'Full';
    /**
     * Namespaces whose FlowCaptures may use this export. Default: its own. Example: {from: Selector, selector: {matchLabels: {team: shop}}}.
     */
    allowedNamespaces: {
      /**
       * Same: this namespace. All: every one. Selector: those of selector. Default: Same. Example: All.
       */
      from: 'Same' | 'All' | 'Selector';
      /**
       * Labels of the namespaces, with from: Selector. Default: none. Example: {matchLabels: {team: shop}}.
       */
      selector?: LabelSelector;
    };
  };
  /**
   * What the nodes report of their deliveries. Example: {type: File, delivered: 811001}.
   */
  status?: {
    /**
     * Generation of the spec that this status speaks of. Unit: generations. Example: 3.
     */
    observedGeneration?: number;
    /**
     * Which destination the spec has. Example: File.
     */
    type?: 'Stdout' | 'File' | 'OTLP' | 'IPFIX' | 'Kafka' | 'GRPC' | 'HTTP' | 'Loki' | 'ClickHouse' | 'S3';
    /**
     * Accepted, ResolvedRefs, Delivering, and their summary Ready; Stalled only while nothing but a change of the spec can help. Example: [{type: Ready, status: "True", reason: Delivering}].
     *
     * Items: One aspect of the state. Example: {type: Ready, status: "True", reason: Delivering}.
     */
    conditions?: Condition[];
    /**
     * Records that the destination has acknowledged. Unit: records. Example: 811001.
     */
    delivered?: number;
    /**
     * How many of them lately. Unit: records per second. Example: 140.
     */
    deliveredPerSecond?: number;
    /**
     * Records that were given up; the agent metrics give the reasons. Unit: records. Example: 0.
     */
    dropped?: number;
    /**
     * The part of delivered and dropped that nodes have counted which are gone since, so that totals never step back. Example: {delivered: 1200, dropped: 0}.
     */
    retired?: {
      /**
       * Records that the destination has acknowledged. Unit: records. Example: 1200.
       */
      delivered?: number;
      /**
       * Records that were given up. Unit: records. Example: 0.
       */
      dropped?: number;
      /**
       * FlowAgents, by metadata.uid, that are in these sums and have not gone yet: none is added twice. Example: [0b1f6a2e-6a5c-4f6e-9f3a-6c2d6f1c9a10].
       *
       * Items: The uid of one. Example: 0b1f6a2e-6a5c-4f6e-9f3a-6c2d6f1c9a10.
       */
      agents?: string[];
    };
    /**
     * Records that wait in memory and on disk. Unit: records. Example: 250.
     */
    backlog?: number;
    /**
     * When a batch was last acknowledged. Example: "2026-11-21T20:00:00Z".
     */
    lastDeliveredTime?: string;
    /**
     * When the first certificate in use expires. Example: "2027-01-01T00:00:00Z".
     */
    certificateExpiryTime?: string;
    /**
     * How many nodes deliver. Example: {desired: 3, delivering: 3, failing: 0}.
     */
    nodes?: {
      /**
       * Nodes with a capture that uses this export. Unit: nodes. Example: 3.
       */
      desired?: number;
      /**
       * Nodes whose latest batch was acknowledged. Unit: nodes. Example: 3.
       */
      delivering?: number;
      /**
       * Nodes whose latest batch was not. Unit: nodes. Example: 0.
       */
      failing?: number;
    };
    /**
     * The five nodes that fail worst, and why. Example: [{node: worker-2, reason: SinkUnreachable, message: "connection refused"}].
     *
     * Items: Why one node fails. Example: {node: worker-2, reason: SinkUnreachable, message: "refused"}.
     */
    failures?: NodeFailure[];
  };
}

/**
 * A Secret in this namespace, labelled weir.dev/export: "true", with the key token, or with the keys username and password. Default: no credentials. Example: {name: otel-login}.
 */
export interface SecretReference {
  /**
   * Name of the Secret. Example: otel-login.
   */
  name: string;
}

/**
 * A FlowAgent holds the plan of the node that it is named after, and what the agent on that node reports. People read it; the operator and the agent alone write it.
 */
export interface FlowAgent {
  apiVersion: 'weir.dev/v1alpha1';
  kind: 'FlowAgent';
  /**
   * Standard metadata of a Kubernetes object.
   */
  metadata: ObjectMeta;
  /**
   * What the node has been asked to do. Example: {plan: {node: worker-1, captures: []}}.
   */
  spec: {
    /**
     * The captures that matter on this node and the exports that they feed: all that the agent obeys. Example: {node: worker-1, captures: [{index: 0, name: shop/checkout}]}.
     */
    plan: {
      /**
       * SHA-256 of the rest of the plan in canonical JSON; equal plans have equal hashes. Example: e5734a71….
       */
      hash: string;
      /**
       * Name of the node. Example: worker-1.
       */
      node: string;
      /**
       * How often the agent writes its counters; what else changes it writes at once. Longer in a large cluster, so that all nodes together stay below 20 writes a second. Unit: seconds. Example: 10.
       */
      reportSeconds: number;
      /**
       * Kernel programs that some capture needs. Example: [tcp].
       *
       * Items: Name of one program. Example: tcp.
       */
      programs: string[];
      /**
       * The captures, sorted by namespace and name. Example: [{index: 0, name: shop/checkout, generation: 3}].
       *
       * Items: One capture. Example: {index: 0, name: shop/checkout, generation: 3, programs: [tcp], exports: [0]}.
       */
      captures: PlannedCapture[];
      /**
       * The exports that some capture feeds, sorted by namespace and name. Example: [{index: 0, name: weir-system/archive}].
       *
       * Items: One export. Example: {index: 0, name: weir-system/archive, spec: {stdout: {}}}.
       */
      exports: PlannedExport[];
    };
  };
  /**
   * What the agent reports. Example: {planHash: e5734a71…, version: 0.1.0}.
   */
  status?: {
    /**
     * Generation of the spec that this status speaks of. Unit: generations. Example: 3.
     */
    observedGeneration?: number;
    /**
     * Hash of the plan that the agent runs. Example: e5734a71….
     */
    planHash?: string;
    /**
     * Version of the agent. Example: 0.1.0.
     */
    version?: string;
    /**
     * What this agent can be asked for; a capture's needs are compared with it. Example: [protocol.TCP].
     *
     * Items: One feature. Example: protocol.TCP.
     */
    features?: string[];
    /**
     * The node's kernel. Example: {release: 6.18.0, btf: true}.
     */
    kernel?: {
      /**
       * As uname -r says it. Example: 6.18.0.
       */
      release?: string;
      /**
       * Whether the kernel carries its type information. Example: true.
       */
      btf?: boolean;
    };
    /**
     * The plan's programs on this kernel. Example: [{name: tcp, state: Attached}].
     *
     * Items: One program. Example: {name: tcp, state: Attached}.
     */
    programs?: ProgramReport[];
    /**
     * What became of each capture here, those that have left the plan included as long as the agent remembers them, so that totals never step back. Example: [{uid: 0b1f6a2e, name: shop/checkout, generation: 3, state: Programmed}].
     *
     * Items: One capture. Example: {uid: 0b1f6a2e, name: shop/checkout, generation: 3, state: Programmed}.
     */
    captures?: CaptureReport[];
    /**
     * Deliveries to each export, those that have left the plan included as long as the agent remembers them. Example: [{uid: 7c1d, name: weir-system/archive, state: Delivering, delivered: 8123}].
     *
     * Items: One export. Example: {uid: 7c1d, name: weir-system/archive, state: Delivering, delivered: 8123}.
     */
    exports?: ExportReport[];
    /**
     * Ready: the whole plan runs. Degraded: some of it runs badly. Example: [{type: Ready, status: "True", reason: PlanApplied}].
     *
     * Items: One aspect of the state. Example: {type: Ready, status: "True", reason: PlanApplied}.
     */
    conditions?: Condition[];
  };
}

/**
 * One capture. Example: {index: 0, name: shop/checkout, generation: 3, programs: [tcp], exports: [0]}.
 */
export interface PlannedCapture {
  /**
   * Position in this list. Unit: positions. Example: 0.
   */
  index: number;
  /**
   * Namespace and name of the FlowCapture. Example: shop/checkout.
   */
  name: string;
  /**
   * The object's metadata.uid: one of the same name may come after it. Example: 0b1f6a2e-6a5c-4f6e-9f3a-6c2d6f1c9a10.
   */
  uid: string;
  /**
   * Generation of the object's spec. Unit: generations. Example: 3.
   */
  generation: number;
  /**
   * Whose pods the capture sees: those of one namespace, or of those that a selector selects. Example: {name: shop}.
   */
  namespaces: {
    /**
     * The one namespace. Default: see selector. Example: shop.
     */
    name?: string;
    /**
     * Labels of the namespaces; {} is every one. Default: see name. Example: {matchLabels: {team: shop}}.
     */
    selector?: LabelSelector;
  };
  /**
   * Labels of the pods; {} is every one. Example: {matchLabels: {app: checkout}}.
   */
  podSelector: LabelSelector;
  /**
   * What is captured. Example: [TCP].
   *
   * Items: One protocol. Example: TCP.
   */
  protocols: string[];
  /**
   * Features that an agent must have to run this capture; one that lacks any reports Unsupported and never runs it half. Example: [protocol.TCP].
   *
   * Items: One feature. Example: protocol.TCP.
   */
  needs: string[];
  /**
   * Kernel programs that this capture needs. Example: [tcp].
   *
   * Items: Name of one program. Example: tcp.
   */
  programs: string[];
  /**
   * Positions of its exports in the plan's list. Example: [0, 2].
   *
   * Items: Position of one export. Unit: positions. Example: 0.
   */
  exports: number[];
  /**
   * Who opened the connections that it wants, seen from the selected pod. Default: anybody. Example: Outbound.
   */
  direction?: 'Outbound' | 'Inbound';
  /**
   * The far sides that it wants: the first entry that matches decides. Default: every far side. Example: [{action: Exclude, cidrs: [10.0.0.0/8]}].
   *
   * Items: Far sides by address or by label, and by port. Example: {action: Include, cidrs: [10.0.0.0/8]}.
   */
  peers?: PlannedPeer[];
  /**
   * One connection in this many is captured. Unit: connections. Default: every one. Example: 10.
   */
  oneIn?: number;
  /**
   * When live connections are reported. Default: every minute, and after 15 s of silence. Example: {activeSeconds: 30, idleSeconds: 10}.
   */
  reporting?: PlannedReporting;
  /**
   * Most records of this capture on this node. Unit: records per second. Default: 20000. Example: 5000.
   */
  flowsPerSecond?: number;
}

/**
 * Far sides by address or by label, and by port. Example: {action: Include, cidrs: [10.0.0.0/8]}.
 */
export interface PlannedPeer {
  /**
   * What to do with a flow whose far side matches. Example: Exclude.
   */
  action: 'Include' | 'Exclude';
  /**
   * Networks, one of which holds the far side's address. Default: any. Example: [10.0.0.0/8].
   *
   * Items: One network. Example: 10.0.0.0/8.
   */
  cidrs?: string[];
  /**
   * Server ports, or ranges of them. Default: any. Example: ["53", "8000-8999"].
   *
   * Items: One port or one range of ports. Example: "8000-8999".
   */
  ports?: string[];
  /**
   * Labels of the far side's pod. Default: not asked for. Example: {matchLabels: {app: db}}.
   */
  podSelector?: LabelSelector;
  /**
   * Labels of the far side's namespace. Default: with podSelector the capture's own namespace, else not asked for. Example: {matchLabels: {team: data}}.
   */
  namespaceSelector?: LabelSelector;
}

/**
 * When live connections are reported. Default: every minute, and after 15 s of silence. Example: {activeSeconds: 30, idleSeconds: 10}.
 */
export interface PlannedReporting {
  /**
   * A connection that carries data is reported this often. Unit: seconds. Example: 30.
   */
  activeSeconds: number;
  /**
   * One that has carried none for this long is reported once. Unit: seconds. Example: 10.
   */
  idleSeconds: number;
}

/**
 * One export. Example: {index: 0, name: weir-system/archive, spec: {stdout: {}}}.
 */
export interface PlannedExport {
  /**
   * Position in this list. Unit: positions. Example: 0.
   */
  index: number;
  /**
   * Namespace and name of the FlowExport. Example: weir-system/archive.
   */
  name: string;
  /**
   * The object's metadata.uid: one of the same name may come after it. Example: 0b1f6a2e-6a5c-4f6e-9f3a-6c2d6f1c9a10.
   */
  uid: string;
  /**
   * Generation of the object's spec. Unit: generations. Example: 3.
   */
  generation: number;
  /**
   * The FlowExport's spec; Secrets by reference only. Example: {stdout: {}}.
   */
  spec: Record<string, unknown>;
}

/**
 * One program. Example: {name: tcp, state: Attached}.
 */
export interface ProgramReport {
  /**
   * Name of the program. Example: tcp.
   */
  name: string;
  /**
   * Whether it runs. Example: Attached.
   */
  state: 'Attached' | 'Unsupported' | 'Failed';
  /**
   * Why not, in one word for programs. Example: VerifierRefused.
   */
  reason?: string;
  /**
   * Why not, or what it does without, for people; the verifier's last line where it was the verifier. Example: no BTF on this kernel.
   */
  message?: string;
}

/**
 * One capture. Example: {uid: 0b1f6a2e, name: shop/checkout, generation: 3, state: Programmed}.
 */
export interface CaptureReport {
  /**
   * The object's metadata.uid: one of the same name may come after it. Example: 0b1f6a2e-6a5c-4f6e-9f3a-6c2d6f1c9a10.
   */
  uid: string;
  /**
   * Namespace and name of the FlowCapture. Example: shop/checkout.
   */
  name: string;
  /**
   * Generation that the agent runs, or has tried to run. Unit: generations. Example: 3.
   */
  generation: number;
  /**
   * Programmed: it runs. Unsupported: this agent or kernel cannot run it. Failed: it should run and does not. Ended: it has left the plan. Example: Programmed.
   */
  state: 'Programmed' | 'Unsupported' | 'Failed' | 'Ended';
  /**
   * Why not, in one word for programs. Example: VerifierRefused.
   */
  reason?: string;
  /**
   * Why not, for people; the verifier's last line where it was the verifier. Example: no BTF on this kernel.
   */
  message?: string;
  /**
   * This node's part of the capture's ledger. Example: {perSecond: 14, observed: 8123, exported: 8123}.
   */
  flows?: {
    /**
     * Observed flow records, scaled by sampling. Unit: records per second. Example: 140.
     */
    perSecond?: number;
    /**
     * Flow records that the kernel gave. Unit: records. Example: 812345.
     */
    observed?: number;
    /**
     * Flow records that every export has, or that were to go nowhere. Unit: records. Example: 811001.
     */
    exported?: number;
    /**
     * Flow records that peers or direction excluded. Unit: records. Example: 900.
     */
    filtered?: number;
    /**
     * Flow records that sampling left out. Unit: records. Example: 0.
     */
    sampledOut?: number;
    /**
     * Flow records that were lost; the agent metrics give the reasons. Unit: records. Example: 444.
     */
    lost?: number;
  };
  /**
   * When the latest flow record was made. Example: "2026-11-21T20:00:00Z".
   */
  lastFlowTime?: string;
}

/**
 * One export. Example: {uid: 7c1d, name: weir-system/archive, state: Delivering, delivered: 8123}.
 */
export interface ExportReport {
  /**
   * The object's metadata.uid: one of the same name may come after it. Example: 0b1f6a2e-6a5c-4f6e-9f3a-6c2d6f1c9a10.
   */
  uid: string;
  /**
   * Namespace and name of the FlowExport. Example: weir-system/archive.
   */
  name: string;
  /**
   * Delivering: the latest batch was acknowledged. Failing: it was not. Idle: there was none yet. Ended: it has left the plan. Example: Delivering.
   */
  state: 'Delivering' | 'Failing' | 'Idle' | 'Ended';
  /**
   * Why not, in one word for programs. Example: VerifierRefused.
   */
  reason?: string;
  /**
   * Why not, for people; the verifier's last line where it was the verifier. Example: no BTF on this kernel.
   */
  message?: string;
  /**
   * Records that the destination has acknowledged. Unit: records. Example: 8123.
   */
  delivered?: number;
  /**
   * How many of them lately. Unit: records per second. Example: 14.
   */
  deliveredPerSecond?: number;
  /**
   * Records that were given up. Unit: records. Example: 0.
   */
  dropped?: number;
  /**
   * Records that wait in memory and on disk. Unit: records. Example: 250.
   */
  backlog?: number;
  /**
   * When a batch was last acknowledged. Example: "2026-11-21T20:00:00Z".
   */
  lastDeliveredTime?: string;
}
