import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Cluster } from './cluster.ts';
import { layoutOf } from './control-plane/layout.ts';
import { type Answer, sendAnswer, sendExpiredWatch } from './fault-proxy/answer.ts';
import { describeRequest, everything, Faults, type Match, type ProxiedRequest } from './fault-proxy/faults.ts';
import { ask, type Exchange, relay, type Upstream } from './fault-proxy/forward.ts';
import { Gate } from './fault-proxy/gate.ts';
import type { OpenWatch } from './fault-proxy/watch-body.ts';
import { Pki } from './pki.ts';
import { freePorts } from './process/ports.ts';

const TINY = [1, 2, 3, 4, 5, 6, 7];

/**
 * Stands between a client and the API server and does, on command, what networks and servers do. Clients find it by `server`
 * and log in by a token, which is passed on; a client certificate would end here.
 */
export class FaultProxy implements AsyncDisposable {
  /** `https://127.0.0.1:PORT`; its certificate is of the cluster's authority. */
  readonly server: string;
  /** What was passed on to the API server, oldest first. */
  readonly forwarded: ProxiedRequest[] = [];
  readonly #faults = new Faults();
  readonly #watches = new Set<OpenWatch>();
  readonly #upstream: Upstream;
  readonly #https: Server;
  readonly #gate: Gate;

  /** Use {@link startFaultProxy}. */
  constructor(port: number, tls: { readonly cert: Buffer; readonly key: Buffer }, upstream: Upstream) {
    this.server = `https://127.0.0.1:${port}`;
    this.#upstream = upstream;
    this.#https = createServer(tls, (incoming, response) => void this.#serve(incoming, response));
    this.#gate = new Gate(port, (socket) => this.#https.emit('connection', socket));
  }

  /** Resets every connection now. Returns how many there were. */
  resetConnections(): number {
    return this.#gate.resetAll();
  }

  /** New connections are refused; those that are there stay. */
  refuseConnections(): void {
    this.#gate.close();
  }

  /** Ends {@link refuseConnections}. */
  acceptConnections(): Promise<void> {
    return this.#gate.open();
  }

  /** The API server's answers begin to arrive so much later; 0: no longer. */
  delayResponses(millis: number): void {
    this.#faults.delayMillis = millis;
  }

  /** Answers arrive in pieces of 1 to 7 bytes, or whole again. */
  splitResponses(split: boolean): void {
    this.#faults.pieces = split ? TINY : [];
  }

  /** No watch passes an event on any more; the connections stay. */
  stallWatches(): void {
    this.#faults.watches.close();
  }

  /** Ends {@link stallWatches}: what was held back arrives. */
  resumeWatches(): void {
    this.#faults.watches.open();
  }

  /** The next so many matching requests are answered here. */
  answerNext(count: number, match: Match, answer: Answer): void {
    this.#faults.replyTo(count, match, (response) => sendAnswer(response, answer));
  }

  /** The next so many matching watches expire at once: status 200, an ERROR event with code 410, the end. */
  expireNextWatches(count: number, match: Match = everything): void {
    this.#faults.replyTo(count, (request) => request.watch && match(request), sendExpiredWatch);
  }

  /** Matching watches that are under way get an ERROR event with code 410 and end. Returns how many there were. */
  expireWatches(match: Match = everything): number {
    const matching = [...this.#watches].filter(({ request }) => match(request));
    for (const watch of matching) watch.expire();
    return matching.length;
  }

  /** The next so many matching watches are reset when exactly so many bytes of events were passed on. */
  cutNextWatches(count: number, afterBytes: number, match: Match = everything): void {
    this.#faults.cut(count, match, afterBytes);
  }

  /** Ends every fault; what was done is not undone. */
  async clear(): Promise<void> {
    this.#faults.clear();
    await this.acceptConnections();
  }

  /** Ends every connection. Can be called again. */
  async stop(): Promise<void> {
    this.#faults.clear();
    this.#gate.close();
    this.#gate.resetAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that goes away shows as `close`.
    response.on('error', () => undefined);
    const exchange = { request: describeRequest(incoming), incoming, response };
    const reply = this.#faults.takeReply(exchange.request);
    if (reply === undefined) await this.#forward(exchange);
    else reply(response);
  }

  /** Whatever goes wrong behind the proxy is a connection that breaks for its client. */
  async #forward(exchange: Exchange): Promise<void> {
    const connection = this.#gate.beneath(exchange.incoming.socket);
    this.forwarded.push(exchange.request);
    try {
      const answer = await ask(exchange, this.#upstream);
      await relay(answer, exchange, this.#faults, this.#watches);
    } catch {
      connection?.resetAndDestroy();
    }
  }
}

/** @param cluster one that startCluster started: the proxy's certificate needs its authority */
export async function startFaultProxy(cluster: Cluster): Promise<FaultProxy> {
  const pki = Pki.open(layoutOf(cluster.folder).pki);
  if (pki === undefined) {
    throw new Error('a fault proxy needs a cluster of its own: run this test without WEIR_TEST_KUBECONFIG');
  }
  const [port = 0] = await freePorts(1);
  const subject = { commonName: 'fault-proxy', alternativeNames: ['DNS:localhost', 'IP:127.0.0.1'] };
  const { certificate, key } = await pki.issue(`fault-proxy-${port}`, subject);
  const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
  const proxy = new FaultProxy(port, tls, { server: cluster.server, ca: readFileSync(pki.authority) });
  await proxy.acceptConnections();
  return proxy;
}
