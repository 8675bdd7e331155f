import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import type { Connection } from './kubeconfig.ts';

/** What a plain client saw of one request, as it came. */
export interface Seen {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  /** The body as it was read, piece by piece. */
  readonly pieces: string[];
  /** How it ended: in order, or by an error's code; undefined while it is under way. */
  end: string | undefined;
}

export interface RawRequest {
  readonly seen: Readonly<Seen>;
  /** Resolves when it has ended, in whatever way. */
  readonly ended: Promise<Readonly<Seen>>;
}

/** Sends a GET over a connection of its own, with nothing repeated, repaired or put together. */
export function rawGet({ server, ca, token }: Connection, path: string): RawRequest {
  const { promise: ended, resolve } = Promise.withResolvers<Seen>();
  const seen: Seen = { status: undefined, headers: {}, pieces: [], end: undefined };
  const finish = (how: string) => {
    seen.end ??= how;
    resolve(seen);
  };
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const sent = request(`${server}${path}`, { ca, headers, agent: false }, (response) => {
    seen.status = response.statusCode;
    seen.headers = response.headers;
    response.setEncoding('utf8');
    response.on('data', (piece: string) => seen.pieces.push(piece));
    response.once('end', () => finish('in order'));
    response.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
  });
  sent.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
  sent.end();
  return { seen, ended };
}
