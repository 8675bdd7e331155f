import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { AGENT_POD_LABELS, OPERATOR_DEPLOYMENT, OPERATOR_POD_LABELS } from '../../src/api/names.ts';
import type { KubeObject } from '../support/cluster/api.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { type Helm, helmFor, succeed } from '../support/cluster/helm.ts';
import { runOrThrow } from '../support/cluster/process/run.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';
import { agentPods, CHART, installChart, roomyNode, upgradeChart } from '../support/operator/chart.ts';
import { type Role, rolesIn } from '../support/operator/rights.ts';
import type { World } from '../support/operator/world.ts';

/** The chart, by the real helm on a real API server: what it renders, what it installs, and what it leaves. */

const reason = whyNoCluster();
const CRD = 'flowexports.weir.dev';
const CRD_PATH = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${CRD}`;
const EXPORT = { name: 'terminal', namespace: 'weir-system' };

interface Container {
  readonly args: readonly string[];
}

interface Templated extends KubeObject {
  readonly spec?: { readonly template?: { readonly spec?: { readonly containers?: readonly Container[] } } };
}

let cluster: Cluster;
let world: World;
let helm: Helm;

async function rendered(...args: readonly string[]): Promise<Templated[]> {
  const text = await succeed(helm('template', 'weir', CHART, '--namespace', 'weir-system', ...args));
  return parseAllDocuments(text)
    .map((document): Templated | null => document.toJS())
    .filter((object) => object !== null);
}

type Named = Pick<Role, 'kind' | 'metadata'>;

function named(objects: readonly Named[]): string[] {
  return objects.map(nameOf).toSorted();
}

function nameOf({ kind, metadata }: Named): string {
  return `${kind} ${metadata.name}`;
}

/** What roles and bindings say, without what Helm adds to each. */
function meanings(objects: readonly (Role & { readonly subjects?: unknown })[]): object {
  return objects
    .map(({ kind, metadata: { name }, rules, roleRef, subjects }) => ({ kind, name, rules, roleRef, subjects }))
    .toSorted((a, b) => `${a.kind} ${a.name}`.localeCompare(`${b.kind} ${b.name}`));
}

function containers(object: Templated): readonly Container[] {
  return object.spec?.template?.spec?.containers ?? [];
}

async function flowIdKey(): Promise<string | undefined> {
  const path = '/api/v1/namespaces/weir-system/secrets/weir-flow-id';
  return (await world.api.get<{ readonly data?: { readonly key?: string } }>(path)).data?.key;
}

async function crdColumns(): Promise<readonly string[]> {
  const { spec } = await world.api.get<{
    readonly spec: {
      readonly versions: readonly [{ readonly additionalPrinterColumns: readonly { readonly name: string }[] }];
    };
  }>(CRD_PATH);
  return spec.versions[0].additionalPrinterColumns.map(({ name }) => name);
}

describe.skipIf(reason !== undefined)(`the chart ${reason ?? ''}`, () => {
  beforeAll(async () => {
    cluster = await startCluster();
    helm = await helmFor(cluster);
    world = await installChart(cluster, helm);
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  test('has nothing that helm lint has a word against', async () => {
    const { status, stdout } = await helm('lint', '--strict', CHART);
    expect([status, stdout.match(/\[(?:WARNING|ERROR)\].*/g)]).toEqual([0, null]);
  });

  test.each(['config/rbac/operator.yaml', 'config/rbac/agent.yaml', 'config/uninstall/rbac.yaml'])(
    'grants what %s grants, to the same accounts',
    async (file) => {
      const wanted = rolesIn(file);
      const names = new Set(named(wanted));
      const found = (await rendered()).filter((object) => names.has(nameOf(object)));
      expect(meanings(found)).toEqual(meanings(wanted));
    },
  );

  test('starts commands and options that there are', async () => {
    const everything = ['--set', 'agent.profilePort=6060', '--set', 'operator.profilePort=6060'];
    const commands = (await rendered(...everything)).flatMap(containers).map(({ args }) => args);
    expect(commands.filter((args) => args.includes('--profile-port'))).toHaveLength(2);
    expect(new Set(commands.map(([command]) => command))).toEqual(new Set(['agent', 'operator', 'uninstall']));
    expect(commands).toHaveLength(3);
    for (const [command = '', ...options] of commands) {
      const help = await runOrThrow('bin/weir', [command, '--help']);
      for (const option of options.filter((text) => text.startsWith('--'))) expect(help).toContain(`  ${option} <`);
    }
  });

  test('serves no profiles unless it is told to', async () => {
    expect(JSON.stringify(await rendered())).not.toContain('--profile-port');
  });

  test.each([
    ['DaemonSet', 'weir-agent', AGENT_POD_LABELS],
    ['Deployment', OPERATOR_DEPLOYMENT, OPERATOR_POD_LABELS],
  ])('makes a %s %s by whose labels its pods are found', async (kind, name, labels) => {
    const found = (await rendered()).find((object) => nameOf(object) === `${kind} ${name}`);
    expect(found).toMatchObject({ spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } } });
  });

  test('asks for rights on a node for its agents alone', async () => {
    await world.namespace('strict', { 'pod-security.kubernetes.io/warn': 'restricted' });
    const pods = (await rendered('--namespace', 'strict')).filter((object) => containers(object).length > 0);
    const violations = pods.map(async (object): Promise<[string, string | undefined]> => {
      const args = ['apply', '--dry-run=server', '-f', '-'];
      const { status, stderr } = await cluster.kubectl(args, { input: JSON.stringify(object) });
      expect([status, stderr]).toEqual([0, expect.stringMatching(/^(?:Warning: .*\n)?$/)]);
      return [nameOf(object), /would violate PodSecurity "restricted:latest": .*/.exec(stderr)?.[0]];
    });
    expect(Object.fromEntries(await Promise.all(violations))).toEqual({
      'DaemonSet weir-agent': expect.stringContaining('(container "agent" must not include "BPF", "PERFMON" in'),
      'Deployment weir-operator': undefined,
      'Job weir-uninstall': undefined,
    });
  });

  test('is installed with everything that it renders, and its pods pass the Pod Security level', async () => {
    const objects = await rendered();
    expect(named(objects).filter((name) => !/uninstall|Role/.test(name))).toEqual([
      'CustomResourceDefinition flowagents.weir.dev',
      'CustomResourceDefinition flowcaptures.weir.dev',
      'CustomResourceDefinition flowexports.weir.dev',
      'DaemonSet weir-agent',
      'Deployment weir-operator',
      'Secret weir-flow-id',
      'ServiceAccount weir-agent',
      'ServiceAccount weir-operator',
      'ValidatingAdmissionPolicy weir-agent-reports',
      'ValidatingAdmissionPolicy weir-namespace-selector',
      'ValidatingAdmissionPolicyBinding weir-agent-reports',
      'ValidatingAdmissionPolicyBinding weir-namespace-selector',
    ]);
    for (const node of ['n1', 'n2']) await roomyNode(world, node);
    expect(await agentPods(world, ['n1', 'n2'])).toHaveLength(2);
    await eventually(
      async () => {
        const pods = await world.kubectl('get', 'pods', '-n', 'weir-system', '-o', 'name');
        expect(pods).toMatch(/^pod\/weir-operator-/m);
      },
      { what: "the operator's pod is there" },
    );
  });

  test('has a hook that the API server takes', async () => {
    const hooks = await succeed(helm('get', 'hooks', 'weir', '--namespace', 'weir-system'));
    const { status, stdout, stderr } = await cluster.kubectl(['apply', '--dry-run=server', '-f', '-'], {
      input: hooks,
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('job.batch/weir-uninstall created');
  });

  test('brings a kind up to date with an upgrade', async () => {
    const changed = join(cluster.folder, 'changed-chart');
    cpSync(CHART, changed, { recursive: true });
    const file = join(changed, `files/crds/weir.dev_flowexports.yaml`);
    writeFileSync(file, readFileSync(file, 'utf8').replace('- name: Backlog', '- name: Waiting'));
    const before = await crdColumns();
    await upgradeChart(helm, changed);
    expect(await crdColumns()).toEqual(before.map((name) => (name === 'Backlog' ? 'Waiting' : name)));
    await upgradeChart(helm);
    expect(await crdColumns()).toEqual(before);
  });

  test('makes a key of flow.id, keeps it, and makes none where there is one', async () => {
    const key = await flowIdKey();
    expect(Buffer.from(key ?? '', 'base64').toString()).toMatch(/^[0-9a-f]{32}$/);
    await upgradeChart(helm);
    expect(await flowIdKey()).toBe(key);
    const own = await rendered('--set', 'agent.flowIdKeySecret=mine');
    expect(named(own).filter((name) => name.startsWith('Secret'))).toEqual([]);
    expect(JSON.stringify(own)).toContain('"secretName":"mine"');
  });

  test('with its kinds left out leaves those that are there alone, and all that is of them', async () => {
    await world.export('weir-system/terminal', { stdout: {} });
    await upgradeChart(helm, CHART, '--set', 'crds.install=false');
    expect(named(await rendered('--set', 'crds.install=false')).filter((name) => name.startsWith('Custom'))).toEqual(
      [],
    );
    expect(await crdColumns()).toContain('Backlog');
    await upgradeChart(helm, CHART);
    expect((await world.getExport('weir-system/terminal')).metadata).toMatchObject(EXPORT);
  });

  test('leaves kinds, captures and exports when it goes, and takes them up again when it comes back', async () => {
    await world.export('weir-system/terminal', { stdout: {} });
    await succeed(helm('uninstall', 'weir', '--namespace', 'weir-system', '--no-hooks'));
    const left = [
      'all,sa,secrets,roles,rolebindings',
      '-n',
      'weir-system',
      '-l',
      'app.kubernetes.io/name=weir',
      '-o',
      'name',
    ];
    await eventually(
      async () => expect(await world.kubectl('get', ...left)).not.toMatch(/deployment|daemonset|service|secret|role/),
      {
        what: 'nothing of the release is left',
      },
    );
    expect(await world.kubectl('get', 'clusterroles,validatingadmissionpolicies', '-o', 'name')).not.toContain('weir');
    expect((await world.getExport('weir-system/terminal')).metadata).toMatchObject(EXPORT);
    await installChart(cluster, helm);
    expect((await world.getExport('weir-system/terminal')).metadata).toMatchObject(EXPORT);
  });

  test.each([
    ['agent.logLvel=debug', "at '/agent': additional properties 'logLvel' not allowed"],
    ['agnet.logLevel=debug', "at '': additional properties 'agnet' not allowed"],
    ['operator.logLevel=trace', "at '/operator/logLevel': value must be one of 'debug', 'info', 'warn', 'error'"],
    ['agent.profilePort=65536', "at '/agent/profilePort': maximum: got 65,536, want 65,535"],
    ['agent.fileExports=/etc/weir', "at '/agent/fileExports': '/etc/weir' does not match pattern"],
    ['image.tag=a b', "at '/image/tag': 'a b' does not match pattern"],
    ['uninstall.timeoutSeconds=0', "at '/uninstall/timeoutSeconds': minimum: got 0, want 1"],
  ])('is not installed with %s, and says why', async (setting, words) => {
    const { status, stderr } = await helm('template', 'weir', CHART, '--set', setting);
    expect(status).toBe(1);
    expect(stderr).toContain(words);
  });
});
