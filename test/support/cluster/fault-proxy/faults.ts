import type { IncomingMessage, ServerResponse } from 'node:http';
import { Valve } from './valve.ts';

/** What a fault can choose a request by. */
export interface ProxiedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly watch: boolean;
}

export type Match = (request: ProxiedRequest) => boolean;

export const everything: Match = () => true;

interface Limited<T> {
  readonly match: Match;
  readonly fault: T;
  left: number;
}

/** Says something in the API server's place. */
export type Reply = (response: ServerResponse) => void;

/** The faults that are on. */
export class Faults {
  delayMillis = 0;
  /** Sizes of the pieces that responses are cut into, in turn; empty: as they come. */
  pieces: readonly number[] = [];
  readonly watches = new Valve();
  readonly #replies: Limited<Reply>[] = [];
  readonly #cuts: Limited<number>[] = [];

  replyTo(count: number, match: Match, fault: Reply): void {
    this.#replies.push({ match, fault, left: count });
  }

  /** @param afterBytes of the watch's body */
  cut(count: number, match: Match, afterBytes: number): void {
    this.#cuts.push({ match, fault: afterBytes, left: count });
  }

  /** Uses up one of a matching fault's turns. */
  takeReply(request: ProxiedRequest): Reply | undefined {
    return take(this.#replies, request);
  }

  /** As {@link takeReply}: after how many bytes this watch is cut. */
  takeCut(request: ProxiedRequest): number | undefined {
    return take(this.#cuts, request);
  }

  clear(): void {
    this.delayMillis = 0;
    this.pieces = [];
    this.watches.open();
    this.#replies.length = 0;
    this.#cuts.length = 0;
  }
}

function take<T>(faults: readonly Limited<T>[], request: ProxiedRequest): T | undefined {
  const found = faults.find(({ left, match }) => left > 0 && match(request));
  if (found === undefined) return undefined;
  found.left--;
  return found.fault;
}

export function describeRequest({ method = '', url = '' }: IncomingMessage): ProxiedRequest {
  const { pathname, searchParams } = new URL(url, 'https://127.0.0.1');
  const watch = ['1', 'true'].includes(searchParams.get('watch') ?? '');
  return { method, path: pathname, query: searchParams, watch };
}
