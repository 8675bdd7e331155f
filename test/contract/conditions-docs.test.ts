import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CONDITIONS_FILE, renderConditions } from '../../scripts/generate-conditions.ts';
import { CONDITION_TABLE } from '../../src/api/conditions.ts';

/** The schema's pattern and bound of a condition's type and reason. */
const NAME = /^[A-Z][A-Za-z0-9]{0,63}$/;

test('docs/conditions.md is what `npm run generate` would write', () => {
  expect(renderConditions()).toBe(readFileSync(CONDITIONS_FILE, 'utf8'));
});

const ROWS = Object.entries(CONDITION_TABLE).flatMap(([kind, conditions]) =>
  Object.entries(conditions).flatMap(([type, { reasons }]) =>
    Object.entries(reasons).map(([reason, { status, remedy }]) => ({ kind, type, reason, status, remedy })),
  ),
);

test('every type and every reason is a name that the schema takes', () => {
  expect(ROWS.length).toBeGreaterThan(50);
  expect(ROWS.filter(({ type, reason }) => !NAME.test(type) || !NAME.test(reason))).toEqual([]);
});

test('whatever is not well says what a person can do', () => {
  expect(ROWS.filter(({ status, remedy }) => status !== 'True' && remedy === '')).toEqual([]);
});

test('a summary knows every reason that it can take over', () => {
  for (const [kind, conditions] of Object.entries(CONDITION_TABLE)) {
    const ready = new Set(Object.keys(conditions['Ready']?.reasons ?? {}));
    const bad = ROWS.filter((row) => row.kind === kind && row.status === 'False' && row.type !== 'Ready');
    expect(bad.filter(({ reason }) => !ready.has(reason))).toEqual([]);
    const refused = bad.filter(({ type }) => type === 'Accepted').map(({ reason }) => reason);
    expect(Object.keys(conditions['Stalled']?.reasons ?? {})).toEqual(refused);
  }
});
