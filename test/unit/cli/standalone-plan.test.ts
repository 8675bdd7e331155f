import { describe, expect, it } from 'vitest';
import { exportTitle, standalonePlan } from '../../../src/cli/standalone-plan.ts';
import { inventoryOf } from '../agent/pods.ts';
import { document, failureOf, manifests } from './objects.ts';

function planOf(text: string, inventory?: ReturnType<typeof inventoryOf>) {
  return standalonePlan(manifests(text), inventory, 'node-a');
}

async function problemsOf(text: string, inventory?: ReturnType<typeof inventoryOf>): Promise<string[]> {
  const { code, message } = await failureOf(() => planOf(text, inventory));
  expect(code).toBe('InvalidInput');
  return message.split('\n');
}

describe('a plan of one machine', () => {
  it('sends captures that name no export to the terminal, and others where they say', () => {
    const { plan, suspended } = planOf(
      document('FlowCapture', 'shop/all', '{}') +
        document('FlowCapture', 'shop/kept', '{exports: [{name: disk}]}') +
        document('FlowExport', 'shop/disk', '{file: {path: /tmp/flows}}'),
    );
    expect(plan.node).toBe('node-a');
    expect(plan.exports.map(({ name, spec }) => [name, spec.stdout, spec.file?.path])).toEqual([
      ['-/terminal', {}, undefined],
      ['shop/disk', undefined, '/tmp/flows'],
    ]);
    expect(plan.captures.map(({ name, exports }) => [name, exports])).toEqual([
      ['shop/all', [0]],
      ['shop/kept', [1]],
    ]);
    expect(suspended).toEqual([]);
    expect(plan.exports.map(({ name }) => exportTitle(name))).toEqual(['stdout', 'FlowExport shop/disk']);
  });

  it('is the same, byte for byte, in whatever order the documents come', () => {
    const parts = [
      document('FlowCapture', 'b/two', '{}'),
      document('FlowCapture', 'a/one', '{exports: [{name: disk}]}'),
      document('FlowExport', 'a/disk', '{file: {path: /tmp/flows}}'),
    ];
    expect(JSON.stringify(planOf(parts.toReversed().join('')))).toBe(JSON.stringify(planOf(parts.join(''))));
  });

  it('leaves suspended captures out and names them, also where they select by label', () => {
    const { plan, suspended } = planOf(
      document('FlowCapture', 'shop/paused', '{suspend: true, podSelector: {matchLabels: {app: web}}}') +
        document('FlowCapture', 'shop/active', '{}'),
    );
    expect(suspended).toEqual(['shop/paused']);
    expect(plan.captures.map(({ name }) => name)).toEqual(['shop/active']);
  });

  it('selects by label where there is an inventory', () => {
    const text = document('FlowCapture', 'shop/web', '{podSelector: {matchLabels: {app: web}}}');
    const { plan } = planOf(text, inventoryOf({ web: { cgroup: '/pods/web' } }));
    expect(plan.captures.map(({ name }) => name)).toEqual(['shop/web']);
  });
});

describe('what is wrong is told at its place in the file', () => {
  it.each([
    [
      'an export that is missing, and no other is there: the terminal is not offered',
      document('FlowCapture', 'shop/a', '{exports: [{name: nope}]}'),
      ['x.yaml:5:25: spec.exports[0].name: there is no FlowExport shop/nope, nor any other: add one of that name'],
    ],
    [
      'an export whose name is nearly right',
      document('FlowCapture', 'shop/a', '{exports: [{name: dsik}]}') +
        document('FlowExport', 'shop/disk', '{file: {path: /tmp/flows}}'),
      [
        'x.yaml:5:25: spec.exports[0].name: there is no FlowExport shop/dsik: did you mean shop/disk? There are: shop/disk',
      ],
    ],
    [
      'a label selector without an inventory',
      document('FlowCapture', 'shop/a', '{podSelector: {matchLabels: {app: web}}}'),
      [
        'x.yaml:5:21: spec.podSelector: FlowCapture shop/a selects by label, but no pods are known here: name them with --inventory FILE, or leave spec.podSelector out to capture everything on this machine',
      ],
    ],
    [
      'peers by label without an inventory',
      document(
        'FlowCapture',
        'shop/a',
        '{peers: [{action: Exclude, ports: ["53"]}, {action: Include, podSelector: {}}]}',
      ),
      [
        'x.yaml:5:81: spec.peers[1].podSelector: FlowCapture shop/a means peers by label, but no pods are known here: name them with --inventory FILE, or mean them by cidrs and ports',
      ],
    ],
    [
      'two captures of one name',
      document('FlowCapture', 'shop/a', '{}') + document('FlowCapture', 'shop/a', '{}'),
      ['x.yaml:9:18: metadata.name: another FlowCapture is named shop/a too: give each its own name, or leave one out'],
    ],
    [
      'every fault at once',
      document('FlowCapture', 'shop/a', '{exports: [{name: x}]}') +
        document('FlowCapture', 'shop/b', '{podSelector: {matchLabels: {app: web}}}'),
      [
        'x.yaml:5:25: spec.exports[0].name: there is no FlowExport shop/x, nor any other: add one of that name',
        'x.yaml:10:21: spec.podSelector: FlowCapture shop/b selects by label, but no pods are known here: name them with --inventory FILE, or leave spec.podSelector out to capture everything on this machine',
      ],
    ],
  ])('%s', async (_, text, problems) => {
    await expect(problemsOf(text)).resolves.toEqual(problems);
  });
});

/** As many captures as that, shop/c00 and on. */
function captures(count: number, spec: string): string {
  const names = Array.from({ length: count }, (_, index) => `shop/c${String(index).padStart(2, '0')}`);
  return names.map((name) => document('FlowCapture', name, spec)).join('');
}

describe('more captures than one record can name', () => {
  it('64 on everything are accepted, the 65th is refused by name', async () => {
    expect(planOf(captures(64, '{}')).plan.captures).toHaveLength(64);
    await expect(problemsOf(captures(65, '{}'))).resolves.toEqual([
      'x.yaml:324:18: metadata.name: FlowCapture shop/c64 is one too many for everything on this machine: at most 64 captures select one pod; merge or suspend some',
    ]);
  });

  it('are refused for the pod that they all select', async () => {
    const inventory = inventoryOf({ web: { cgroup: '/pods/web' }, db: { cgroup: '/pods/db' } });
    const text = captures(65, '{podSelector: {matchLabels: {app: web}}}');
    await expect(problemsOf(text, inventory)).resolves.toEqual([
      'x.yaml:324:18: metadata.name: FlowCapture shop/c64 is one too many for pod shop/web: at most 64 captures select one pod; merge or suspend some',
    ]);
  });

  it('are accepted as long as no pod is selected by more than 64', () => {
    const inventory = inventoryOf({ web: { cgroup: '/pods/web' }, db: { cgroup: '/pods/db' } });
    const others = document('FlowCapture', 'shop/other', '{podSelector: {matchLabels: {app: db}}}');
    const text = captures(64, '{podSelector: {matchLabels: {app: web}}}') + others;
    expect(planOf(text, inventory).plan.captures).toHaveLength(65);
  });
});
