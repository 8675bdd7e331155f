import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { OPERATOR_POD_LABELS } from '../../src/api/names.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { type Helm, helmFor } from '../support/cluster/helm.ts';
import { run } from '../support/cluster/process/run.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';
import { AgentStandIn } from '../support/operator/agent-stand-in.ts';
import { agentPods, CHART, installChart, roomyNode, upgradeChart } from '../support/operator/chart.ts';
import { OperatorProcess } from '../support/operator/operator-process.ts';
import { granted, used } from '../support/operator/rights.ts';
import { OPERATOR_NAMESPACE, type World } from '../support/operator/world.ts';

/** `weir uninstall` as the chart's hook runs it, but for the pod: a Deployment without a kubelet, and agents that stand in. */

const reason = whyNoCluster();
const UNINSTALL = { namespace: OPERATOR_NAMESPACE, name: 'weir-uninstall' };
const UNINSTALL_USER = `system:serviceaccount:${OPERATOR_NAMESPACE}:weir-uninstall`;
/** Agents live on the first two. */
const NODES = ['n1', 'n2', 'n3'];
/** The operator's pod waits for a node for ever: no kubelet would end it. The agents that stand in are no pods. */
const VALUES = ['--set', 'operator.nodeSelector.nowhere=yes', '--set', 'admissionPolicies.enabled=false'];
const FINALIZER = 'weir.dev/retire';
const DEPLOYMENT = '/apis/apps/v1/namespaces/weir-system/deployments/weir-operator';

let cluster: Cluster;
let world: World;
let helm: Helm;
let agents: AgentStandIn;
let kubeconfig: string;

interface Ended {
  readonly status: number | null;
  /** The lines that it wrote to stderr. */
  readonly said: readonly string[];
}

/** Runs the command to its end, as its own process. */
async function weirUninstall(
  timeout: string,
  meanwhile: (said: () => string, interrupt: () => void) => Promise<void> = async () => {},
): Promise<Ended> {
  const args = ['src/main.ts', 'uninstall', '--kubeconfig', kubeconfig, '--timeout', timeout];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = once(child, 'close');
  try {
    await meanwhile(
      () => stderr,
      () => child.kill('SIGINT'),
    );
    await closed;
    return { status: child.exitCode, said: steady(stderr).trimEnd().split('\n') };
  } finally {
    child.kill('SIGKILL');
  }
}

/** Who may what is known a while after it is written. Asked as admin, so that no refusal stands in the account's log. */
async function rightsAreKnown(): Promise<void> {
  const asUninstall = ['--as', UNINSTALL_USER, '-n', OPERATOR_NAMESPACE];
  const rights = [
    ['patch', 'flowagents.weir.dev'],
    ['patch', 'deployments.apps/weir-operator', '--subresource=scale'],
  ];
  for (const right of rights) {
    await eventually(() => world.kubectl('auth', 'can-i', ...right, ...asUninstall), {
      what: `the account of weir uninstall may ${right.join(' ')}`,
      timeoutMillis: 30_000,
    });
  }
}

/** Without the Deployment's own pod, which may be gone at the first look, or not. */
function steady(said: string): string {
  return said
    .replaceAll(/\bweir-operator-[0-9a-f]+-\w{5}(?:, )?/g, '')
    .replace(/^weir: waiting for the operator to end: \n/m, '')
    .replace(/^(.*\n)\1/m, '$1');
}

function saying(words: string, said: () => string): Promise<void> {
  return eventually(
    () => {
      if (!said().includes(words)) throw new Error(said());
    },
    { what: `it says ${words}`, timeoutMillis: 20_000 },
  );
}

/** What of each FlowAgent matters here. */
async function plans(): Promise<Record<string, { readonly captures: number }>> {
  const entries = (await world.agents()).map(({ metadata, spec }) => {
    const { finalizers, ownerReferences } = metadata;
    const owners = Array.isArray(ownerReferences) ? ownerReferences.length : 0;
    return [metadata.name, { captures: spec.plan.captures.length, programs: spec.plan.programs, finalizers, owners }];
  });
  return Object.fromEntries(entries);
}

const AT_WORK = { captures: 1, programs: ['tcp'], finalizers: [FINALIZER], owners: 1 };
const AT_REST = { captures: 0, programs: [], finalizers: undefined, owners: 1 };

/** The operator has written every plan, their agents run them, and it has ended. */
async function planned(): Promise<void> {
  const names = await world.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}');
  const nodes = names.split(' ');
  const operator = await OperatorProcess.start(cluster);
  try {
    await eventually(
      async () => {
        const found = await plans();
        if (nodes.some((node) => found[node]?.captures !== 1)) throw new Error(JSON.stringify(found));
      },
      { what: 'every node has its plan' },
    );
  } finally {
    await operator.kill();
  }
  await agents.catchUp();
}

describe.skipIf(reason !== undefined)(`weir uninstall ${reason ?? ''}`, () => {
  beforeAll(async () => {
    cluster = await startCluster();
    helm = await helmFor(cluster);
    world = await installChart(cluster, helm, ...VALUES);
    await world.kubectl('apply', '-f', 'config/uninstall/');
    kubeconfig = await cluster.kubeconfigFor(UNINSTALL);
    await rightsAreKnown();
    agents = await AgentStandIn.create(cluster);
    await world.namespace('shop');
    for (const node of NODES) {
      await roomyNode(world, node);
      await world.pod(`shop/checkout-${node}`, node, { app: 'checkout' });
    }
    for (const { name, node } of await agentPods(world, NODES)) {
      const status = node === 'n3' ? 'False' : 'True';
      const conditions = [{ type: 'Ready', status, lastTransitionTime: '2026-11-25T12:00:00Z' }];
      await world.podStatus(`weir-system/${name}`, { phase: 'Running', conditions });
    }
    await world.export('weir-system/archive', { stdout: {}, allowedNamespaces: { from: 'All' } });
    await world.capture('shop/checkout', { exports: [{ name: 'archive', namespace: 'weir-system' }] });
  });

  beforeEach(planned);

  afterAll(async () => {
    await cluster?.stop();
  });

  test('without an answer of the agents says which, and that it did not come in time', async () => {
    const { status, said } = await weirUninstall('10s');
    expect(said).toEqual([
      'weir: the operator has ended',
      'weir: emptied the plans of 3 nodes',
      'weir: waiting for the agents of 2 of 3 nodes: n1, n2',
      'not within 10 s: waiting for the agents of 2 of 3 nodes: n1, n2; their logs say why',
    ]);
    expect(status).toBe(1);
    expect(await plans()).toEqual({ n1: AT_REST, n2: AT_REST, n3: AT_REST });
    expect(await world.api.get(DEPLOYMENT)).toMatchObject({ spec: { replicas: 0 } });
    // Whoever thinks better of it has an operator again.
    await upgradeChart(helm, CHART, ...VALUES);
    expect(await world.api.get(DEPLOYMENT)).toMatchObject({ spec: { replicas: 1 } });
  });

  test('touches no plan while a pod of the operator is there, and goes on when it is gone', async () => {
    const pod = 'weir-system/weir-operator-stuck';
    await world.pod(pod, 'n1', OPERATOR_POD_LABELS);
    onTestFinished(async () => {
      await world.kubectl('delete', '-n', 'weir-system', 'pod/weir-operator-stuck', '--ignore-not-found', '--now');
    });
    const late = await weirUninstall('5s');
    expect(late.said).toEqual([
      'weir: waiting for the operator to end: weir-operator-stuck',
      'not within 5 s: waiting for the operator to end: weir-operator-stuck. If its node is gone for good: kubectl delete pod --force. The plans are as they were',
    ]);
    expect(late.status).toBe(1);
    expect(await plans()).toEqual({ n1: AT_WORK, n2: AT_WORK, n3: AT_WORK });

    const done = await weirUninstall('60s', async (said) => {
      await saying('waiting for the operator to end', said);
      await world.deletePod(pod);
      await saying('waiting for the agents of 2', said);
      await agents.report('n1');
      await saying('waiting for the agents of 1 of 3 nodes: n2', said);
      await agents.report('n2');
    });
    expect(done.said).toEqual([
      'weir: waiting for the operator to end: weir-operator-stuck',
      'weir: the operator has ended',
      'weir: emptied the plans of 3 nodes',
      'weir: waiting for the agents of 2 of 3 nodes: n1, n2',
      'weir: waiting for the agents of 1 of 3 nodes: n2',
      'weir: not waited for, since no agent is ready there: n3',
      'weir: 2 agents have let go of their kernel programs',
      'weir: Weir is at rest: it can be removed',
    ]);
    expect(done.status).toBe(0);
    expect(await plans()).toEqual({ n1: AT_REST, n2: AT_REST, n3: AT_REST });
    expect((await world.getCapture('shop/checkout')).metadata.name).toBe('checkout');
  });

  test("takes Weir's finalizer off whoever has put it there, and leaves the finalizers of others", async () => {
    const finalizers = ['example.org/keep', FINALIZER];
    await world.api.patch('/apis/weir.dev/v1alpha1/flowagents/n2', { metadata: { finalizers } });
    await world.deleteNode('n3');
    await eventually(async () => expect((await world.getAgent('n3')).metadata['deletionTimestamp']).toBeDefined(), {
      what: 'the FlowAgent of the node that is gone waits for its finalizer',
      timeoutMillis: 30_000,
    });
    const { status } = await weirUninstall('60s', async (said) => {
      await saying('waiting for the agents of 2 of 3 nodes: n1, n2', said);
      await agents.reportAll();
    });
    expect(status).toBe(0);
    expect(await plans()).toEqual({ n1: AT_REST, n2: { ...AT_REST, finalizers: ['example.org/keep'] } });
    await world.api.patch('/apis/weir.dev/v1alpha1/flowagents/n2', { metadata: { finalizers: null } });
  });

  test('ends at once when it is interrupted, and says nothing of rest', async () => {
    const { status, said } = await weirUninstall('60s', async (words, interrupt) => {
      await saying('waiting for the agents of', words);
      interrupt();
    });
    expect([status, said.at(-1)]).toEqual([130, expect.stringContaining('waiting for the agents of')]);
  });

  test('does not take it for rest while an operator runs somewhere else', async () => {
    const operator = await OperatorProcess.start(cluster);
    try {
      const { status, said } = await weirUninstall('60s');
      expect([status, said.at(-1)]).toEqual([
        1,
        expect.stringMatching(
          /^an operator runs somewhere else, and has written the plans of n1(?:, n2)? anew$|of n2 anew$/,
        ),
      ]);
    } finally {
      await operator.kill();
    }
  });

  test('says that no API server answers', async () => {
    const nobody = await cluster.kubeconfigFor(UNINSTALL, { server: 'https://127.0.0.1:1' });
    const args = ['uninstall', '--kubeconfig', nobody, '--timeout', '1s'];
    const { status, stderr } = await run('bin/weir', args);
    expect([status, stderr.trimEnd().split('\n').at(-1)]).toEqual([
      1,
      expect.stringMatching(/^not within 1 s: the operator could not be told to end: .*ECONNREFUSED/),
    ]);
  });

  test('has used every right of config/uninstall, and no other', async () => {
    const events = await cluster.auditEvents();
    expect(used(events, UNINSTALL_USER)).toEqual(granted('config/uninstall/rbac.yaml'));
    expect(events.filter(({ user, code }) => user === UNINSTALL_USER && code >= 400)).toEqual([]);
  });

  test('leaves nothing that keeps the kinds from being deleted; and then there is nothing to do', async () => {
    await weirUninstall('60s', async (said) => {
      await saying('waiting for the agents', said);
      await agents.reportAll();
    });
    await world.kubectl('delete', '-f', 'crds/', '--timeout=20s');
    await world.kubectl('delete', '-n', 'weir-system', 'deployment/weir-operator');
    const { status, said } = await weirUninstall('20s');
    expect(said).toEqual([
      'weir: there is no Deployment weir-operator in namespace weir-system',
      'weir: emptied the plans of 0 nodes',
      'weir: 0 agents have let go of their kernel programs',
      'weir: Weir is at rest: it can be removed',
    ]);
    expect(status).toBe(0);
  });
});
