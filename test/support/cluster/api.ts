import type { OutgoingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { readKubeconfig } from './kubeconfig.ts';

/** Any object of the API. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** An object to be written: its name is in its path. */
export type Draft = object;

export interface ApplyOptions {
  /** Default `weir-test`. */
  readonly fieldManager?: string;
  /** Takes fields over from other managers; default false. */
  readonly force?: boolean;
}

export interface DeleteOptions {
  /** 0 for a pod on a node that no kubelet runs: nobody else would end it. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/** The API server refused; the message is the server's. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  /** Such as `NotFound`, `Conflict`, `Invalid`, `Forbidden`. */
  readonly reason: string | undefined;

  constructor(code: number, reason: string | undefined, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

const LIMIT_MILLIS = 15_000;

/** The API as a test sees it: paths as the server has them, such as `/api/v1/namespaces/default/pods/web`. */
export class Api {
  readonly #server: string;
  readonly #agent: Agent;
  readonly #authorization: OutgoingHttpHeaders;

  /** @param kubeconfig path; its current context says where and as whom */
  constructor(kubeconfig: string) {
    const { server, ca, certificate, key, token } = readKubeconfig(kubeconfig);
    this.#server = server;
    // Connections are kept: thousands of objects are made in seconds.
    this.#agent = new Agent({ keepAlive: true, maxSockets: 8, ca, cert: certificate, key });
    this.#authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** Resolves when the server says that it is ready; rejects when it does not. */
  async ready(): Promise<void> {
    const { code, text } = await this.#send('GET', '/readyz');
    if (code !== 200) throw new ApiError(code, undefined, `/readyz: ${text.trim()}`);
  }

  get<T = KubeObject>(path: string): Promise<T> {
    return this.#call('GET', path);
  }

  /** The items of a collection; their `apiVersion` and `kind` are missing, as in every list. */
  async list<T = KubeObject>(path: string): Promise<readonly T[]> {
    const { items } = await this.#call<{ readonly items: readonly T[] }>('GET', path);
    return items;
  }

  /** @param path of the collection */
  create<T = KubeObject>(path: string, object: Draft): Promise<T> {
    return this.#call('POST', path, object);
  }

  /** Server-side apply. @param path of the object */
  apply<T = KubeObject>(path: string, object: Draft, options: ApplyOptions = {}): Promise<T> {
    const { fieldManager = 'weir-test', force = false } = options;
    const query = new URLSearchParams({ fieldManager, force: String(force) }).toString();
    return this.#call('PATCH', `${path}?${query}`, object, 'application/apply-patch+yaml');
  }

  /** Merges into the object. */
  patch<T = KubeObject>(path: string, change: object): Promise<T> {
    return this.#call('PATCH', path, change, 'application/merge-patch+json');
  }

  /** Merges into the status subresource. */
  patchStatus<T = KubeObject>(path: string, status: object): Promise<T> {
    return this.#call('PATCH', `${path}/status`, { status }, 'application/merge-patch+json');
  }

  async delete(path: string, options: DeleteOptions = {}): Promise<void> {
    await this.#call('DELETE', path, options);
  }

  async #call<T>(method: string, path: string, body?: object, contentType?: string): Promise<T> {
    const { code, text } = await this.#send(method, path, body && JSON.stringify(body), contentType);
    if (code >= 300) throw apiError(code, text, `${method} ${path}`);
    return JSON.parse(text);
  }

  #send(method: string, path: string, body?: string, contentType = 'application/json'): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    // Node would send the body of a DELETE without its length, and the server take it for another request.
    const framing = { 'content-type': contentType, 'content-length': Buffer.byteLength(body ?? '') };
    const headers = { ...this.#authorization, ...(body === undefined ? {} : framing) };
    const options = { agent: this.#agent, method, headers, signal: AbortSignal.timeout(LIMIT_MILLIS) };
    const sent = request(`${this.#server}${path}`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => {
        resolve({ code: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
      response.once('error', reject);
    });
    sent.once('error', (error: NodeJS.ErrnoException) => {
      // The server closed a kept connection just as it was used again: it has not seen the request.
      if (sent.reusedSocket && error.code === 'ECONNRESET') resolve(this.#send(method, path, body, contentType));
      else reject(error);
    });
    sent.end(body);
    return promise;
  }
}

interface Answer {
  readonly code: number;
  readonly text: string;
}

function apiError(code: number, text: string, what: string): ApiError {
  try {
    const { reason, message }: { reason?: string; message?: string } = JSON.parse(text);
    return new ApiError(code, reason, `${what}: ${message ?? `status ${code}`}`);
  } catch {
    return new ApiError(code, undefined, `${what}: status ${code}: ${text.trim()}`);
  }
}
