import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Listener } from '../../../src/telemetry/http.ts';
import { operatorMetrics } from '../../../src/telemetry/operator-metrics.ts';
import { serveTelemetry } from '../../../src/telemetry/server.ts';

let server: Listener;
let reason: string | undefined;
let sizes: [string, number][];

async function ask(path: string, init: RequestInit = {}): Promise<string> {
  const response = await fetch(`http://${server.address}${path}`, init);
  return `${response.status} ${await response.text()}`;
}

beforeEach(async () => {
  reason = undefined;
  sizes = [['capture', 3]];
  const { registry } = operatorMetrics({ watchAges: () => [], queueSizes: () => sizes, objects: () => [] });
  server = await serveTelemetry({ host: '127.0.0.1', port: 0, registry, notReady: () => reason });
});

afterEach(() => server.close());

describe('health and metrics', () => {
  test('healthz says that the process answers, readyz whether it can do its work, and why not', async () => {
    expect(await ask('/healthz')).toBe('200 ok\n');
    expect(await ask('/readyz')).toBe('200 ok\n');
    reason = 'not listed yet: pods';
    expect(await ask('/readyz')).toBe('503 not ready: not listed yet: pods\n');
    expect(await ask('/healthz')).toBe('200 ok\n');
  });

  test('the process is told of under its usual names', async () => {
    const text = await ask('/metrics');
    expect(text).toMatch(/^process_resident_memory_bytes \d{7,}$/m);
    expect(text).toMatch(/^nodejs_heap_size_used_bytes \d{6,}$/m);
  });

  test('metrics are read when they are asked for, and what is gone is not shown any more', async () => {
    expect(await ask('/metrics?x=1')).toContain('weir_operator_queue_size{controller="capture"} 3');
    sizes = [['agent', 1]];
    const text = await ask('/metrics');
    expect(text).toContain('weir_operator_queue_size{controller="agent"} 1');
    expect(text).not.toContain('controller="capture"');
  });

  test('nothing else is there, and nobody has anything to send', async () => {
    expect(await ask('/')).toMatch(/^404 /);
    expect(await ask('/metrics', { method: 'POST', body: 'x' })).toBe('405 GET only\n');
  });

  test('an address that is taken is told as such', async () => {
    const [host = '', port = ''] = server.address.split(':');
    const { registry } = operatorMetrics({ watchAges: () => [], queueSizes: () => [], objects: () => [] });
    const second = serveTelemetry({ host, port: Number(port), registry, notReady: () => undefined });
    await expect(second).rejects.toMatchObject({
      code: 'InvalidInput',
      message: expect.stringContaining('EADDRINUSE'),
    });
  });
});
