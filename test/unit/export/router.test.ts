import { expect, test } from 'vitest';
import { Ledger } from '../../../src/export/ledger.ts';
import { flowRouter } from '../../../src/export/router.ts';
import { RouteTable } from '../../../src/export/routes.ts';
import type { Flow } from '../../../src/record/flow.ts';
import { flow } from './flows.ts';

const captures = [
  { index: 0, name: 'shop/checkout', exports: [0] },
  { index: 1, name: 'shop/all', exports: [0, 1] },
  { index: 2, name: 'ops/debug', exports: [2] },
  { index: 3, name: 'ops/silent', exports: [] },
];

function setUp() {
  const table = new RouteTable(captures);
  const got: Flow[][] = [[], [], []];
  const exporters = got.map((flows) => ({ offer: (made: Flow) => flows.push(made) }));
  return { got, table, route: flowRouter(table, (index) => exporters[index], new Ledger(table)) };
}

test.each<[string, number[], string[][][]]>([
  ['one capture with one export', [0], [[['shop/checkout']], [], []]],
  ['one capture with two exports', [1], [[['shop/all']], [['shop/all']], []]],
  ['two captures that share an export', [0, 1], [[['shop/checkout', 'shop/all']], [['shop/all']], []]],
  ['captures of different exports', [0, 2], [[['shop/checkout']], [], [['ops/debug']]]],
  ['a capture without exports', [3], [[], [], []]],
])('a flow of %s goes to each export once, with the captures that feed it', (_name, matched, expected) => {
  const { got, route } = setUp();
  route(flow(), matched);
  expect(got.map((flows) => flows.map((made) => made.capture))).toEqual(expected);
});

test('exports share the flow itself where their lists are the same, and get a copy where they differ', () => {
  const { got, route } = setUp();
  const same = flow();
  route(same, [1]);
  expect(got[0]?.[0]).toBe(same);
  expect(got[1]?.[0]).toBe(same);
  const differs = flow({ sequence: 7 });
  route(differs, [0, 1]);
  expect(got[0]?.[1]).toBe(differs);
  expect(got[1]?.[1]).toEqual({ ...differs, capture: ['shop/all'] });
});

test('equal lists have one route and one array of names, interned or not', () => {
  const { table } = setUp();
  const list = [0, 1];
  expect(table.route(list)).toBe(table.route(list));
  expect(table.route([0, 1])).toBe(table.route(list));
});
