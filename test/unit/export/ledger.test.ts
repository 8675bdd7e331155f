import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryRows } from '../../../src/export/count-rows.ts';
import { type Account, type KernelTotals, LEDGER_COLUMNS, Ledger } from '../../../src/export/ledger.ts';
import type { Outcome } from '../../../src/export/outcome.ts';
import { flowRouter } from '../../../src/export/router.ts';
import { RouteTable } from '../../../src/export/routes.ts';
import type { Flow } from '../../../src/record/flow.ts';
import { allSent } from './counts.ts';
import { flow } from './flows.ts';

/** What the kernel says, by the position of the capture. */
function totals(...all: readonly KernelTotals[]): Map<number, KernelTotals> {
  return new Map(all.map((each, index) => [index, each]));
}

/** A ledger with exports that only hold what they get, as [export, flow]. */
function setUp(captures: readonly (readonly number[])[]) {
  const table = new RouteTable(captures.map((exports, index) => ({ index, name: `ns/c${index}`, exports })));
  const ledger = new Ledger(table);
  const held: [number, Flow][] = [];
  const exporters = Array.from({ length: 4 }, (_, index) => ({ offer: (made: Flow) => held.push([index, made]) }));
  return { ledger, held, route: flowRouter(table, (index) => exporters[index], ledger) };
}

function short({ observed, exported, inFlight, unaccounted, lost }: Account) {
  const losses = Object.entries(lost).filter(([, count]) => count > 0);
  return { observed, exported, inFlight, unaccounted, lost: Object.fromEntries(losses) };
}

function accountOf(exports: readonly number[], outcomes: readonly [number, Outcome][]) {
  const { ledger, held, route } = setUp([exports]);
  ledger.observedTotals(totals(allSent(1)));
  route(flow(), [0]);
  for (const [exportIndex, outcome] of outcomes) {
    const found = held.find(([index]) => index === exportIndex);
    if (found !== undefined) ledger.settle(found[1], exportIndex, outcome);
  }
  return ledger.accounts().map(short)[0];
}

describe('the outcome of a flow for a capture', () => {
  const done = { observed: 1, inFlight: 0, unaccounted: 0 };

  test.each<[string, number[], [number, Outcome][], object]>([
    ['one export that delivered it', [0], [[0, 'delivered']], { ...done, exported: 1, lost: {} }],
    ['one export that lost it', [0], [[0, 'queueFull']], { ...done, exported: 0, lost: { queueFull: 1 } }],
    ['one export that has it still', [0], [], { observed: 1, inFlight: 1, unaccounted: 0, exported: 0, lost: {} }],
    [
      'two that delivered it',
      [0, 1],
      [
        [1, 'delivered'],
        [0, 'delivered'],
      ],
      { ...done, exported: 1, lost: {} },
    ],
    [
      'one of two that lost it first',
      [0, 1],
      [
        [0, 'sinkFailed'],
        [1, 'delivered'],
      ],
      { ...done, exported: 0, lost: { sinkFailed: 1 } },
    ],
    [
      'one of two that lost it last',
      [0, 1],
      [
        [0, 'delivered'],
        [1, 'sinkFailed'],
      ],
      { ...done, exported: 0, lost: { sinkFailed: 1 } },
    ],
    [
      'two that lost it, by the first reason',
      [0, 1],
      [
        [1, 'queueFull'],
        [0, 'sinkFailed'],
      ],
      { ...done, exported: 0, lost: { queueFull: 1 } },
    ],
    [
      'one of two that delivered it so far',
      [0, 1],
      [[0, 'delivered']],
      { observed: 1, inFlight: 1, unaccounted: 0, exported: 0, lost: {} },
    ],
    ['no export at all', [], [], { ...done, exported: 1, lost: {} }],
    ['an export that is named twice', [0, 0], [[0, 'delivered']], { ...done, exported: 1, lost: {} }],
  ])('%s', (_name, exports, outcomes, expected) => {
    expect(accountOf(exports, outcomes)).toEqual(expected);
  });
});

describe('the balance', () => {
  test('takes the losses of the kernel as part of what was observed', () => {
    const { ledger } = setUp([[0]]);
    const kernel = { ...allSent(6), lost: { ringFull: 3, tooManyConnections: 2, storageUnavailable: 1 } };
    ledger.observedTotals(totals(kernel));
    expect(ledger.accounts().map(short)).toEqual([
      {
        observed: 6,
        exported: 0,
        inFlight: 0,
        unaccounted: 0,
        lost: { ringFull: 3, tooManyConnections: 2, storageUnavailable: 1 },
      },
    ]);
    expect(ledger.imbalance()).toEqual([]);
  });

  test('counts what was filtered, sampled out or lost on the way to the exports', () => {
    const { ledger } = setUp([[0], [0]]);
    ledger.observedTotals(totals(allSent(3), allSent(1)));
    ledger.filtered([0], 'notSelected');
    ledger.sampledOut([0, 1]);
    ledger.lost([0], 'queueFull');
    expect(ledger.imbalance()).toEqual([]);
    expect(ledger.accounts()[0]).toMatchObject({ filtered: { notSelected: 1 }, sampledOut: 1, lost: { queueFull: 1 } });
  });

  test.each<[string, number, number]>([
    ['a flow that never came out of the kernel', 2, 1],
    ['a flow that the kernel did not count', 0, -1],
  ])('tells %s', (_name, observed, unaccounted) => {
    const { ledger, held, route } = setUp([[0]]);
    ledger.observedTotals(totals(allSent(observed)));
    route(flow(), [0]);
    for (const [exportIndex, made] of held) ledger.settle(made, exportIndex, 'delivered');
    expect(ledger.imbalance().map((account) => account.unaccounted)).toEqual([unaccounted]);
  });

  test('tells a flow that no export has settled', () => {
    const { ledger, route } = setUp([[0]]);
    ledger.observedTotals(totals(allSent(1)));
    route(flow(), [0]);
    expect(ledger.imbalance().map((account) => account.inFlight)).toEqual([1]);
  });

  test('takes the newest totals of the kernel, not their sum', () => {
    const { ledger } = setUp([[]]);
    for (const observed of [1, 2]) ledger.observedTotals(totals(allSent(observed)));
    expect(ledger.accounts()[0]?.observed).toBe(2);
  });
});

describe('counts that outlive the process', () => {
  test('go on in the next ledger, where they stand in memory that both have', () => {
    const rows = memoryRows(LEDGER_COLUMNS.length);
    const first = setUp([[0], [0]]);
    first.route(flow(), [0, 1]);
    for (const [index, made] of first.held) first.ledger.settle(made, index, 'delivered');
    first.ledger.moveTo(rows);
    first.route(flow(), [0]);
    first.ledger.lost([1], 'rateLimited');
    first.ledger.provisional([1]);

    const next = setUp([]);
    next.ledger.restore(first.ledger.captures, rows);
    next.ledger.observedTotals(totals(allSent(2), allSent(2)));
    const [one, two] = next.ledger.accounts();
    expect(one).toMatchObject({
      capture: 'ns/c0',
      exported: 1,
      inFlight: 0,
      unaccounted: 1,
      lost: { agentRestart: 0 },
    });
    expect(two).toMatchObject({ capture: 'ns/c1', exported: 1, unaccounted: 0, lost: { rateLimited: 1 } });
    expect(next.ledger.provisionals).toEqual(
      new Map([
        [0, 0],
        [1, 1],
      ]),
    );
    next.ledger.lost([0], 'agentRestart', 1);
    next.ledger.redelivered(1, 3);
    const after = next.ledger.accounts();
    expect(after.map(({ unaccounted }) => unaccounted)).toEqual([0, 3]);
    expect(after[1]).toMatchObject({ observed: 2, redelivered: 3 });
  });

  test('are where they are moved to, and nowhere else', () => {
    const [one, two] = [memoryRows(LEDGER_COLUMNS.length), memoryRows(LEDGER_COLUMNS.length)];
    const { ledger } = setUp([[0]]);
    ledger.moveTo(one);
    ledger.sampledOut([0]);
    ledger.moveTo(two);
    ledger.sampledOut([0]);
    expect([one, two].map((rows) => rows.row(0)[LEDGER_COLUMNS.indexOf('sampledOut')])).toEqual([1, 2]);
    ledger.forget(0);
    expect(two.row(0).every((count) => count === 0)).toBe(true);
  });
});

describe('a flow that does not belong there', () => {
  test('was never opened', () => {
    expect(() => setUp([[0]]).ledger.settle(flow(), 0, 'delivered')).toThrow('never opened');
  });

  test('was settled twice by one of several exports', () => {
    const { ledger, held, route } = setUp([[0, 1]]);
    route(flow(), [0]);
    const made = held[0]?.[1] ?? flow();
    ledger.settle(made, 0, 'delivered');
    expect(() => ledger.settle(made, 0, 'delivered')).toThrow('or twice');
  });
});

/** Says what each capture must count, from nothing but who delivered what and in which order. */
function expectedOf(captures: readonly (readonly number[])[], flows: readonly SettledFlow[]) {
  return captures.map((exports, capture) => {
    const count = { observed: 0, exported: 0, lost: {} as Record<string, number> };
    for (const { matched, ends } of flows) {
      if (!matched.includes(capture)) continue;
      count.observed += 1;
      const failure = ends.find(([exportIndex, outcome]) => exports.includes(exportIndex) && outcome !== 'delivered');
      if (failure === undefined) count.exported += 1;
      else count.lost[failure[1]] = (count.lost[failure[1]] ?? 0) + 1;
    }
    return { ...count, inFlight: 0, unaccounted: 0 };
  });
}

interface SettledFlow {
  readonly matched: readonly number[];
  /** In the order in which they came. */
  readonly ends: [number, Outcome][];
}

test('for random plans, outcomes and orders every capture balances, with the right reasons', () => {
  const plans = fc.array(fc.uniqueArray(fc.nat({ max: 3 }), { maxLength: 4 }), { minLength: 1, maxLength: 6 });
  const flowOf = fc.record({
    match: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    outcomes: fc.array(fc.constantFrom<Outcome>('delivered', 'delivered', 'queueFull', 'sinkFailed', 'drainTimeout'), {
      minLength: 4,
      maxLength: 4,
    }),
  });
  fc.assert(
    fc.property(plans, fc.array(flowOf, { maxLength: 20 }), fc.infiniteStream(fc.nat()), (captures, inputs, random) => {
      const { ledger, held, route } = setUp(captures);
      const outcomesOf = new Map<Flow, SettledFlow & { readonly outcomes: readonly Outcome[] }>();
      for (const { match, outcomes } of inputs) {
        const matched = captures.map((_, capture) => capture).filter((capture) => match[capture]);
        if (matched.length === 0) continue;
        const from = held.length;
        const settled = { matched, ends: [], outcomes };
        const original = flow();
        route(original, matched);
        outcomesOf.set(original, settled);
        for (const [, made] of held.slice(from)) outcomesOf.set(made, settled);
      }
      while (held.length > 0) {
        const [[exportIndex, made] = [0, flow()]] = held.splice(random.next().value % held.length, 1);
        const settled = outcomesOf.get(made);
        const outcome = settled?.outcomes[exportIndex] ?? 'delivered';
        settled?.ends.push([exportIndex, outcome]);
        ledger.settle(made, exportIndex, outcome);
      }
      const expected = expectedOf(captures, [...new Set(outcomesOf.values())]);
      ledger.observedTotals(totals(...expected.map(({ observed }) => allSent(observed))));
      expect(ledger.accounts().map(short)).toEqual(expected);
      expect(ledger.imbalance()).toEqual([]);
    }),
  );
});

describe('one plan after another', () => {
  const FIRST = { index: 3, name: 'ns/first', exports: [1] };
  const SECOND = { index: 7, name: 'ns/second', exports: [1] };

  function adopting() {
    const table = new RouteTable([FIRST]);
    const ledger = new Ledger(table);
    const held: [number, Flow][] = [];
    const route = flowRouter(table, (index) => ({ offer: (made) => held.push([index, made]) }), ledger);
    ledger.observedTotals(new Map([[3, allSent(2)]]));
    return { table, ledger, held, route };
  }

  test('what is on its way is settled as it went, and accounts of former captures stay', () => {
    const { table, ledger, held, route } = adopting();
    route(flow({ end: 5 }), [3]);
    table.adopt([SECOND]);
    ledger.adopt();
    route(flow({ end: 6 }), [3]);
    expect(held).toHaveLength(1);
    for (const [exportIndex, made] of held) ledger.settle(made, exportIndex, 'delivered');
    expect(ledger.imbalance()).toEqual([]);
    expect(ledger.accounts()).toMatchObject([
      { index: 3, capture: 'ns/first', exported: 1, filtered: { captureEnded: 1 }, lastMicros: 5 },
      { index: 7, capture: 'ns/second', observed: 0 },
    ]);
    ledger.forget(3);
    expect(ledger.accounts().map(({ index }) => index)).toEqual([7]);
  });

  test('a capture that comes again goes on counting, to the exports that it has now', () => {
    const { table, ledger, held, route } = adopting();
    route(flow(), [3]);
    for (const plan of [[SECOND], [{ ...FIRST, exports: [2] }]]) {
      table.adopt(plan);
      ledger.adopt();
    }
    route(flow(), [3]);
    expect(held.map(([exportIndex]) => exportIndex)).toEqual([1, 2]);
    for (const [exportIndex, made] of held) ledger.settle(made, exportIndex, 'delivered');
    // Last again: the others have ended before it.
    expect(ledger.accounts()).toMatchObject([{ index: 7 }, { index: 3, exported: 2, unaccounted: 0, inFlight: 0 }]);
  });
});
