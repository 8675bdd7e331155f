import { expect, test } from 'vitest';
import { type AgentObject, reduceStanding } from '../../../../src/agent/cluster/standing.ts';
import { standing } from './reports.ts';

const { plan } = standing();

function reduced(metadata: Partial<AgentObject['metadata']>, rest: Partial<AgentObject> = {}) {
  return reduceStanding({ metadata: { name: 'n1', ...metadata }, spec: { plan }, ...rest });
}

test('a FlowAgent that nobody has reported to has a plan and an empty status', () => {
  const expected = { name: 'n1', uid: 'uid-n1', generation: 1, plan, status: {}, reportedAt: undefined };
  expect(reduced({ uid: 'uid-n1', generation: 1 })).toEqual(expected);
});

test('it was last reported to when an agent wrote its status, not when an operator wrote its plan', () => {
  const managedFields = [
    { manager: 'weir-operator', time: '2026-11-25T12:03:00Z' },
    { manager: 'weir-agent', time: '2026-11-25T12:02:00Z' },
    { manager: 'kubectl', subresource: 'status', time: '2026-11-25T12:01:00Z' },
    { manager: 'weir-agent', subresource: 'status', time: '2026-11-25T12:00:00Z' },
  ];
  const status = { planHash: 'b' };
  expect(reduced({ managedFields }, { status })).toMatchObject({ status, reportedAt: '2026-11-25T12:00:00Z' });
  expect(reduced({ managedFields: managedFields.slice(0, 3) }).reportedAt).toBeUndefined();
});

test('one without a plan is told as a fault of the object', () => {
  expect(() => reduceStanding({ metadata: { name: 'n1' } })).toThrow('FlowAgent n1 has no plan');
});
