import { describe, expect, test } from 'vitest';
import { effectivePlan, emptyPlan } from '../../../../src/agent/cluster/effective-plan.ts';
import { capture, compile, flowExport } from '../../plan/builders.ts';
import { plannedCapture, plannedExport, standing } from './reports.ts';

/** A plan as an operator of whatever version writes it. */
function written(...captures: ReturnType<typeof plannedCapture>[]) {
  return standing(captures, [plannedExport(0)]).plan;
}

describe('the plan that an agent makes of what is written', () => {
  test('is exactly the plan that a compiler of its own version has written', () => {
    const { plan } = compile(
      [
        capture('shop/a', { podSelector: { matchLabels: { app: 'a' } }, exports: [{ name: 'live' }] }),
        capture('weir-system/b', { namespaceSelector: { matchLabels: { team: 'blue' } }, protocols: ['TCP'] }),
      ],
      [flowExport('shop/live')],
    );
    const uids = { uid: 'some', generation: 3 };
    const captures = plan.captures.map((each) => Object.assign(plannedCapture(each.index), each, uids));
    const exports = plan.exports.map((each) => Object.assign(plannedExport(each.index), each, uids));
    const effective = effectivePlan({ ...written(), hash: plan.hash, node: plan.node, captures, exports });
    expect(effective).toEqual({
      plan: {
        ...plan,
        reportSeconds: 10,
        captures: plan.captures.map((each) => Object.assign({}, each, uids)),
        exports: plan.exports.map((each) => Object.assign({}, each, uids)),
      },
      refused: new Map(),
    });
  });

  test('leaves a capture out as a whole that needs what this agent lacks, and says what that is', () => {
    const newer = plannedCapture(1, {
      protocols: ['DNS', 'TCP'],
      needs: ['protocol.DNS', 'protocol.TCP', 'tls.names'],
      programs: ['dns', 'tcp'],
    });
    const { plan, refused } = effectivePlan(written(plannedCapture(0), newer));
    expect(plan.captures.map(({ uid }) => uid)).toEqual(['uid-c0']);
    expect(plan.programs).toEqual(['tcp']);
    expect(refused).toEqual(new Map([['uid-c1', ['protocol.DNS', 'tls.names']]]));
  });

  test('asks for no program where no capture is left, and keeps its exports, whose sinks stay open', () => {
    const { plan, refused } = effectivePlan(written(plannedCapture(0, { needs: ['protocol.DNS'] })));
    expect(plan).toMatchObject({ programs: [], captures: [], exports: [{ uid: 'uid-x0' }] });
    expect([...refused.keys()]).toEqual(['uid-c0']);
  });

  test('selects namespaces by name or by labels, and by an absent selector every one', () => {
    const selector = { matchLabels: { team: 'shop' } };
    const { plan } = effectivePlan(
      written(
        plannedCapture(0, { namespaces: { name: 'shop' } }),
        plannedCapture(1, { namespaces: { selector } }),
        plannedCapture(2, { namespaces: {} }),
      ),
    );
    expect(plan.captures.map(({ namespaces }) => namespaces)).toEqual([
      { name: 'shop' },
      { selector },
      { selector: {} },
    ]);
  });
});

test('a node without a plan has nothing to do', () => {
  expect(emptyPlan('n1')).toEqual({ hash: '', node: 'n1', programs: [], captures: [], exports: [] });
});
