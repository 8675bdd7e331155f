import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DOCS_FILE, readKinds, renderDocs, renderTypes, TYPES_FILE } from '../../scripts/generate-api.ts';

describe('what is generated from crds/ is what `npm run generate` would write', () => {
  const kinds = readKinds();

  test('src/api/types.generated.ts', async () => {
    expect(await renderTypes(kinds)).toBe(readFileSync(TYPES_FILE, 'utf8'));
  });

  test('docs/api.md', () => {
    expect(renderDocs(kinds)).toBe(readFileSync(DOCS_FILE, 'utf8'));
  });

  test('generating twice gives the same bytes', async () => {
    expect(await renderTypes(readKinds())).toBe(await renderTypes(kinds));
  });
});
