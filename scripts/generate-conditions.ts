/** Writes `docs/conditions.md` from the table of conditions. Run by `npm run generate`; a contract test compares. */
import { fileURLToPath } from 'node:url';
import { AGENT_CONDITIONS } from '../src/api/agent-conditions.ts';
import { CONDITION_TABLE } from '../src/api/conditions.ts';

export const CONDITIONS_FILE = fileURLToPath(new URL('../docs/conditions.md', import.meta.url));

const HEAD = `<!-- biome-ignore-all format: generated from src/api/condition-table.ts by \`npm run generate\` -->

# Conditions

Generated from [condition-table.ts](../src/api/condition-table.ts) and
[agent-conditions.ts](../src/api/agent-conditions.ts) by \`npm run generate\`; do not edit.

\`kubectl get fc\` and \`kubectl get fx\` show Ready; \`kubectl describe\` shows the others, each with a message that names the
fix. \`kubectl wait --for=condition=Ready\` waits for Ready. For GitOps tools the objects follow kstatus: a status that speaks
of an older generation, and Ready=False or Unknown, are *InProgress*; Stalled=True is *Failed*; Ready=True is *Current*.
lastTransitionTime moves only when the status of a condition does.`;

/** The whole page: a section a kind, a table a condition. */
export function renderConditions(): string {
  const parts = [HEAD];
  for (const [kind, conditions] of Object.entries({ ...CONDITION_TABLE, FlowAgent: AGENT_CONDITIONS })) {
    parts.push(`## ${kind}`);
    for (const [type, { meaning, reasons }] of Object.entries(conditions)) {
      const rows = Object.entries(reasons).map(
        ([reason, row]) => `| \`${reason}\` | ${row.status} | ${row.meaning} | ${row.remedy} |`,
      );
      const table = ['| reason | status | meaning | what to do |', '| --- | --- | --- | --- |', ...rows].join('\n');
      parts.push(`### ${kind}: ${type}`, meaning, table);
    }
  }
  return `${parts.join('\n\n')}\n`;
}
