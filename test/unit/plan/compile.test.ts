import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, sha256 } from '../../../src/plan/canonical.ts';
import { compilePlan } from '../../../src/plan/compile.ts';
import type { CaptureObject } from '../../../src/plan/objects.ts';
import { MAX_PLAN_BYTES } from '../../../src/plan/size.ts';
import { capture, compile, flowExport, NODE, namespaceLabels } from './builders.ts';

function shuffle<T>(items: T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray(items, { minLength: items.length });
}

function numbered(count: number, labels: Record<string, string> = {}): CaptureObject[] {
  return Array.from({ length: count }, (_, index) =>
    capture(`shop/c${String(index).padStart(4, '0')}`, { podSelector: { matchLabels: labels } }),
  );
}

describe('compilePlan', () => {
  it('writes captures and their exports by position, sorted by namespace and name', () => {
    const { plan, problems, suspended } = compile(
      [
        capture('shop/checkout', {
          podSelector: { matchLabels: { app: 'checkout' } },
          exports: [{ name: 'live' }, { name: 'archive' }, { name: 'live' }],
        }),
        capture('shop-eu/all', {
          namespaceSelector: {},
          protocols: ['TCP', 'TCP'],
          exports: [{ name: 'x', namespace: 'shop' }],
        }),
        capture('shop/asleep', { suspend: true, exports: [{ name: 'live' }] }),
      ],
      [
        flowExport('shop/live'),
        flowExport('shop/archive', { file: { path: '/tmp/a' } }),
        flowExport('shop/x', { allowedNamespaces: { from: 'All' } }),
        flowExport('shop/unused'),
      ],
    );
    expect(problems).toEqual([]);
    expect(suspended).toEqual(['shop/asleep']);
    const { hash, ...content } = plan;
    expect(content).toEqual({
      node: 'node-1',
      programs: ['tcp'],
      captures: [
        {
          index: 0,
          name: 'shop/checkout',
          namespaces: { name: 'shop' },
          podSelector: { matchLabels: { app: 'checkout' } },
          protocols: ['TCP'],
          needs: ['protocol.TCP'],
          programs: ['tcp'],
          exports: [0, 1],
        },
        {
          index: 1,
          name: 'shop-eu/all',
          namespaces: { selector: {} },
          podSelector: {},
          protocols: ['TCP'],
          needs: ['protocol.TCP'],
          programs: ['tcp'],
          exports: [2],
        },
      ],
      exports: [
        { index: 0, name: 'shop/archive', spec: { file: { path: '/tmp/a' } } },
        { index: 1, name: 'shop/live', spec: { stdout: {} } },
        { index: 2, name: 'shop/x', spec: { allowedNamespaces: { from: 'All' } } },
      ],
    });
    expect(hash).toBe(sha256(canonicalJson(content)));
  });

  it('has a fixed hash for the empty plan of a node, on every machine', () => {
    // printf '%s' '{"captures":[],"exports":[],"node":"node-1","programs":[]}' | sha256sum
    expect(compile([]).plan).toEqual({
      hash: 'e5734a71dedb7d29846d9eb8a42caf9e8792a0f02ff16d6dea8cc961090d3087',
      node: 'node-1',
      programs: [],
      captures: [],
      exports: [],
    });
  });

  it('takes an object without a namespace to be in "default"', () => {
    const { plan } = compilePlan({
      captures: [{ metadata: { name: 'all' }, spec: { exports: [{ name: 'out' }] } }],
      exports: [{ metadata: { name: 'out' }, spec: {} }],
      node: NODE,
      namespaceLabels,
    });
    expect(plan.captures[0]).toMatchObject({ name: 'default/all', namespaces: { name: 'default' }, exports: [0] });
  });

  it('sorts exports by namespace first: "shop-eu" comes after "shop"', () => {
    const names = ['shop-eu/a', 'shop/b'];
    const captures = names.map((name) => capture(name, { exports: [{ name: name.slice(-1) }] }));
    const { plan } = compile(
      captures,
      names.map((name) => flowExport(name)),
    );
    expect(plan.exports.map(({ name }) => name)).toEqual(['shop/b', 'shop-eu/a']);
  });

  it('hashes what differs differently: a label, an export, a node', () => {
    const one = [capture('a/x', { podSelector: { matchLabels: { app: 'x' } }, exports: [{ name: 'out' }] })];
    const two = [capture('a/x', { podSelector: { matchLabels: { app: 'y' } }, exports: [{ name: 'out' }] })];
    const hashes = [
      compile(one, [flowExport('a/out')]),
      compile(two, [flowExport('a/out')]),
      compile(one, [flowExport('a/out', { file: { path: '/tmp/flows' } })]),
      compilePlan({
        captures: one,
        exports: [flowExport('a/out')],
        node: { ...NODE, name: 'node-2' },
        namespaceLabels,
      }),
    ].map(({ plan }) => plan.hash);
    expect(new Set(hashes).size).toBe(4);
  });

  it('hashes selectors that select the same alike, however their lists are written', () => {
    const selectors: NonNullable<CaptureObject['spec']['podSelector']>[] = [
      {
        matchLabels: {},
        matchExpressions: [
          { key: 'b', operator: 'Exists', values: [] },
          { key: 'a', operator: 'In', values: ['2', '1', '2'] },
        ],
      },
      {
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['1', '2'] },
          { key: 'b', operator: 'Exists' },
        ],
      },
    ];
    const [first, second] = selectors.map((podSelector) => compile([capture('a/x', { podSelector })]).plan);
    expect(first).toEqual(second);
  });

  it('gives the same bytes and the same hash for the same objects in any order', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-c]-?[a-c]\/[a-c]{1,2}$/), { minLength: 1, maxLength: 8 });
    const selectors = fc.dictionary(fc.constantFrom('app', 'tier', 'x'), fc.constantFrom('a', 'b'));
    const arranged = fc.tuple(names, fc.array(selectors, { minLength: 8, maxLength: 8 })).chain(([all, labels]) => {
      const captures = all.map((name, index) =>
        capture(name, {
          podSelector: { matchLabels: labels[index] ?? {} },
          exports: [{ name: 'out' }, { name: 'two' }],
        }),
      );
      const exports = [...new Set(all.map((name) => name.split('/')[0]))].flatMap((ns) => [
        flowExport(`${ns}/out`),
        flowExport(`${ns}/two`),
      ]);
      return fc.record({
        captures: fc.constant(captures),
        exports: fc.constant(exports),
        other: fc.tuple(shuffle(captures), shuffle(exports)),
      });
    });
    fc.assert(
      fc.property(arranged, ({ captures, exports, other }) => {
        const plan = compile(captures, exports).plan;
        const again = compile(...other).plan;
        expect(plan.captures).toHaveLength(captures.length);
        expect(canonicalJson(again)).toBe(canonicalJson(plan));
        expect(again.hash).toBe(plan.hash);
      }),
      { numRuns: 60 },
    );
  });
});

describe('problems of a plan', () => {
  const exports = [flowExport('shop/archive'), flowExport('shop/live')];

  it('names the exports there are, and the one that was probably meant', () => {
    const source = capture('shop/checkout', { exports: [{ name: 'live' }, { name: 'archiv' }] });
    const { plan, problems } = compile([source], exports);
    expect(plan.captures).toEqual([]);
    expect(problems).toEqual([
      {
        source,
        path: ['spec', 'exports', 1, 'name'],
        reason: 'ExportNotFound',
        message: 'there is no FlowExport shop/archiv: did you mean shop/archive? There are: shop/archive, shop/live',
        expected: 'a FlowExport that may be used',
      },
    ]);
    expect(problems[0]?.source).toBe(source);
  });

  it.each([
    [
      'without a guess when nothing is near',
      exports,
      'there is no FlowExport shop/kafka: There are: shop/archive, shop/live',
    ],
    ['when there is none at all', [], 'there is no FlowExport shop/kafka, nor any other: add one of that name'],
    [
      'with the first eight of many',
      Array.from({ length: 11 }, (_, index) => flowExport(`far/export-number-${index}`)),
      'there is no FlowExport shop/kafka: There are: far/export-number-0, far/export-number-1, far/export-number-10, ' +
        'far/export-number-2, far/export-number-3, far/export-number-4, far/export-number-5, far/export-number-6 and 3 more',
    ],
  ])('says which export is missing %s', (_, given, message) => {
    const { problems } = compile([capture('shop/checkout', { exports: [{ name: 'kafka' }] })], given);
    expect(problems.map((problem) => problem.message)).toEqual([message]);
  });

  it.each([
    ['all', { from: 'All' }, ['blue/a', 'red/a', 'shop/a']],
    ['its own only, by default', undefined, ['shop/a']],
    ['its own only', { from: 'Same' }, ['shop/a']],
    ['those with a label', { from: 'Selector', selector: { matchLabels: { team: 'blue' } } }, ['blue/a', 'shop/a']],
    ['none by a selector that is missing', { from: 'Selector' }, ['shop/a']],
  ] as const)('lets an export be used from the namespaces that it allows: %s', (_, allowedNamespaces, names) => {
    const central = flowExport('shop/central', allowedNamespaces === undefined ? {} : { allowedNamespaces });
    const captures = ['blue/a', 'red/a', 'shop/a'].map((name) =>
      capture(name, { exports: [{ name: 'central', namespace: 'shop' }] }),
    );
    const { plan, problems } = compile(captures, [central]);
    expect(plan.captures.map(({ name }) => name)).toEqual(names);
    expect(problems.map(({ reason }) => reason)).toEqual(
      Array.from({ length: 3 - names.length }, () => 'ExportNotAllowed'),
    );
  });

  it('says how to allow a namespace', () => {
    const { problems } = compile(
      [capture('red/a', { exports: [{ name: 'c', namespace: 'shop' }] })],
      [flowExport('shop/c')],
    );
    expect(problems[0]?.message).toBe(
      'FlowExport shop/c does not allow namespace red: ' +
        'set allowedNamespaces there to {from: All}, or to {from: Selector} with a selector of that namespace',
    );
  });

  it('takes neither of two captures with one name, and points at the later one', () => {
    const [first, second] = [capture('shop/a'), capture('shop/a', { suspend: true })];
    const { plan, problems } = compile([first, second, capture('shop/b')]);
    expect(plan.captures.map(({ name }) => name)).toEqual(['shop/b']);
    expect(problems).toEqual([
      {
        source: second,
        path: ['metadata', 'name'],
        reason: 'DuplicateName',
        message: 'another FlowCapture is named shop/a too: give each its own name, or leave one out',
        expected: 'a name of its own',
      },
    ]);
    expect(problems[0]?.source).toBe(second);
  });

  it('leaves a capture out whose export exists twice, with the one problem that this is', () => {
    const { plan, problems } = compile(
      [capture('shop/a', { exports: [{ name: 'x' }] })],
      [flowExport('shop/x'), flowExport('shop/x')],
    );
    expect(plan.captures).toEqual([]);
    expect(problems.map(({ reason, path }) => ({ reason, path }))).toEqual([
      { reason: 'DuplicateName', path: ['metadata', 'name'] },
    ]);
  });

  it.each([
    ['DNS', ['tcp'], 'node node-1 cannot capture DNS: write one of TCP'],
    ['TCP', [], 'node node-1 cannot capture TCP: it can capture nothing at all'],
  ] as const)('refuses %s on a node that runs %j', (protocol, programs, message) => {
    const { problems, plan } = compilePlan({
      captures: [capture('shop/a', { protocols: [protocol] })],
      exports: [],
      node: { name: 'node-1', programs },
      namespaceLabels,
    });
    expect(plan.programs).toEqual([]);
    expect(problems).toMatchObject([{ path: ['spec', 'protocols', 0], reason: 'ProtocolNotOnThisNode', message }]);
  });

  it('points into a selector that Kubernetes would refuse', () => {
    const { problems } = compile([
      capture('shop/a', {
        podSelector: { matchExpressions: [{ key: 'app', operator: 'In' }] },
        namespaceSelector: { matchLabels: { 'no good': 'x' } },
      }),
    ]);
    expect(problems.map(({ path, reason }) => ({ path, reason }))).toEqual([
      { path: ['spec', 'podSelector', 'matchExpressions', 0, 'values'], reason: 'InvalidSelector' },
      { path: ['spec', 'namespaceSelector', 'matchLabels', 'no good'], reason: 'InvalidSelector' },
    ]);
  });

  it('points at peers that no schema can refuse', () => {
    const { problems } = compile([
      capture('shop/a', {
        peers: [
          { action: 'Include', cidrs: ['10.0.0.0/8', '10.0.0.01/8'], ports: ['53', '9-8'] },
          { action: 'Exclude', podSelector: { matchLabels: { 'no good': 'x' } } },
        ],
      }),
    ]);
    expect(problems.map(({ path, reason }) => ({ path, reason }))).toEqual([
      { path: ['spec', 'peers', 0, 'cidrs', 1], reason: 'InvalidPeers' },
      { path: ['spec', 'peers', 0, 'ports', 1], reason: 'InvalidPeers' },
      { path: ['spec', 'peers', 1, 'podSelector', 'matchLabels', 'no good'], reason: 'InvalidSelector' },
    ]);
  });

  it('shows a hostile name without what a terminal would obey', () => {
    const { problems } = compile([capture('shop/a', { exports: [{ name: '\u001b[2Jx' }] })], exports);
    expect(problems[0]?.message).toBe('there is no FlowExport shop/\\x1b[2Jx: There are: shop/archive, shop/live');
  });

  it('says what is wrong with a suspended capture too', () => {
    const { problems, suspended } = compile([capture('shop/a', { suspend: true, exports: [{ name: 'no' }] })]);
    expect(suspended).toEqual(['shop/a']);
    expect(problems).toHaveLength(1);
  });
});

describe('the limits of a plan', () => {
  it('refuses the 257th capture, and those after it, by name', () => {
    const { plan, problems } = compile(numbered(258).toReversed());
    expect(plan.captures).toHaveLength(256);
    expect(plan.captures.at(-1)?.name).toBe('shop/c0255');
    expect(problems.map(({ reason, message }) => ({ reason, message }))).toEqual(
      ['shop/c0256', 'shop/c0257'].map((name) => ({
        reason: 'PlanTooLarge',
        message: `FlowCapture ${name} does not fit into the plan of node node-1: a plan holds at most 256 captures and 128 KiB; suspend or merge captures`,
      })),
    );
  });

  it('refuses what goes over 128 KiB, and keeps the smaller ones after it', () => {
    const labels = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`label-${index}`, 'v'.repeat(60)]));
    const captures = [...numbered(140, labels), capture('tiny/last')];
    const { plan, problems } = compile(captures);
    const bytes = Buffer.byteLength(canonicalJson(plan));
    expect(bytes).toBeLessThanOrEqual(MAX_PLAN_BYTES);
    expect(bytes).toBeGreaterThan(MAX_PLAN_BYTES - 2000);
    expect(problems.length).toBeGreaterThan(0);
    expect(plan.captures).toHaveLength(captures.length - problems.length);
    expect(plan.captures.at(-1)).toMatchObject({ index: plan.captures.length - 1, name: 'tiny/last' });
    expect(problems[0]?.message).toContain(`shop/c${String(plan.captures.length - 1).padStart(4, '0')} does not fit`);
  });

  it('drops an export with the captures that needed it', () => {
    const huge = flowExport('shop/huge', { note: 'x'.repeat(MAX_PLAN_BYTES) });
    const { plan, problems } = compile(
      [capture('shop/a', { exports: [{ name: 'huge' }] }), capture('shop/b', { exports: [{ name: 'ok' }] })],
      [huge, flowExport('shop/ok')],
    );
    expect(problems.map(({ source }) => source.metadata.name)).toEqual(['a']);
    expect(plan.exports.map(({ index, name }) => ({ index, name }))).toEqual([{ index: 0, name: 'shop/ok' }]);
    expect(plan.captures).toMatchObject([{ index: 0, name: 'shop/b', exports: [0] }]);
  });
});
