import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout } from 'node:timers/promises';
import type { Faults, ProxiedRequest } from './faults.ts';
import { sendBody } from './send-body.ts';
import { OpenWatch, watchBody } from './watch-body.ts';

/** The API server. */
export interface Upstream {
  readonly server: string;
  /** Its authority's certificate. */
  readonly ca: Buffer;
}

export interface Exchange {
  readonly request: ProxiedRequest;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
}

/** They concern one connection, not what is behind it. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/** Passes a request on; resolves with the head of the answer. */
export function ask({ incoming, response }: Exchange, { server, ca }: Upstream): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { method = 'GET', url = '/' } = incoming;
  const headers = endToEnd({ ...incoming.headers, host: new URL(server).host });
  // A connection of its own: one that the server closed in between would be a fault that nobody asked for.
  const sent = httpsRequest(new URL(url, server), { method, headers, ca, agent: false }, resolve);
  sent.on('error', reject);
  response.once('close', () => sent.destroy());
  incoming.pipe(sent);
  return promise;
}

/** Passes the answer back; rejects when it breaks off, by itself or by a fault. */
export async function relay(
  answer: IncomingMessage,
  { request, response }: Exchange,
  faults: Faults,
  watches: Set<OpenWatch>,
): Promise<void> {
  await setTimeout(faults.delayMillis);
  response.writeHead(answer.statusCode ?? 0, endToEnd(answer.headers));
  response.flushHeaders();
  if (!isWatch(request, answer)) {
    await sendBody(response, answer, faults);
    response.end();
    return;
  }
  const watch = new OpenWatch(request);
  watches.add(watch);
  try {
    await sendBody(response, watchBody(answer, watch, faults.watches), faults, faults.takeCut(request));
    response.end();
  } finally {
    watches.delete(watch);
    answer.destroy();
  }
}

/** A refused watch is answered with one object, and protobuf has no lines. */
function isWatch(request: ProxiedRequest, { statusCode, headers }: IncomingMessage): boolean {
  return request.watch && statusCode === 200 && headers['content-type']?.startsWith('application/json') === true;
}

function endToEnd(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
}
