import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { notHonoured } from '../../src/api/honoured.ts';
import { kindFromCrd } from '../../src/api/manifest/kinds.ts';
import { parseManifest } from '../../src/api/manifest/manifest.ts';
import { formatProblem } from '../../src/api/manifest/problem.ts';

/** Samples are what people start from: each is legal, says what it is for, and works in this version or says so. */

const KINDS = globSync('crds/*.yaml')
  .toSorted()
  .map((file) => kindFromCrd(readFileSync(file, 'utf8')));
const SAMPLES = globSync('config/samples/*.{yaml,json}').toSorted();
const NOT_YET = /^# Not honoured yet: /;

it('there are samples', () => {
  expect(SAMPLES).toContain('config/samples/machine.yaml');
});

it.each(SAMPLES)('%s is accepted, with at least one object', (file) => {
  const { objects, problems } = parseManifest(readFileSync(file, 'utf8'), file, KINDS);
  expect(problems.map(formatProblem)).toEqual([]);
  expect(objects.length).toBeGreaterThan(0);
});

it.each(SAMPLES)('%s says in its first line what it is for', (file) => {
  expect(readFileSync(file, 'utf8')).toMatch(/^# \S.{20,}/);
});

it.each(SAMPLES)('%s asks for nothing that this version does not honour, unless its first line says so', (file) => {
  const text = readFileSync(file, 'utf8');
  const refused = parseManifest(text, file, KINDS).objects.flatMap(notHonoured).map(formatProblem);
  const admitted = NOT_YET.test(text);
  // One way round or the other: a sample that became honoured must not go on saying that it is not.
  expect(admitted ? refused.length > 0 : refused).toEqual(admitted ? true : []);
});
