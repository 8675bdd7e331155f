import { expect, test } from 'vitest';
import type { Plan, PlanCapture } from '../../../src/plan/plan.ts';
import { Slots } from '../../../src/plan/slots.ts';
import { capture, compile } from './builders.ts';

const EMPTY = compile([]).plan;

function planned(template: PlanCapture, change: Partial<PlanCapture>): PlanCapture {
  return { ...template, ...change };
}

/** A plan of captures that each feed the exports of these names. */
function plan(captures: Readonly<Record<string, readonly string[]>>): Plan {
  const exports = [...new Set(Object.values(captures).flat())].toSorted();
  const [template] = compile([capture('shop/any', { podSelector: {} })]).plan.captures;
  if (template === undefined) throw new Error('no template');
  return {
    ...EMPTY,
    exports: exports.map((name, index) => ({ index, name, uid: `uid ${name}`, spec: {} })),
    captures: Object.entries(captures).map(([name, feeds], index) =>
      planned(template, { index, name, uid: `uid ${name}`, exports: feeds.map((target) => exports.indexOf(target)) }),
    ),
  };
}

function short({ captures, exports }: Plan) {
  const nameOf = new Map(exports.map(({ index, name }) => [index, name]));
  return Object.fromEntries(
    captures.map(({ index, name, exports: feeds }) => [name, [index, ...feeds.map((at) => nameOf.get(at))]]),
  );
}

test('an object keeps its number while others come and go, and while it is away', () => {
  const slots = new Slots();
  expect(short(slots.adopt(plan({ b: ['x'], c: ['y'] })).plan)).toEqual({ b: [0, 'x'], c: [1, 'y'] });
  expect(short(slots.adopt(plan({ a: ['w', 'y'], c: ['y'] })).plan)).toEqual({ a: [2, 'w', 'y'], c: [1, 'y'] });
  expect(short(slots.adopt(plan({ a: ['x'], b: ['x'] })).plan)).toEqual({ a: [2, 'x'], b: [0, 'x'] });
});

test('one of the same name is another object', () => {
  const slots = new Slots();
  slots.adopt(plan({ a: [] }));
  const { captures, ...rest } = plan({ a: [] });
  const again = slots.adopt({ ...rest, captures: captures.map((each) => planned(each, { uid: 'another' })) });
  expect(again.plan.captures.map(({ index }) => index)).toEqual([1]);
});

test('those that ended longest ago are forgotten, and their numbers never given again', () => {
  const slots = new Slots();
  for (let at = 0; at < 256; at += 1) slots.adopt(plan({ [`c${at}`]: [`x${at}`] }));
  expect(slots.adopt(EMPTY).forgotten).toEqual({ captures: [], exports: [] });
  const next = slots.adopt(plan({ next: ['next'] }));
  expect(next.forgotten).toEqual({ captures: [], exports: [] });
  expect(slots.adopt(EMPTY).forgotten).toEqual({ captures: [0], exports: [0] });
  expect(short(slots.adopt(plan({ c0: ['x0'] })).plan)).toEqual({ c0: [257, 'x0'] });
});

test('other slots go on where these have ended, also with those that are away', () => {
  const slots = new Slots();
  slots.adopt(plan({ a: ['x'], b: ['y'] }));
  slots.adopt(plan({ b: ['y'] }));
  const next = new Slots();
  next.restore(JSON.parse(JSON.stringify(slots.state)));
  expect(short(next.adopt(plan({ a: ['x'], b: ['z'], c: [] })).plan)).toEqual({ a: [0, 'x'], b: [1, 'z'], c: [2] });
  expect(next.state.exports.next).toBe(3);
});
