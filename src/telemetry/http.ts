/** A small HTTP server that only answers questions: GET and HEAD. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WeirError } from '../lib/errors.ts';

export interface Address {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface Question {
  readonly path: string;
  readonly query: URLSearchParams;
  /** Aborted when nobody waits for the reply any more. */
  readonly signal: AbortSignal;
}

export interface Reply {
  readonly status: number;
  readonly body: string;
  /** Default: plain text. */
  readonly type?: string;
}

export interface Listener {
  /** Where it listens: `127.0.0.1:8080`. */
  readonly address: string;
  readonly close: () => Promise<void>;
}

/** Nobody has anything to send here; a slow sender is cut off. */
const TIMEOUT_MILLIS = 10_000;

/** @throws WeirError InvalidInput when the address cannot be listened on. */
export async function serve(where: Address, answer: (question: Question) => Promise<Reply>): Promise<Listener> {
  const server = createServer((request, response) => {
    const reply = ({ status, body, type = 'text/plain; charset=utf-8' }: Reply) =>
      response.writeHead(status, { 'content-type': type }).end(body);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      reply({ status: 405, body: 'GET only\n' });
      return;
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    answer({ path, query: new URLSearchParams(query), signal: gone.signal }).then(reply, (error: unknown) =>
      reply({ status: 500, body: `${String(error)}\n` }),
    );
  });
  server.requestTimeout = TIMEOUT_MILLIS;
  server.headersTimeout = TIMEOUT_MILLIS;
  await listen(server, where);
  const { address, port } = addressOf(server);
  return {
    address: `${address.includes(':') ? `[${address}]` : address}:${port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

function listen(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new WeirError('InvalidInput', `cannot listen on ${host}:${port}: ${cause.message}`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new WeirError('Internal', 'the server has no address');
  return address;
}
