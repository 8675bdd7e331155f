import type { KubeObject } from './object.ts';
import { collectionPath, type ObjectName, objectPath, type Resource } from './resource.ts';
import type { Transport } from './transport.ts';
import { type WatchEvent, watchEvents } from './watch-events.ts';

/** Which objects of a kind. */
export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends Selection {
  /** Objects in one answer at most. */
  readonly limit?: number;
  /** From an earlier answer: go on there. */
  readonly continue?: string | undefined;
  readonly signal?: AbortSignal;
}

export interface ObjectList<Kind extends KubeObject> {
  readonly items: readonly Kind[];
  readonly resourceVersion: string;
  /** For the next page; undefined on the last. */
  readonly continue: string | undefined;
}

export interface WatchOptions extends Selection {
  /** Where to go on from; undefined: every object there is comes first, then a bookmark that says that these were all. */
  readonly resourceVersion: string | undefined;
  /** The server ends the watch after this. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  /** Told whenever the server says anything: that the watch has begun, and every piece that arrives. */
  readonly onHeard: () => void;
}

/** An object as server-side apply takes it: exactly the fields that its manager owns. */
export interface AppliedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectName & Readonly<Record<string, unknown>>;
}

interface RawList<Kind extends KubeObject> {
  readonly items?: readonly Kind[];
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}

/** Requests in the API's own terms. Every one fails with ApiError or TransportError. */
export class KubeClient {
  readonly #transport: Transport;
  readonly #fieldManager: string;

  /** @param options.fieldManager owner of the fields that it applies. */
  constructor(transport: Transport, options: { readonly fieldManager: string }) {
    this.#transport = transport;
    this.#fieldManager = options.fieldManager;
  }

  /** One page; without a resourceVersion, so that it is as new as the request. */
  async list<Kind extends KubeObject>(resource: Resource, options: ListOptions = {}): Promise<ObjectList<Kind>> {
    const { namespace, limit, continue: token, signal, labelSelector, fieldSelector } = options;
    const answer = await this.#transport.request<RawList<Kind>>({
      method: 'GET',
      path: collectionPath(resource, namespace),
      query: { labelSelector, fieldSelector, limit: limit?.toString(), continue: token },
      ...(signal !== undefined && { signal }),
    });
    const { resourceVersion = '', continue: next = '' } = answer.metadata ?? {};
    return { items: answer.items ?? [], resourceVersion, continue: next === '' ? undefined : next };
  }

  /** Events until the server ends the watch. An ERROR event is thrown as ApiError. */
  watch<Kind extends KubeObject>(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent<Kind>> {
    const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds, signal, onHeard } = options;
    const initial = { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' };
    const chunks = this.#transport.stream({
      method: 'GET',
      path: collectionPath(resource, namespace),
      query: {
        watch: '1',
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(timeoutSeconds),
        labelSelector,
        fieldSelector,
        ...(resourceVersion === undefined ? initial : { resourceVersion }),
      },
      signal,
      onAnswer: onHeard,
    });
    return watchEvents<Kind>(noticed(chunks, onHeard));
  }

  /** Merges a change into an object (RFC 7386). With a resourceVersion in it, only if the object is still that one. */
  merge<Kind extends KubeObject>(
    resource: Resource,
    name: ObjectName,
    change: object,
    { subresource }: { readonly subresource?: 'scale' } = {},
  ): Promise<Kind> {
    return this.#transport.request<Kind>({
      method: 'PATCH',
      path: objectPath(resource, name, subresource),
      query: { fieldManager: this.#fieldManager },
      body: change,
      contentType: 'application/merge-patch+json',
    });
  }

  /** Server-side apply, taking fields over from whoever else had them. Returns the object as it is then. */
  apply<Kind extends KubeObject>(
    resource: Resource,
    object: AppliedObject,
    { subresource }: { readonly subresource?: 'status' } = {},
  ): Promise<Kind> {
    return this.#transport.request<Kind>({
      method: 'PATCH',
      path: objectPath(resource, object.metadata, subresource),
      query: { fieldManager: this.#fieldManager, force: 'true' },
      body: object,
      contentType: 'application/apply-patch+yaml',
    });
  }
}

async function* noticed(chunks: AsyncIterable<Uint8Array>, onHeard: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    onHeard();
    yield chunk;
  }
}
