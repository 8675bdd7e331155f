import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiError, TransportError } from '../../../src/kube/api-error.ts';
import { HttpsTransport } from '../../../src/kube/https-transport.ts';
import type { KubeRequest } from '../../../src/kube/transport.ts';

/** A transport against a server that does on purpose what a real API server does once a week. */

type Behaviour = (response: ServerResponse, socket: Socket, request: IncomingMessage) => void;

/** Within this a server begins to answer, however slow the machine. */
const TO_BEGIN_MILLIS = 2_000;

let server: Server;
let transport: HttpsTransport;
/** By path: what the server does, each time the next one; the last one again and again. */
let behaviours: Record<string, Behaviour[]>;
/** `METHOD URL` of each request, in the order of their arrival. */
let asked: string[];
let renewals: number;

const answers =
  (text: string, status = 200, headers: Record<string, string> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, headers).end(text);
  };
const begins: Behaviour = (response) => {
  response.writeHead(200).write('first');
};
const resets: Behaviour = (_response, socket) => {
  socket.resetAndDestroy();
};
const saysNothing: Behaviour = () => undefined;

const get = (path: string, rest: Partial<KubeRequest> = {}): KubeRequest => ({ method: 'GET', path, ...rest });

async function failure(request: Promise<unknown>): Promise<unknown> {
  return request.then(
    () => 'answered',
    (error: unknown) => error,
  );
}

/** Reads a stream to its end; `onPiece` is called with each piece. */
async function read(request: KubeRequest, onPiece: (piece: string) => void): Promise<void> {
  for await (const piece of transport.stream(request)) onPiece(Buffer.from(piece).toString());
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

beforeEach(async () => {
  [behaviours, asked, renewals] = [{ '/ok': [answers('{"kind":"List"}')] }, [], 0];
  server = createServer((request, response) => {
    const { method = '', url = '', socket } = request;
    asked.push(`${method} ${url}`);
    const list = behaviours[url.replace(/\?.*/, '')] ?? [];
    const behaviour = list.length > 1 ? list.shift() : list[0];
    behaviour?.(response, socket, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const credentials = {
    server: new URL(`http://127.0.0.1:${portOf(server.address())}`),
    current: async () => ({ headers: { authorization: `Bearer token-${renewals}` }, tls: {} }),
    renew: () => {
      renewals += 1;
    },
  };
  transport = new HttpsTransport(credentials, 'weir-test');
});

afterEach(() => {
  transport.close();
  server.closeAllConnections();
  server.close();
});

describe('a stream', () => {
  test('that is reset in the middle, on a kept connection, fails once and asks for nothing by itself', async () => {
    behaviours['/watch'] = [
      (response, socket) => {
        response.writeHead(200).write('first', () => socket.resetAndDestroy());
      },
    ];
    await transport.request(get('/ok'));
    const pieces: string[] = [];
    const error = await failure(read(get('/watch'), (piece) => pieces.push(piece)));
    expect(error).toBeInstanceOf(TransportError);
    expect(String(error)).toContain('GET /watch: cut off');
    await transport.request(get('/ok'));
    expect(asked).toEqual(['GET /ok', 'GET /watch', 'GET /ok']);
  });

  test('that is reset as its server goes away leaves no failure behind that nobody takes', async () => {
    behaviours['/watch'] = [
      (response, socket) => {
        response.writeHead(200).write('first', () => {
          server.close();
          socket.resetAndDestroy();
        });
      },
    ];
    await transport.request(get('/ok'));
    const gone = once(server, 'close');
    expect(await failure(read(get('/watch'), () => undefined))).toBeInstanceOf(TransportError);
    await gone;
    // Refused from now on; vitest fails on a rejection that nobody takes.
    expect(String(await failure(transport.request(get('/ok'))))).toContain('ECONNREFUSED');
    expect(asked).toEqual(['GET /ok', 'GET /watch']);
  });

  test('may be silent for longer than any answer may', async () => {
    let goOn: (() => void) | undefined;
    behaviours['/watch'] = [
      (response) => {
        response.writeHead(200).write('first');
        goOn = () => response.end('second');
      },
    ];
    behaviours['/stops'] = [begins];
    const limit = { timeoutMillis: TO_BEGIN_MILLIS };
    const pieces = transport.stream(get('/watch', limit));
    const next = async () => Buffer.from((await pieces.next()).value ?? []).toString();
    expect(await next()).toBe('first');
    expect(String(await failure(transport.request(get('/stops', limit))))).toContain('the answer stopped');
    goOn?.();
    expect(await next()).toBe('second');
  });

  test('ends when its reader says so, with its connection', async () => {
    const closed = Promise.withResolvers<void>();
    behaviours['/watch'] = [
      (response) => {
        response.once('close', () => closed.resolve());
        response.writeHead(200).write('first');
      },
    ];
    const stop = new AbortController();
    const heard: string[] = [];
    const request = get('/watch', { signal: stop.signal, onAnswer: () => heard.push('answer') });
    const error = await failure(
      read(request, (piece) => {
        heard.push(piece);
        stop.abort();
      }),
    );
    expect(error).toBeInstanceOf(TransportError);
    expect(heard).toEqual(['answer', 'first']);
    await closed.promise;
  });
});

describe('a kept connection that the server has closed', () => {
  test.each(['GET', 'PATCH', 'DELETE'] as const)('%s is asked again, on another one', async (method) => {
    behaviours['/again'] = [resets, answers('{"kind":"Again"}')];
    await transport.request(get('/ok'));
    expect(await transport.request({ method, path: '/again' })).toEqual({ kind: 'Again' });
    expect(asked).toEqual(['GET /ok', `${method} /again`, `${method} /again`]);
  });

  test('POST is not: it may have been done', async () => {
    behaviours['/again'] = [resets, answers('{}')];
    await transport.request(get('/ok'));
    expect(await failure(transport.request({ method: 'POST', path: '/again' }))).toBeInstanceOf(TransportError);
    expect(asked).toEqual(['GET /ok', 'POST /again']);
  });

  test('a new connection that is reset is a failure', async () => {
    behaviours['/again'] = [resets, answers('{}')];
    expect(await failure(transport.request(get('/again')))).toBeInstanceOf(TransportError);
    expect(asked).toEqual(['GET /again']);
  });
});

describe('an answer', () => {
  test('that does not begin, or stops, is given up', async () => {
    behaviours['/silent'] = [saysNothing];
    behaviours['/stops'] = [begins];
    behaviours['/refuses'] = [(response) => response.writeHead(500).write('{"kind":')];
    expect(String(await failure(transport.request(get('/silent', { timeoutMillis: 30 }))))).toContain(
      'no answer within 0.03 s',
    );
    const limit = { timeoutMillis: TO_BEGIN_MILLIS };
    expect(String(await failure(transport.request(get('/stops', limit))))).toContain('the answer stopped');
    expect(String(await failure(read(get('/refuses', limit), () => undefined)))).toContain('the answer stopped');
  });

  test('that is no JSON is told as such', async () => {
    behaviours['/text'] = [answers('<html>')];
    const error = await failure(transport.request(get('/text')));
    expect(error).toBeInstanceOf(TransportError);
    expect(String(error)).toContain('GET /text: the answer is no JSON');
  });

  test('asks with who it is, and with what was given only', async () => {
    const seen: (string | undefined)[] = [];
    behaviours['/ok'] = [
      (response, _socket, { headers }) => {
        seen.push(headers.authorization, headers['user-agent'], headers.accept);
        response.end('{}');
      },
    ];
    await transport.request(get('/ok', { query: { a: 'x y&z', b: undefined } }));
    expect(asked).toEqual(['GET /ok?a=x+y%26z']);
    expect(seen).toEqual(['Bearer token-0', 'weir-test', 'application/json']);
  });
});

describe('a refusal', () => {
  test('with 401 renews the credentials, once', async () => {
    behaviours['/token'] = [answers('{}', 401), answers('{"kind":"Ok"}')];
    expect(await transport.request(get('/token'))).toEqual({ kind: 'Ok' });
    expect(renewals).toBe(1);
    behaviours['/token'] = [answers('{"message":"Unauthorized","reason":"Unauthorized"}', 401)];
    expect(await failure(transport.request(get('/token')))).toMatchObject({ code: 401, reason: 'Unauthorized' });
    expect(asked).toEqual(['GET /token', 'GET /token', 'GET /token', 'GET /token']);
    expect(renewals).toBe(2);
  });

  test.each([
    ['a Status', '{"code":409,"reason":"Conflict","message":"not you"}', 'Conflict', 'GET /no: not you'],
    ['what a proxy says in HTML', '<h1>no</h1>', '', 'GET /no: status 409'],
    ['JSON of something else', '{"code":"EAGAIN","reason":7,"message":{}}', '', 'GET /no: status 409'],
    ['a Status that contradicts the answer', '{"code":200,"reason":"","message":"fine"}', '', 'GET /no: fine'],
    ['null', 'null', '', 'GET /no: status 409'],
  ])('as %s has the status of the answer', async (_, text, reason, message) => {
    behaviours['/no'] = [answers(text, 409)];
    const error = await failure(transport.request(get('/no')));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 409, reason, message });
  });

  test.each([
    ['2', 2000],
    ['86400', 60_000],
    ['0', undefined],
    ['-1', undefined],
    ['Wed, 25 Nov 2026 23:00:00 GMT', undefined],
  ])('with Retry-After %s asks for %s ms', async (retryAfter, retryAfterMillis) => {
    behaviours['/no'] = [answers('{}', 429, { 'retry-after': retryAfter })];
    expect(await failure(transport.request(get('/no')))).toMatchObject({ code: 429, retryAfterMillis });
  });
});

describe('a transport that is closed', () => {
  test('asks nothing again, though a kept connection ended under a request, and nothing anew', async () => {
    await transport.request(get('/ok'));
    behaviours['/silent'] = [saysNothing];
    const underWay = failure(transport.request(get('/silent')));
    await expect.poll(() => asked).toContain('GET /silent');
    transport.close();
    expect(await underWay).toBeInstanceOf(TransportError);
    expect(await failure(transport.request(get('/ok')))).toBeInstanceOf(TransportError);
    expect(asked).toEqual(['GET /ok', 'GET /silent']);
  });
});
