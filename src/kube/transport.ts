/** One request to the API server. */
export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** Until the answer begins, and of what is no stream, between any two pieces of it. Default 30,000. */
  readonly timeoutMillis?: number;
  readonly signal?: AbortSignal;
  /** Told when the server has accepted the request: of a watch, long before its first event perhaps. */
  readonly onAnswer?: () => void;
}

/** The way to an API server: who asks, and how, is the implementation's. */
export interface Transport {
  /**
   * The answer's JSON, which is what the API says that it is.
   *
   * @throws ApiError where the server refuses, TransportError where it does not answer.
   */
  request<Answer>(request: KubeRequest): Promise<Answer>;
  /** An answer without an end, in pieces of any size. Fails as `request` does, at its beginning or in the middle. */
  stream(request: KubeRequest): AsyncIterable<Uint8Array>;
  /** Ends every connection, those in use too. */
  close(): void;
}

/** Who asks, and how the server is known. */
export interface Credentials {
  readonly server: URL;
  /** As they are now: tokens and certificates are renewed under a running program. */
  readonly current: () => Promise<CurrentCredentials>;
  /** What `current` last gave was refused: get it anew. */
  readonly renew: () => void;
}

export interface CurrentCredentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: {
    readonly ca?: string | Buffer;
    readonly cert?: string | Buffer;
    readonly key?: string | Buffer;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
}
