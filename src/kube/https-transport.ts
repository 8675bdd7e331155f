import http from 'node:http';
import https from 'node:https';
import { ApiError, apiErrorFromStatus, TransportError } from './api-error.ts';
import type { Credentials, CurrentCredentials, KubeRequest, Transport } from './transport.ts';

const DEFAULT_TIMEOUT_MILLIS = 30_000;
/** A connection whose other end is gone is noticed by the kernel after some of these. */
const KEEP_ALIVE_MILLIS = 15_000;
const MAX_SOCKETS = 64;
/** A page of a list is some MiB; what is larger is no answer that could be used. */
const MAX_ANSWER_BYTES = 256 * 2 ** 20;
const MAX_REFUSAL_BYTES = 2 ** 20;
/** The API server asks for seconds. Who asks for an hour is something in between, and must not blind the operator so long. */
const LONGEST_RETRY_AFTER_SECONDS = 60;
const UNAUTHORIZED = 401;
/** How a connection ends that its server closed before it was used again. */
const CLOSED_BEFORE: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE']);

/** The API server over HTTPS (or HTTP, behind kubectl proxy), on kept connections. */
export class HttpsTransport implements Transport {
  readonly #credentials: Credentials;
  readonly #agent: http.Agent;
  readonly #module: typeof http | typeof https;
  readonly #userAgent: string;

  #isClosed = false;

  /** @param userAgent what the server's audit log calls this program. */
  constructor(credentials: Credentials, userAgent: string) {
    this.#credentials = credentials;
    this.#userAgent = userAgent;
    this.#module = credentials.server.protocol === 'http:' ? http : https;
    const options = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MILLIS, maxSockets: MAX_SOCKETS };
    // The agent keeps connections apart by their certificates, so renewed ones take effect.
    this.#agent = this.#module === http ? new http.Agent(options) : new https.Agent(options);
  }

  async request<Answer>(request: KubeRequest): Promise<Answer> {
    const response = await this.#send(request);
    limitSilence(response, request);
    const text = await readAll(response, MAX_ANSWER_BYTES, request);
    try {
      const answer: Answer = JSON.parse(text);
      return answer;
    } catch (cause) {
      throw new TransportError(`${textOf(request)}: the answer is no JSON`, { cause });
    }
  }

  async *stream(request: KubeRequest): AsyncGenerator<Uint8Array> {
    const response = await this.#send(request);
    request.onAnswer?.();
    try {
      for await (const chunk of response) yield chunk;
    } catch (cause) {
      throw new TransportError(`${textOf(request)}: cut off: ${reasonOf(cause)}`, { cause });
    } finally {
      response.destroy();
    }
  }

  /** Ends what is under way; nothing is asked any more. */
  close(): void {
    this.#isClosed = true;
    this.#agent.destroy();
  }

  /** The answer, begun; a refusal is thrown. A token that has just expired is renewed once. */
  async #send(request: KubeRequest): Promise<http.IncomingMessage> {
    const response = await this.#exchange(request, await this.#credentials.current());
    if (response.statusCode !== UNAUTHORIZED) return checked(response, request);
    response.resume();
    this.#credentials.renew();
    return checked(await this.#exchange(request, await this.#credentials.current()), request);
  }

  #exchange(request: KubeRequest, { headers, tls }: CurrentCredentials): Promise<http.IncomingMessage> {
    const { method, path, query = {}, body, contentType = 'application/json', signal } = request;
    if (this.#isClosed) return Promise.reject(new TransportError(`${textOf(request)}: the connection is closed`));
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const sent = this.#module.request(urlOf(this.#credentials.server, path, query), {
      agent: this.#agent,
      method,
      ...tls,
      headers: {
        accept: 'application/json',
        'user-agent': this.#userAgent,
        ...headers,
        ...(text !== undefined && { 'content-type': contentType, 'content-length': text.length }),
      },
      ...(signal !== undefined && { signal }),
    });
    const millis = request.timeoutMillis ?? DEFAULT_TIMEOUT_MILLIS;
    const late = setTimeout(() => sent.destroy(new Error(`no answer within ${millis / 1000} s`)), millis);
    let answered = false;
    sent.on('response', (response) => {
      clearTimeout(late);
      answered = true;
      resolve(response);
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(late);
      // A reset in the middle of the answer is told here too: it is the reader's, and nothing to ask again for.
      if (answered) return;
      // The server closed a kept connection as it was used again, most likely before it saw the request. What is not safe
      // to be done twice is not asked again.
      const mayAskAgain = !this.#isClosed && method !== 'POST' && signal?.aborted !== true;
      if (mayAskAgain && sent.reusedSocket && CLOSED_BEFORE.has(error.code)) {
        resolve(this.#exchange(request, { headers, tls }));
      } else reject(new TransportError(`${textOf(request)}: ${reasonOf(error)}`, { cause: error }));
    });
    sent.end(text);
    return promise;
  }
}

function urlOf(server: URL, path: string, query: NonNullable<KubeRequest['query']>): URL {
  // A server behind a proxy has a path of its own.
  const url = new URL(`${server.pathname.replace(/\/$/, '')}${path}`, server);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

async function checked(response: http.IncomingMessage, request: KubeRequest): Promise<http.IncomingMessage> {
  const code = response.statusCode ?? 0;
  if (code >= 200 && code < 300) return response;
  limitSilence(response, request);
  const text = await readAll(response, MAX_REFUSAL_BYTES, request);
  const seconds = Number(response.headers['retry-after']);
  const retryAfter = seconds > 0 ? Math.min(seconds, LONGEST_RETRY_AFTER_SECONDS) * 1000 : undefined;
  let status: unknown;
  try {
    status = JSON.parse(text);
  } catch {
    // A proxy in between answers in its own words.
    throw new ApiError(code, '', `${textOf(request)}: status ${code}`, retryAfter);
  }
  throw apiErrorFromStatus(status, code, textOf(request), retryAfter);
}

/** A list may take its time, but not for ever; a watch's end is its reader's to say. */
function limitSilence(response: http.IncomingMessage, { timeoutMillis = DEFAULT_TIMEOUT_MILLIS }: KubeRequest): void {
  response.setTimeout(timeoutMillis, () => response.destroy(new Error('the answer stopped')));
}

async function readAll(response: http.IncomingMessage, limit: number, request: KubeRequest): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > limit) throw new Error(`the answer is larger than ${limit} bytes`);
    }
  } catch (cause) {
    throw new TransportError(`${textOf(request)}: ${reasonOf(cause)}`, { cause });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function textOf({ method, path }: KubeRequest): string {
  return `${method} ${path}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
