import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../../../src/api/manifest/manifest.ts';
import { KINDS } from '../../../support/manifests/kinds.ts';
import { COMPLETE, manifest, PAIRS } from '../../../support/manifests/table.ts';

describe.each(PAIRS)('$keyword: $path', (pair) => {
  test('is accepted where it holds', () => {
    const { objects, problems } = parseManifest(manifest(pair.kind, 'sample', pair.accepted), 'f.yaml', KINDS);
    expect(problems).toEqual([]);
    expect(objects.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`)).toEqual([
      `${pair.kind} shop/sample`,
    ]);
  });

  test('is refused where it does not, once, at the field, with what to write', () => {
    const { objects, problems } = parseManifest(manifest(pair.kind, 'sample', pair.refused), 'f.yaml', KINDS);
    expect(objects).toEqual([]);
    expect(problems.map(({ file, line, path, message }) => ({ file, line, path, message }))).toEqual([
      { file: 'f.yaml', line: 4, path: pair.path, message: pair.message },
    ]);
  });
});

test.each(COMPLETE)('every field of $kind at once is accepted', ({ kind, spec }) => {
  const { objects, problems } = parseManifest(manifest(kind, 'whole', spec), 'f.yaml', KINDS);
  expect(problems).toEqual([]);
  expect(objects.length).toBe(1);
});
