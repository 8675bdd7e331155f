/** nginx and wrk in the pods of a lab. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Pod } from '../../test/support/lab/pod.ts';

/** As many as the smallest node has cores; more threads than cores, so that none of them waits while one is held up. */
const WORKERS = 2;
const CONNECTIONS = 64;
const PACE = fileURLToPath(new URL('pace.lua', import.meta.url));
const READY_TRIES = 100;
const READY_PAUSE_MILLIS = 20;

/** Each request on a connection of its own, or all on CONNECTIONS of them. */
export type HttpMode = 'close' | 'keep-alive';

export interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
}

/** Starts nginx in a pod: two workers, no log, the same 200 with 64 bytes for every request. It ends with the lab. */
export async function startNginx(pod: Pod, directory: string, port: number): Promise<void> {
  const prefix = join(directory, `nginx-${port}`);
  mkdirSync(prefix);
  const config = join(prefix, 'nginx.conf');
  writeFileSync(config, nginxConfig(prefix, port));
  const nginx = pod.spawn(['nginx', '-p', prefix, '-c', config]);
  let said = '';
  nginx.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-1000)));
  nginx.stdout.resume();
  for (let tries = 0; tries < READY_TRIES; tries += 1) {
    if (nginx.exitCode !== null) break;
    const answered = await pod.exec(['curl', '-s', '-o', '/dev/null', `http://127.0.0.1:${port}/`]).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await sleep(READY_PAUSE_MILLIS);
  }
  throw new Error(`nginx did not start: ${said}`);
}

function nginxConfig(prefix: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (of) => `${of}_temp_path ${prefix}/${of};`,
  );
  return `
daemon off; worker_processes ${WORKERS}; user root; pid ${prefix}/pid; error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off; ${temporary.join(' ')}
  keepalive_requests 1000000000;
  server {
    listen ${port} backlog=4096 reuseport;
    location / { return 200 "${'weir'.repeat(15)}end\\n"; }
  }
}
`;
}

export interface LoadOptions {
  /** Requests; default: as many as there can be. */
  readonly perSecond?: number | undefined;
}

let target = 0;

/**
 * One round of wrk from a pod. Every round has a destination address of its own within 127/8, so that the ports which
 * the round before left in TIME-WAIT are free for it. Throws when a connection failed: the figures would mean nothing.
 */
export async function load(
  client: Pod,
  port: number,
  mode: HttpMode,
  seconds: number,
  { perSecond }: LoadOptions = {},
): Promise<Load> {
  target += 1;
  const url = `http://127.1.${target >> 8}.${target & 255}:${port}/`;
  const header = mode === 'close' ? ['-H', 'Connection: close'] : [];
  const [script, pace] =
    perSecond === undefined
      ? [[], []]
      : [
          ['-s', PACE],
          ['--', String((1000 * WORKERS) / perSecond)],
        ];
  const wrk = ['wrk', `-t${WORKERS}`, `-c${CONNECTIONS}`, `-d${seconds}s`, ...header, ...script, url, ...pace];
  const { stdout } = await client.exec(wrk, { timeoutMs: (seconds + 10) * 1000 });
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const requestsPerSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  if (!(requests > 0) || /Socket errors|Non-2xx/.test(stdout)) throw new Error(`wrk failed: ${stdout}`);
  return { requests, requestsPerSecond };
}
