import { Registry } from 'prom-client';
import { type Address, type Listener, type Reply, serve } from './http.ts';
import { processMetrics } from './process-metrics.ts';

export interface TelemetryOptions extends Address {
  /** Those of the process are served beside it. */
  readonly registry: Registry;
  /** Why the program cannot do its work yet, or any more; undefined when it can. */
  readonly notReady: () => string | undefined;
}

/**
 * Serves /metrics, /healthz (the process answers) and /readyz (it does its work).
 *
 * @throws WeirError InvalidInput when the address cannot be listened on.
 */
export function serveTelemetry(options: TelemetryOptions): Promise<Listener> {
  const registry = Registry.merge([options.registry, processMetrics()]);
  return serve(options, ({ path }) => answer(path, { ...options, registry }));
}

async function answer(path: string, { registry, notReady }: TelemetryOptions): Promise<Reply> {
  if (path === '/healthz') return { status: 200, body: 'ok\n' };
  if (path === '/metrics') return { status: 200, body: await registry.metrics(), type: registry.contentType };
  if (path !== '/readyz') return { status: 404, body: '/metrics, /healthz and /readyz are here\n' };
  const reason = notReady();
  return reason === undefined ? { status: 200, body: 'ok\n' } : { status: 503, body: `not ready: ${reason}\n` };
}
