import { describe, expect, test } from 'vitest';
import { noneMatched } from '../../../src/plan/none-matched.ts';
import type { LabelSelector, Labels } from '../../../src/plan/selector.ts';

const pods = (count: number, labels: Record<string, string>) => Array.from({ length: count }, () => labels);

/** What is said of a selector of pods in namespace shop. */
function said(selector: LabelSelector, labels: readonly Labels[]): string {
  return noneMatched(selector, { kind: 'pod', where: 'in namespace shop', labels });
}

describe('a selector that selects no pod is told what was probably meant', () => {
  test('the nearest value that there is, with its number of pods', () => {
    const there = [...pods(12, { app: 'checkout' }), ...pods(3, { app: 'payments' })];
    expect(said({ matchLabels: { app: 'chekcout' } }, there)).toBe(
      'no pod in namespace shop has app=chekcout; 12 pods have app=checkout',
    );
    expect(said({ matchLabels: { app: 'payment' } }, pods(1, { app: 'payments' }))).toBe(
      'no pod in namespace shop has app=payment; 1 pod has app=payments',
    );
  });

  test('all values where none is near, the commonest first', () => {
    const there = [...pods(1, { app: 'a' }), ...pods(2, { app: 'warehouse' }), ...pods(2, { app: 'frontend' })];
    expect(said({ matchLabels: { app: 'xyzzyxyz' } }, there)).toBe(
      'no pod in namespace shop has app=xyzzyxyz; there are: app=frontend, app=warehouse, app=a',
    );
  });

  test('the key that was meant', () => {
    expect(said({ matchLabels: { ap: 'checkout' } }, pods(2, { app: 'checkout' }))).toBe(
      'no pod in namespace shop has ap=checkout, nor any other label ap; did you mean app?',
    );
    expect(said({ matchLabels: { zone: 'a' } }, pods(2, { app: 'a', tier: 'b' }))).toBe(
      'no pod in namespace shop has zone=a, nor any other label zone; there are: app, tier',
    );
    expect(said({ matchLabels: { zone: 'a' } }, pods(2, {}))).toBe(
      'no pod in namespace shop has zone=a; the pods there have no labels',
    );
  });

  test('where there is no pod at all', () => {
    expect(said({}, [])).toBe('no pod runs in namespace shop');
  });

  test.each([
    [{ key: 'app', operator: 'In', values: ['chekout', 'x'] }, 'app in (chekout, x); 2 pods have app=checkout'],
    [{ key: 'app', operator: 'NotIn', values: ['checkout'] }, 'app not in (checkout)'],
    [{ key: 'tier', operator: 'Exists' }, 'tier there'],
    [{ key: 'app', operator: 'DoesNotExist' }, 'app absent'],
  ] as const)('an expression %j', (requirement, words) => {
    expect(said({ matchExpressions: [requirement] }, pods(2, { app: 'checkout' }))).toBe(
      `no pod in namespace shop has ${words}`,
    );
  });

  test('labels that no pod has together', () => {
    const there = [...pods(1, { app: 'a', tier: 'x' }), ...pods(1, { app: 'b', tier: 'y' })];
    expect(said({ matchLabels: { app: 'a', tier: 'y' } }, there)).toMatch(/has all of the labels/);
  });

  test('text of a pod that a terminal would obey', () => {
    const there = pods(1, { app: 'check\u001b[31mout' });
    expect(said({ matchLabels: { app: 'check[31mout' } }, there)).not.toContain('\u001b');
  });
});

test('a selector of nodes or of namespaces is told in the same way', () => {
  const nodes = { kind: 'node', where: '', labels: [{ disk: 'ssd' }, { disk: 'ssd' }] } as const;
  expect(noneMatched({ matchLabels: { disk: 'sdd' } }, nodes)).toBe('no node has disk=sdd; 2 nodes have disk=ssd');
  const namespaces = { kind: 'namespace', where: '', labels: [{ team: 'shop' }] } as const;
  expect(noneMatched({ matchLabels: { taem: 'shop' } }, namespaces)).toBe(
    'no namespace has taem=shop, nor any other label taem; did you mean team?',
  );
  expect(noneMatched({}, { kind: 'node', where: '', labels: [] })).toBe('there is no node');
});
