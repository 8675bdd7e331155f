import { describe, expect, test } from 'vitest';
import { noPodsMatched } from '../../../src/plan/no-pods-matched.ts';

const WHERE = 'namespace shop';
const pods = (count: number, labels: Record<string, string>) => Array.from({ length: count }, () => labels);

describe('a selector that selects no pod is told what was probably meant', () => {
  test('the nearest value that there is, with its number of pods', () => {
    const there = [...pods(12, { app: 'checkout' }), ...pods(3, { app: 'payments' })];
    expect(noPodsMatched({ matchLabels: { app: 'chekcout' } }, WHERE, there)).toBe(
      'no pod in namespace shop has app=chekcout; 12 pods have app=checkout',
    );
    expect(noPodsMatched({ matchLabels: { app: 'payment' } }, WHERE, pods(1, { app: 'payments' }))).toBe(
      'no pod in namespace shop has app=payment; 1 pod has app=payments',
    );
  });

  test('all values where none is near, the commonest first', () => {
    const there = [...pods(1, { app: 'a' }), ...pods(2, { app: 'warehouse' }), ...pods(2, { app: 'frontend' })];
    expect(noPodsMatched({ matchLabels: { app: 'xyzzyxyz' } }, WHERE, there)).toBe(
      'no pod in namespace shop has app=xyzzyxyz; there are: app=frontend, app=warehouse, app=a',
    );
  });

  test('the key that was meant', () => {
    expect(noPodsMatched({ matchLabels: { ap: 'checkout' } }, WHERE, pods(2, { app: 'checkout' }))).toBe(
      'no pod in namespace shop has ap=checkout, nor any other label ap; did you mean app?',
    );
    expect(noPodsMatched({ matchLabels: { zone: 'a' } }, WHERE, pods(2, { app: 'a', tier: 'b' }))).toBe(
      'no pod in namespace shop has zone=a, nor any other label zone; there are: app, tier',
    );
    expect(noPodsMatched({ matchLabels: { zone: 'a' } }, WHERE, pods(2, {}))).toBe(
      'no pod in namespace shop has zone=a; the pods there have no labels',
    );
  });

  test('where there is no pod at all', () => {
    expect(noPodsMatched({}, WHERE, [])).toBe('no pod runs in namespace shop');
  });

  test.each([
    [{ key: 'app', operator: 'In', values: ['chekout', 'x'] }, 'app in (chekout, x); 2 pods have app=checkout'],
    [{ key: 'app', operator: 'NotIn', values: ['checkout'] }, 'app not in (checkout)'],
    [{ key: 'tier', operator: 'Exists' }, 'tier there'],
    [{ key: 'app', operator: 'DoesNotExist' }, 'app absent'],
  ] as const)('an expression %j', (requirement, words) => {
    expect(noPodsMatched({ matchExpressions: [requirement] }, WHERE, pods(2, { app: 'checkout' }))).toBe(
      `no pod in namespace shop has ${words}`,
    );
  });

  test('labels that no pod has together', () => {
    const there = [...pods(1, { app: 'a', tier: 'x' }), ...pods(1, { app: 'b', tier: 'y' })];
    expect(noPodsMatched({ matchLabels: { app: 'a', tier: 'y' } }, WHERE, there)).toMatch(/has all of the labels/);
  });

  test('text of a pod that a terminal would obey', () => {
    const there = pods(1, { app: 'check\u001b[31mout' });
    expect(noPodsMatched({ matchLabels: { app: 'check[31mout' } }, WHERE, there)).not.toContain('\u001b');
  });
});
