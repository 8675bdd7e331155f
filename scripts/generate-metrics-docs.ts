/** Writes `docs/metrics.md` from the metrics that the operator defines. Run by `npm run generate`; a contract test compares. */
import { fileURLToPath } from 'node:url';
import { operatorMetrics } from '../src/telemetry/metrics.ts';

export const METRICS_FILE = fileURLToPath(new URL('../docs/metrics.md', import.meta.url));

const HEAD = `<!-- biome-ignore-all format: generated from src/telemetry/metrics.ts by \`npm run generate\` -->

# Metrics

Generated from [metrics.ts](../src/telemetry/metrics.ts) by \`npm run generate\`; do not edit.

## Operator

\`weir operator\` serves them at /metrics on the address of \`--listen\`, beside /healthz (it answers) and /readyz (it has seen the
whole cluster, and its watches are alive).`;

const none = () => [];

/** The whole page. */
export async function renderMetricsDocs(): Promise<string> {
  const { registry } = operatorMetrics({ watchAges: none, queueSizes: none, objects: none });
  const rows = (await registry.getMetricsAsJSON()).map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`);
  return `${HEAD}\n\n${['| metric | type | meaning |', '| --- | --- | --- |', ...rows.toSorted()].join('\n')}\n`;
}
