import type { ServerResponse } from 'node:http';

/** What the proxy says itself, in the API server's words. */
export interface Answer {
  readonly status: number;
  /** The `Retry-After` header, in seconds. */
  readonly retryAfter?: number;
}

const REASONS = new Map([
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [409, 'Conflict'],
  [410, 'Expired'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
]);

export function sendAnswer(response: ServerResponse, { status, retryAfter }: Answer): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  response.end(JSON.stringify(statusObject(status)));
}

/** How a watch ends whose resourceVersion is too old: with status 200, and this as its last event. */
export const EXPIRED_EVENT = Buffer.from(`${JSON.stringify({ type: 'ERROR', object: statusObject(410) })}\n`);

export function sendExpiredWatch(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(EXPIRED_EVENT);
}

function statusObject(code: number): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `the fault proxy answers with ${code}`,
    reason: REASONS.get(code) ?? 'Unknown',
    code,
  };
}
