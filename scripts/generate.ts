/** `npm run generate`: writes every generated file anew. Contract tests fail when one of them is not fresh. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DOCS_FILE, readKinds, renderDocs, renderTypes, TYPES_FILE } from './generate-api.ts';
import { CHART_FILES, renderChartFiles } from './generate-chart.ts';
import { CONDITIONS_FILE, renderConditions } from './generate-conditions.ts';
import { LAYOUT_FILE, readBtf, renderLayout } from './generate-layout.ts';
import { METRICS_FILE, renderMetricsDocs } from './generate-metrics-docs.ts';
import { RECORD_DOCS_FILE, renderRecordDocs } from './generate-record-docs.ts';

const kinds = readKinds();
writeFileSync(TYPES_FILE, await renderTypes(kinds));
writeFileSync(DOCS_FILE, renderDocs(kinds));
writeFileSync(CONDITIONS_FILE, renderConditions());
writeFileSync(LAYOUT_FILE, renderLayout(readBtf()));
writeFileSync(METRICS_FILE, await renderMetricsDocs());
writeFileSync(RECORD_DOCS_FILE, renderRecordDocs());
rmSync(CHART_FILES, { recursive: true, force: true });
for (const [path, text] of renderChartFiles()) {
  mkdirSync(dirname(join(CHART_FILES, path)), { recursive: true });
  writeFileSync(join(CHART_FILES, path), text);
}
