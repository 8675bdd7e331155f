import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { WeirError } from '../lib/errors.ts';

export interface TelemetryOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly registry: Registry;
  /** Why the program cannot do its work yet, or any more; undefined when it can. */
  readonly notReady: () => string | undefined;
}

export interface TelemetryServer {
  /** Where it listens: `127.0.0.1:8080`. */
  readonly address: string;
  readonly close: () => Promise<void>;
}

/** Nobody has anything to send here; a slow reader is cut off. */
const TIMEOUT_MILLIS = 10_000;

/**
 * Serves /metrics, /healthz (the process answers) and /readyz (it does its work).
 *
 * @throws WeirError InvalidInput when the address cannot be listened on.
 */
export async function serveTelemetry(options: TelemetryOptions): Promise<TelemetryServer> {
  const server = createServer((request, response) => {
    const reply = ({ status, body, type = 'text/plain; charset=utf-8' }: Reply) =>
      response.writeHead(status, { 'content-type': type }).end(body);
    if (request.method !== 'GET' && request.method !== 'HEAD') reply({ status: 405, body: 'GET only\n' });
    else
      answer((request.url ?? '').split('?', 1)[0], options).then(reply, (error: unknown) =>
        reply({ status: 500, body: `${String(error)}\n` }),
      );
  });
  server.requestTimeout = TIMEOUT_MILLIS;
  server.headersTimeout = TIMEOUT_MILLIS;
  await listen(server, options);
  const { address, port } = addressOf(server);
  return {
    address: `${address.includes(':') ? `[${address}]` : address}:${port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

async function answer(path: string | undefined, { registry, notReady }: TelemetryOptions): Promise<Reply> {
  if (path === '/healthz') return { status: 200, body: 'ok\n' };
  if (path === '/metrics') return { status: 200, body: await registry.metrics(), type: registry.contentType };
  if (path !== '/readyz') return { status: 404, body: '/metrics, /healthz and /readyz are here\n' };
  const reason = notReady();
  return reason === undefined ? { status: 200, body: 'ok\n' } : { status: 503, body: `not ready: ${reason}\n` };
}

function listen(server: Server, { host, port }: TelemetryOptions): Promise<void> {
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
