import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METRICS_FILE, renderMetricsDocs } from '../../scripts/generate-metrics-docs.ts';

test('docs/metrics.md is what `npm run generate` would write', async () => {
  expect(await renderMetricsDocs()).toBe(readFileSync(METRICS_FILE, 'utf8'));
});

test('every metric has the prefix of its program, a unit or total as Prometheus has it, and a help text', async () => {
  const rows = [...(await renderMetricsDocs()).matchAll(/^\| `(\S+)` \| (\w+) \| (.+) \|$/gm)];
  expect(rows.length).toBeGreaterThan(10);
  for (const [, name = '', type, help] of rows) {
    expect(name).toMatch(/^weir_(?:operator|agent)_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(help).toMatch(/^[A-Z].{10,}\.$/);
  }
});
