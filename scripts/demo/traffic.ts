import type { Pod } from '../../test/support/lab/pod.ts';
import type { Topology } from './topology.ts';
import { REQUESTS, SERVICES, type WorkloadName } from './workloads.ts';

/** What one client did: each request was one TCP connection. */
export interface ClientTraffic {
  readonly client: WorkloadName;
  readonly service: keyof typeof SERVICES;
  readonly requests: number;
  /** Body bytes that curl received, over all requests. */
  readonly bodyBytes: number;
}

/** Lets every client make its requests to the running servers; resolves when all are answered. */
export async function runTraffic({ pods }: Topology): Promise<readonly ClientTraffic[]> {
  return Promise.all(
    REQUESTS.map(async ({ client, service, count }) => {
      const url = `http://${SERVICES[service].address}:${SERVICES[service].port}/`;
      let bodyBytes = 0;
      for (let request = 0; request < count; request += 1) bodyBytes += await get(pods[client], url);
      return { client, service, requests: count, bodyBytes };
    }),
  );
}

async function get(pod: Pod, url: string): Promise<number> {
  const quiet = ['--silent', '--show-error', '--fail', '--max-time', '10', '--output', '/dev/null'];
  const { stdout } = await pod.exec(['curl', ...quiet, '--write-out', '%{size_download}', url]);
  return Number(stdout);
}
