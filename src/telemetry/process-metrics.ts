import { collectDefaultMetrics, Registry } from 'prom-client';

/** What Node programs tell of their own process, under the names that dashboards know: CPU, memory, heap, descriptors, event loop. */
export function processMetrics(): Registry {
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register;
}
