/** Writes `docs/metrics.md` from the metrics that operator and agent define. Run by `npm run generate`; a contract test compares. */
import { fileURLToPath } from 'node:url';
import type { Registry } from 'prom-client';
import { agentMetrics } from '../src/telemetry/agent-metrics.ts';
import { operatorMetrics } from '../src/telemetry/operator-metrics.ts';

export const METRICS_FILE = fileURLToPath(new URL('../docs/metrics.md', import.meta.url));

const HEAD = `<!-- biome-ignore-all format: generated from src/telemetry/ by \`npm run generate\` -->

# Metrics

Generated from [metrics.ts](../src/telemetry/operator-metrics.ts) by \`npm run generate\`; do not edit.

## Operator

\`weir operator\` serves them at /metrics on the address of \`--listen\`, beside /healthz (it answers) and /readyz (it has seen the
whole cluster, and its watches are alive).`;

const AGENT_HEAD = `## Agent

\`weir agent\` serves them in the same way; it is ready once its node's pods and plan are known. All counts begin with its process;
those of a FlowAgent's status go on.`;

const PROCESS = `## Process

Both serve beside these what Node programs usually tell of themselves: \`process_*\` (CPU, resident memory, descriptors) and
\`nodejs_*\` (heap, event loop lag, garbage collection).`;

const none = () => [];
const NO_REPORT = { accounts: [], exports: [], node: {} };

/** The whole page. */
export async function renderMetricsDocs(): Promise<string> {
  const operator = operatorMetrics({ watchAges: none, queueSizes: none, objects: none });
  const agent = agentMetrics({ watchAges: none, report: () => NO_REPORT, pods: () => 0, relief: () => 0 });
  return `${[HEAD, await table(operator.registry), AGENT_HEAD, await table(agent.registry), PROCESS].join('\n\n')}\n`;
}

async function table(registry: Registry): Promise<string> {
  const rows = (await registry.getMetricsAsJSON()).map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`);
  return ['| metric | type | meaning |', '| --- | --- | --- |', ...rows.toSorted()].join('\n');
}
