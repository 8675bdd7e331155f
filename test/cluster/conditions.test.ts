import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONDITION_TABLE } from '../../src/api/conditions.ts';
import type { Condition } from '../../src/api/types.generated.ts';
import { MAX_CAPTURES } from '../../src/plan/size.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { kstatus } from '../support/cluster/kstatus.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';
import { AgentStandIn } from '../support/operator/agent-stand-in.ts';
import { OperatorProcess } from '../support/operator/operator-process.ts';
import { World } from '../support/operator/world.ts';

/** Every condition with every reason, on a real API server, with the rights that config/rbac gives and no others. */

const reason = whyNoCluster();

let cluster: Cluster;
let world: World;
let agents: AgentStandIn;
let operator: OperatorProcess;

const driven = new Set<string>();

interface Expected {
  readonly type: string;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: RegExp;
}

type Kind = 'FlowCapture' | 'FlowExport';

/** Waits until the object has this condition at its own generation, and notes that it was driven. */
async function becomes(kind: Kind, key: string, { message, ...expected }: Expected): Promise<void> {
  const what = `${kind} ${key} has ${expected.type}=${expected.status} ${expected.reason}`;
  await eventually(
    async () => {
      const { metadata, status } = kind === 'FlowCapture' ? await world.getCapture(key) : await world.getExport(key);
      const condition = status?.conditions?.find(({ type }) => type === expected.type);
      expect({ ...condition, generation: status?.observedGeneration }).toMatchObject({
        ...expected,
        message: expect.stringMatching(message),
        observedGeneration: metadata.generation,
        generation: metadata.generation,
      });
    },
    { what },
  );
  driven.add(`${kind} ${expected.type} ${expected.reason}`);
}

/** As {@link becomes}, for several conditions: `Type Status Reason: message`. */
async function conditions(kind: Kind, key: string, ...lines: readonly (readonly [string, RegExp])[]): Promise<void> {
  for (const [line, message] of lines) {
    const [type = '', status, why = ''] = line.split(' ');
    if (status !== 'True' && status !== 'False' && status !== 'Unknown') throw new Error(`no status in ${line}`);
    await becomes(kind, key, { type, status, reason: why, message });
  }
}

async function kstatusOf(kind: Kind, key: string): Promise<string> {
  const object = kind === 'FlowCapture' ? await world.getCapture(key) : await world.getExport(key);
  const [verdict] = await kstatus([object]);
  return verdict?.status ?? '';
}

/** What kubectl prints but for the last column, an age. */
function columns(text: string): string[] {
  const lines = text.trim().split('\n');
  return lines.map((line) =>
    line
      .split(/\s{2,}/)
      .slice(0, -1)
      .join(' '),
  );
}

const SELECTS_CHECKOUT = { podSelector: { matchLabels: { app: 'checkout' } } };
const NO_EXPORT_OF_THAT_NAME = /there is no FlowExport shop\/archiv: did you mean shop\/archive\?/;

describe.skipIf(reason !== undefined)(`conditions on a real API server ${reason ?? ''}`, () => {
  beforeAll(async () => {
    cluster = await startCluster();
    world = await World.install(cluster);
    agents = await AgentStandIn.create(cluster);
    await world.namespace('shop', { team: 'shop' });
    await world.namespace('empty');
    for (const node of ['n1', 'n2']) await world.node(node);
    await world.pod('shop/checkout-1', 'n1', { app: 'checkout' });
    await world.pod('shop/checkout-2', 'n2', { app: 'checkout' });
    await world.pod('shop/payments-1', 'n2', { app: 'payments' });
    operator = await OperatorProcess.start(cluster);
    await agents.catchUp();
  });

  afterAll(async () => {
    await operator?.kill();
    await cluster?.stop();
  });

  test('a capture is programmed when every agent says so, and delivers with its first flow', async () => {
    await world.export('weir-system/archive', { file: { path: '/flows' }, allowedNamespaces: { from: 'All' } });
    await conditions(
      'FlowExport',
      'weir-system/archive',
      ['Accepted True Accepted', /legal/],
      ['ResolvedRefs True ResolvedRefs', /no other object/],
      ['Delivering Unknown NotUsed', /spec\.exports of a FlowCapture/],
      ['Ready True NotUsed', /no capture that runs/],
    );
    await world.capture('shop/checkout', {
      ...SELECTS_CHECKOUT,
      exports: [{ name: 'archive', namespace: 'weir-system' }],
    });
    await conditions(
      'FlowCapture',
      'shop/checkout',
      ['Accepted True Accepted', /legal/],
      ['ResolvedRefs True ResolvedRefs', /every export can be used/],
      [
        'Programmed Unknown AgentNotReporting',
        /^2 of 2 nodes do not report generation 1 yet: n1, n2\. .*kubectl get flowagents/,
      ],
      ['Ready Unknown AgentNotReporting', /^2 of 2 nodes/],
    );
    expect(await kstatusOf('FlowCapture', 'shop/checkout')).toBe('InProgress');
    await agents.report('n1');
    await conditions('FlowCapture', 'shop/checkout', [
      'Programmed Unknown AgentNotReporting',
      /^1 of 2 nodes .*: n2\./,
    ]);
    await agents.report('n2');
    await conditions(
      'FlowCapture',
      'shop/checkout',
      ['Programmed True Programmed', /^2 nodes run this generation$/],
      ['Delivering Unknown NoFlowsYet', /^2 pods are selected, and no flow was reported yet$/],
      ['Ready True NoFlowsYet', /no flow was reported yet/],
    );
    await conditions(
      'FlowExport',
      'weir-system/archive',
      ['Delivering Unknown NoFlowsYet', /captures feed this export/],
      ['Ready True NoFlowsYet', /captures feed/],
    );
    expect(await kstatusOf('FlowCapture', 'shop/checkout')).toBe('Current');
    const flows = { perSecond: 7, observed: 23, exported: 20, filtered: 2, sampledOut: 0, lost: 1 };
    await agents.report('n2', {
      captures: { 'shop/checkout': { flows, lastFlowTime: '2026-11-25T12:00:00Z' } },
      exports: {
        'weir-system/archive': {
          state: 'Delivering',
          delivered: 20,
          deliveredPerSecond: 7,
          lastDeliveredTime: '2026-11-25T12:00:01Z',
        },
      },
    });
    await conditions(
      'FlowCapture',
      'shop/checkout',
      ['Delivering True Delivering', /^flows reach archive$/],
      ['Ready True Delivering', /^flows reach archive$/],
    );
    await conditions(
      'FlowExport',
      'weir-system/archive',
      ['Delivering True Delivering', /takes the records/],
      ['Ready True Delivering', /takes the records/],
    );
    expect((await world.getCapture('shop/checkout')).status).toMatchObject({
      matchedPods: 2,
      nodes: { desired: 2, programmed: 2, failed: 0, summary: '2/2' },
      flows,
      lastFlowTime: '2026-11-25T12:00:00Z',
    });
    expect((await world.getExport('weir-system/archive')).status).toMatchObject({
      type: 'File',
      delivered: 20,
      deliveredPerSecond: 7,
      nodes: { desired: 2, delivering: 1, failing: 0 },
    });
  });

  test('kubectl get shows it, and kubectl wait waits for it', async () => {
    expect(columns(await world.kubectl('get', 'fc', '-n', 'shop'))).toEqual([
      'NAME READY REASON PODS NODES FLOWS/S LOST',
      'checkout True Delivering 2 2/2 7 1',
    ]);
    expect(columns(await world.kubectl('get', 'fx', '-n', 'weir-system'))[1]).toMatch(/^archive File True 7 \d* ?0 /);
    await world.kubectl('wait', '--for=condition=Ready', '-n', 'shop', 'fc/checkout', '--timeout=5s');
    expect(await world.kubectl('get', 'weir', '-A', '-o', 'name')).toContain('flowagent.weir.dev/n1');
  });

  test('a sink that fails on one node makes both kinds say so', async () => {
    await agents.report('n1', {
      exports: {
        'weir-system/archive': { state: 'Failing', reason: 'SinkFailed', message: 'no space left on device' },
      },
    });
    const words = /^node n1: (FlowExport weir-system\/archive: )?no space left on device$/;
    for (const [kind, key] of [
      ['FlowCapture', 'shop/checkout'],
      ['FlowExport', 'weir-system/archive'],
    ] as const) {
      await conditions(kind, key, ['Delivering False SinkUnreachable', words], ['Ready False SinkUnreachable', words]);
    }
    expect(await kstatusOf('FlowCapture', 'shop/checkout')).toBe('InProgress');
    await agents.report('n1', { exports: { 'weir-system/archive': { state: 'Delivering' } } });
    await conditions('FlowCapture', 'shop/checkout', ['Ready True Delivering', /^flows reach archive$/]);
  });

  test('a program that fails or is not supported is told with its own words, the node named', async () => {
    const failed = { state: 'Failed', reason: 'VerifierRefused', message: 'R1 type=scalar expected=fp' } as const;
    await agents.report('n1', { captures: { 'shop/checkout': failed } });
    await conditions(
      'FlowCapture',
      'shop/checkout',
      ['Programmed False ProgramFailed', /^node n1: R1 type=scalar expected=fp$/],
      ['Ready False ProgramFailed', /^node n1/],
    );
    expect((await world.getCapture('shop/checkout')).status).toMatchObject({
      nodes: { desired: 2, programmed: 1, failed: 1, summary: '1/2' },
      failures: [{ node: 'n1', reason: 'ProgramFailed', message: failed.message }],
    });
    await agents.report('n1', {
      captures: { 'shop/checkout': { state: 'Unsupported', reason: 'NoBTF', message: 'no BTF on kernel 4.18' } },
    });
    await conditions(
      'FlowCapture',
      'shop/checkout',
      ['Programmed False Unsupported', /^node n1: no BTF on kernel 4\.18$/],
      ['Ready False Unsupported', /no BTF/],
    );
    await agents.report('n1', {});
    await conditions('FlowCapture', 'shop/checkout', ['Programmed True Programmed', /2 nodes/]);
  });

  test('a capture that selects no pod is Ready, and says what it could have meant', async () => {
    await world.capture('shop/typo', { podSelector: { matchLabels: { app: 'chekcout' } } });
    const words = /^no pod in namespace shop has app=chekcout; 2 pods have app=checkout$/;
    await agents.catchUp();
    await conditions(
      'FlowCapture',
      'shop/typo',
      ['Delivering Unknown NoPodsMatched', words],
      ['Ready True NoPodsMatched', words],
    );
    await world.capture('empty/nobody', {});
    await conditions(
      'FlowCapture',
      'empty/nobody',
      ['Programmed True Programmed', /no node has a pod in scope/],
      ['Ready True NoPodsMatched', /^no pod runs in namespace empty$/],
    );
    await world.kubectl('wait', '--for=condition=Ready', '-n', 'empty', 'fc/nobody', '--timeout=5s');
    expect(await kstatusOf('FlowCapture', 'empty/nobody')).toBe('Current');
    expect((await world.getCapture('empty/nobody')).status?.nodes?.summary).toBe('0/0');
  });

  test('suspend stops it everywhere', async () => {
    await world.capture('shop/typo', { podSelector: { matchLabels: { app: 'chekcout' } }, suspend: true });
    const words = /spec\.suspend is true: set it to false/;
    await conditions(
      'FlowCapture',
      'shop/typo',
      ['Programmed True Suspended', words],
      ['Delivering Unknown Suspended', words],
      ['Ready True Suspended', words],
    );
    await eventually(
      async () => {
        const names = (await world.agents()).flatMap(({ spec }) => spec.plan.captures.map(({ name }) => name));
        expect(new Set(names)).toEqual(new Set(['shop/checkout']));
      },
      { what: 'it is in no plan' },
    );
  });

  test('durationSeconds ends it by itself: it leaves every plan, and keeps what it counted', async () => {
    await world.capture('shop/short', { ...SELECTS_CHECKOUT, durationSeconds: 3 });
    const isPlanned = async () => (await world.getAgent('n1')).spec.plan.captures.map(({ name }) => name);
    await eventually(async () => expect(await isPlanned()).toContain('shop/short'), { what: 'it is planned' });
    const { metadata, status } = await world.getCapture('shop/short');
    const end = new Date(Date.parse(metadata.creationTimestamp ?? '') + 3000).toISOString();
    expect(Date.parse(status?.endTime ?? '')).toBe(Date.parse(end));
    const words = /its durationSeconds of 3 were over at/;
    await conditions(
      'FlowCapture',
      'shop/short',
      ['Programmed True Completed', words],
      ['Delivering Unknown Completed', words],
      ['Ready True Completed', words],
    );
    await eventually(async () => expect(await isPlanned()).not.toContain('shop/short'), { what: 'it left the plan' });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(end));
    await world.deleteCapture('shop/short');
  });

  test('a field that this version does not honour is named, and nothing runs', async () => {
    await world.capture('shop/questions', { ...SELECTS_CHECKOUT, protocols: ['TCP', 'DNS'] });
    const words = /spec\.protocols\[1\]: DNS is not honoured by this version of Weir \(it honours TCP\); remove it/;
    await conditions(
      'FlowCapture',
      'shop/questions',
      ['Accepted False NotSupportedYet', words],
      ['Programmed Unknown NotAccepted', words],
      ['Delivering Unknown NotAccepted', words],
      ['Ready False NotSupportedYet', words],
      ['Stalled True NotSupportedYet', words],
    );
    expect(await kstatusOf('FlowCapture', 'shop/questions')).toBe('Failed');
    await world.export('weir-system/kafka', {
      kafka: { brokers: ['k.example:9092'], topic: 't', format: 'JSON', compression: 'None' },
    });
    const kafka = /spec\.kafka: kafka is not honoured/;
    await conditions(
      'FlowExport',
      'weir-system/kafka',
      ['Accepted False NotSupportedYet', kafka],
      ['Delivering Unknown NotAccepted', kafka],
      ['Ready False NotSupportedYet', kafka],
      ['Stalled True NotSupportedYet', kafka],
    );
    expect(await kstatusOf('FlowExport', 'weir-system/kafka')).toBe('Failed');
  });

  test('mended, it is no longer stalled', async () => {
    await world.capture('shop/questions', SELECTS_CHECKOUT);
    await conditions('FlowCapture', 'shop/questions', ['Accepted True Accepted', /legal/]);
    await eventually(
      async () => {
        const { status } = await world.getCapture('shop/questions');
        expect(status?.conditions?.map(({ type }) => type)).toEqual([
          'Accepted',
          'ResolvedRefs',
          'Programmed',
          'Delivering',
          'Ready',
        ]);
      },
      { what: 'Stalled is gone' },
    );
  });

  test('what only the operator namespace may do is refused elsewhere', async () => {
    await world.capture('shop/greedy', { namespaceSelector: {} });
    const words = /spec\.namespaceSelector is obeyed in namespace weir-system only/;
    await conditions(
      'FlowCapture',
      'shop/greedy',
      ['Accepted False NamespaceNotPermitted', words],
      ['Ready False NamespaceNotPermitted', words],
      ['Stalled True NamespaceNotPermitted', words],
    );
    await world.export('shop/terminal', { stdout: {} });
    const local = /spec\.stdout is legal in namespace weir-system only/;
    await conditions(
      'FlowExport',
      'shop/terminal',
      ['Accepted False NamespaceNotPermitted', local],
      ['Ready False NamespaceNotPermitted', local],
      ['Stalled True NamespaceNotPermitted', local],
    );
    expect(await kstatusOf('FlowExport', 'shop/terminal')).toBe('Failed');
  });

  test('peers that no schema can refuse are refused by the operator', async () => {
    await world.capture('shop/backwards', { peers: [{ action: 'Include', ports: ['53', '9000-8000'] }] });
    const words = /^spec\.peers\[0\]\.ports\[1\]: "9000-8000" runs backwards/;
    await conditions(
      'FlowCapture',
      'shop/backwards',
      ['Accepted False InvalidPeers', words],
      ['Ready False InvalidPeers', words],
      ['Stalled True InvalidPeers', words],
    );
    expect(await kstatusOf('FlowCapture', 'shop/backwards')).toBe('Failed');
  });

  test('a selector that no schema can refuse is refused by the operator', async () => {
    await world.capture('shop/long', { podSelector: { matchLabels: { ['k'.repeat(64)]: 'v' } } });
    const words = /^spec\.podSelector\.matchLabels\.k+…?: .* is no label key/;
    await conditions(
      'FlowCapture',
      'shop/long',
      ['Accepted False InvalidSelector', words],
      ['Ready False InvalidSelector', words],
      ['Stalled True InvalidSelector', words],
    );
    expect(await kstatusOf('FlowCapture', 'shop/long')).toBe('Failed');
  });

  test('an export that is missing, not allowed or not accepted is named, and found when it comes', async () => {
    await world.capture('shop/refs', { ...SELECTS_CHECKOUT, exports: [{ name: 'archiv' }] });
    await world.export('shop/archive', { http: { url: 'https://flows.example', compression: 'None' } });
    await conditions(
      'FlowCapture',
      'shop/refs',
      ['ResolvedRefs False ExportNotFound', NO_EXPORT_OF_THAT_NAME],
      ['Programmed Unknown RefsNotResolved', NO_EXPORT_OF_THAT_NAME],
      ['Delivering Unknown RefsNotResolved', NO_EXPORT_OF_THAT_NAME],
      ['Ready False ExportNotFound', NO_EXPORT_OF_THAT_NAME],
    );
    expect(await kstatusOf('FlowCapture', 'shop/refs')).toBe('InProgress');
    await world.capture('shop/refs', { ...SELECTS_CHECKOUT, exports: [{ name: 'archive' }] });
    const refused = /FlowExport shop\/archive is not accepted/;
    await conditions(
      'FlowCapture',
      'shop/refs',
      ['ResolvedRefs False ExportNotAccepted', refused],
      ['Ready False ExportNotAccepted', refused],
    );
    await world.export('weir-system/private', { stdout: {} });
    await world.capture('shop/refs', { ...SELECTS_CHECKOUT, exports: [{ name: 'private', namespace: 'weir-system' }] });
    const closed =
      /FlowExport weir-system\/private does not allow namespace shop, or does not exist: set allowedNamespaces/;
    await conditions(
      'FlowCapture',
      'shop/refs',
      ['ResolvedRefs False ExportNotAllowed', closed],
      ['Ready False ExportNotAllowed', closed],
    );
    const selector = { matchLabels: { team: 'shop' } };
    await world.export('weir-system/private', { stdout: {}, allowedNamespaces: { from: 'Selector', selector } });
    await conditions('FlowCapture', 'shop/refs', ['ResolvedRefs True ResolvedRefs', /every export/]);
    await world.namespace('shop', { team: 'other' });
    await conditions('FlowCapture', 'shop/refs', ['ResolvedRefs False ExportNotAllowed', closed]);
  });

  test('a plan that is full leaves captures out by name', async () => {
    const names = Array.from({ length: MAX_CAPTURES + 3 }, (_, at) => `shop/z${String(at).padStart(3, '0')}`);
    for (const name of names) await world.capture(name, SELECTS_CHECKOUT);
    const full = /^node n1: the node's plan is full: suspend or merge captures; 1 more node/;
    for (const key of names.slice(-3)) {
      await conditions('FlowCapture', key, ['Programmed False PlanTooLarge', full], ['Ready False PlanTooLarge', full]);
    }
    const planned = await eventually(
      async () => {
        const found = (await world.getAgent('n1')).spec.plan.captures.map(({ name }) => name);
        expect(found).toHaveLength(MAX_CAPTURES);
        return found;
      },
      { what: 'the plan is full' },
    );
    const next = names.find((name) => !planned.includes(name)) ?? '';
    await conditions('FlowCapture', next, ['Programmed False PlanTooLarge', full]);
    await world.deleteCapture(names[0] ?? '');
    await conditions('FlowCapture', next, ['Programmed Unknown AgentNotReporting', /^2 of 2 nodes/]);
  });

  test('every reason of the table was seen', () => {
    const all = Object.entries(CONDITION_TABLE).flatMap(([kind, table]) =>
      Object.entries(table).flatMap(([type, { reasons }]) =>
        Object.keys(reasons).map((why) => `${kind} ${type} ${why}`),
      ),
    );
    expect(all.filter((row) => !driven.has(row))).toEqual([]);
    expect(driven.size).toBe(all.length);
  });

  test('the operator has been refused nothing', async () => {
    const lines = await operator.logLines();
    const refused = lines.filter((line) => JSON.stringify(line).includes('forbidden'));
    expect(refused).toEqual([]);
    expect(operator.failure).toBeUndefined();
  });
});
