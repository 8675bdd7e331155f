import { expect, test } from 'vitest';
import { kindFromCrd } from '../../src/api/manifest/kinds.ts';
import { toJson } from '../../src/api/manifest/structural.ts';
import { compilePlan } from '../../src/plan/compile.ts';
import { PROGRAMS } from '../../src/plan/programs.ts';
import { MAX_CAPTURES } from '../../src/plan/size.ts';
import { readCrd } from '../support/manifests/kinds.ts';
import { capture, flowExport } from '../unit/plan/builders.ts';

/** What the compiler writes and what the schema of FlowAgents takes are one thing, held together here. */

const FLOW_AGENT = kindFromCrd(readCrd('flowagents'));

/** As an API server holds it. */
function stored<T extends { readonly metadata: object }>(object: T): T {
  return { ...object, metadata: { ...object.metadata, uid: '0b1f6a2e-6a5c-4f6e-9f3a-6c2d6f1c9a10', generation: 3 } };
}

function faultsOf(captures: ReturnType<typeof capture>[], exports: ReturnType<typeof flowExport>[]): string[] {
  const { plan, problems } = compilePlan({
    captures: captures.map(stored),
    exports: exports.map(stored),
    node: { name: 'worker-1', programs: PROGRAMS },
    reportSeconds: 10,
    namespaceLabels: () => ({ team: 'shop' }),
  });
  expect(problems).toEqual([]);
  const object = { apiVersion: 'weir.dev/v1alpha1', kind: 'FlowAgent', metadata: { name: 'worker-1' }, spec: { plan } };
  const json = toJson(object);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error('not an object');
  return FLOW_AGENT.admit(json).faults.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('a plan with every kind of selector and export is a legal FlowAgent', () => {
  const matchExpressions = [{ key: 'tier', operator: 'In' as const, values: ['web', 'api'] }];
  const exports = [{ name: 'live' }, { name: 'archive', namespace: 'weir-system' }];
  expect(
    faultsOf(
      [
        capture('shop/a', { podSelector: { matchLabels: { app: 'a' }, matchExpressions }, exports }),
        capture('weir-system/b', { namespaceSelector: { matchExpressions }, protocols: ['TCP'] }),
      ],
      [
        flowExport('shop/live', { stdout: {} }),
        flowExport('weir-system/archive', {
          file: { path: '/flows' },
          fields: ['start'],
          allowedNamespaces: { from: 'Selector', selector: { matchLabels: { team: 'shop' } } },
        }),
      ],
    ),
  ).toEqual([]);
});

test('an empty plan and the fullest one are legal FlowAgents', () => {
  expect(faultsOf([], [])).toEqual([]);
  const many = Array.from({ length: MAX_CAPTURES }, (_, at) => capture(`shop/c${at}`));
  expect(faultsOf(many, [])).toEqual([]);
});
