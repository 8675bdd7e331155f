import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const LOWEST = 12_000;

/**
 * Free TCP ports on loopback, below the range from which the kernel serves outgoing connections: a server that is down for
 * a while (a killed API server, a proxy that refuses) finds its port free again.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const [firstEphemeral] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t').map(Number);
  const above = Math.max(firstEphemeral ?? 0, LOWEST + 1_000);
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(LOWEST, above);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
