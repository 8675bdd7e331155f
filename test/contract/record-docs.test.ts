import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderRecordDocs } from '../../scripts/generate-record-docs.ts';

test('docs/record.md says what the catalogue says', () => {
  const committed = readFileSync(new URL('../../docs/record.md', import.meta.url), 'utf8');
  expect(committed, 'run scripts/generate-record-docs.ts').toBe(renderRecordDocs());
});
