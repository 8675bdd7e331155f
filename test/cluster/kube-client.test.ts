import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiError, TransportError } from '../../src/kube/api-error.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { HttpsTransport } from '../../src/kube/https-transport.ts';
import { kubeconfigCredentials } from '../../src/kube/kubeconfig-credentials.ts';
import type { Resource } from '../../src/kube/resource.ts';
import { serviceAccountCredentials } from '../../src/kube/service-account-credentials.ts';
import { Api } from '../support/cluster/api.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { type FaultProxy, startFaultProxy } from '../support/cluster/fault-proxy.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';

const reason = whyNoCluster();
const CONFIG_MAPS: Resource = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };
const PODS: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
const SECRETS: Resource = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
const READER = { namespace: 'default', name: 'reader' };

let cluster: Cluster;
let proxy: FaultProxy;
let api: Api;

async function adminClient(): Promise<KubeClient> {
  const transport = new HttpsTransport(await kubeconfigCredentials(cluster.kubeconfig), 'weir-test');
  return new KubeClient(transport, { fieldManager: 'first' });
}

function configMap(name: string, data: Readonly<Record<string, string>>, rest: object = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', ...rest }, data };
}

/** What a request was refused with. */
async function refusal(request: Promise<unknown>): Promise<unknown> {
  return request.then(
    () => 'accepted',
    (error: unknown) => error,
  );
}

describe.skipIf(reason !== undefined)(`requests to a real API server ${reason ?? ''}`, () => {
  beforeAll(async () => {
    cluster = await startCluster({ controllers: false });
    proxy = await startFaultProxy(cluster);
    api = new Api(cluster.kubeconfig);
    await cluster.kubectl(['create', 'serviceaccount', READER.name]);
    await cluster.kubectl(['create', 'clusterrole', 'reader', '--verb=list,watch', '--resource=configmaps']);
    await cluster.kubectl([
      'create',
      'clusterrolebinding',
      'reader',
      '--clusterrole=reader',
      '--serviceaccount=default:reader',
    ]);
  });

  afterAll(async () => {
    await proxy?.stop();
    await cluster?.stop();
  });

  test('server-side apply makes, changes and takes over, and writes nothing twice', async () => {
    const client = await adminClient();
    const made = await client.apply(CONFIG_MAPS, configMap('applied', { a: '1', b: '2' }));
    const again = await client.apply(CONFIG_MAPS, configMap('applied', { a: '1', b: '2' }));
    expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    // What a manager no longer says is gone; what another one says is taken over.
    await api.apply('/api/v1/namespaces/default/configmaps/applied', configMap('applied', { b: 'other' }), {
      force: true,
    });
    await client.apply(CONFIG_MAPS, configMap('applied', { b: 'mine' }));
    expect(await api.get('/api/v1/namespaces/default/configmaps/applied')).toMatchObject({ data: { b: 'mine' } });
  });

  test('applies a status, and nothing but the status', async () => {
    const client = await adminClient();
    const metadata = { name: 'web', namespace: 'default' };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'web', image: 'web' }] } };
    await client.apply(PODS, pod);
    const status = { phase: 'Running', podIP: '198.18.1.2' };
    const running = { apiVersion: 'v1', kind: 'Pod', metadata, status };
    const answer = await client.apply(PODS, running, { subresource: 'status' });
    expect(answer).toMatchObject({ status, spec: { containers: [{ name: 'web' }] } });
    expect(await api.get('/api/v1/namespaces/default/pods/web')).toMatchObject({ status });
    await api.delete('/api/v1/namespaces/default/pods/web', { gracePeriodSeconds: 0 });
  });

  test('lists in pages, each as new as the request', async () => {
    const client = await adminClient();
    const names = Array.from({ length: 7 }, (_, at) => `page-${at}`);
    for (const name of names) await client.apply(CONFIG_MAPS, configMap(name, {}, { labels: { paged: 'yes' } }));
    const found: string[] = [];
    const sizes: number[] = [];
    let token: string | undefined;
    do {
      const page = await client.list(CONFIG_MAPS, {
        namespace: 'default',
        labelSelector: 'paged=yes',
        limit: 3,
        continue: token,
      });
      found.push(...page.items.map(({ metadata }) => metadata.name));
      sizes.push(page.items.length);
      token = page.continue;
    } while (token !== undefined);
    expect([found, sizes]).toEqual([names, [3, 3, 1]]);
  });

  test('a refusal says what it is', async () => {
    const client = await adminClient();
    const invalid = { ...configMap('x', {}), data: { 'not a key!': 'x' } };
    expect(await refusal(client.apply(CONFIG_MAPS, invalid))).toMatchObject({
      code: 422,
      reason: 'Invalid',
      isInvalid: true,
    });
    const stale = configMap('applied', { a: '1' }, { uid: '0b1f6a2e-6a5c-4f6e-9f3a-6c2d6f1c9a10' });
    expect(await refusal(client.apply(CONFIG_MAPS, stale))).toMatchObject({
      code: 422,
      message: expect.stringContaining('metadata.uid'),
    });
    const gone = configMap('never-made', { a: '1' }, { uid: '0b1f6a2e-6a5c-4f6e-9f3a-6c2d6f1c9a10' });
    expect(await refusal(client.apply(CONFIG_MAPS, gone))).toMatchObject({ code: 409, reason: 'Conflict' });
    const missing = configMap('never-made', {});
    expect(await refusal(client.apply(PODS, { ...missing, kind: 'Pod' }, { subresource: 'status' }))).toMatchObject({
      code: 404,
    });
  });

  test('a service account may do what its role says, by its kubeconfig and by its files', async () => {
    const kubeconfig = await cluster.kubeconfigFor(READER);
    const folder = await cluster.serviceAccountFolder(READER);
    for (const credentials of [
      await kubeconfigCredentials(kubeconfig),
      serviceAccountCredentials(folder, new URL(cluster.server), performance.now.bind(performance)),
    ]) {
      const client = new KubeClient(new HttpsTransport(credentials, 'weir-test'), { fieldManager: 'reader' });
      expect((await client.list(CONFIG_MAPS, { namespace: 'default' })).items.length).toBeGreaterThan(7);
      const refused = await refusal(client.list(SECRETS));
      expect(refused).toBeInstanceOf(ApiError);
      expect(refused).toMatchObject({
        code: 403,
        reason: 'Forbidden',
        message: expect.stringContaining('cannot list resource "secrets"'),
      });
    }
  });

  test('a token that the kubelet has replaced is read again, at once when the old one is refused', async () => {
    const folder = await cluster.serviceAccountFolder(READER);
    const fresh = await cluster.serviceAccountFolder(READER);
    await writeFile(join(folder, 'token'), 'expired');
    const credentials = serviceAccountCredentials(folder, new URL(cluster.server), () => 0);
    const client = new KubeClient(new HttpsTransport(credentials, 'weir-test'), { fieldManager: 'reader' });
    const refused = await refusal(client.list(CONFIG_MAPS));
    expect(refused).toMatchObject({ code: 401 });
    expect(String(refused)).not.toContain('expired');
    const { headers } = await serviceAccountCredentials(fresh, new URL(cluster.server), () => 0).current();
    await writeFile(join(folder, 'token'), (headers['authorization'] ?? '').replace('Bearer ', ''));
    expect((await client.list(CONFIG_MAPS)).items.length).toBeGreaterThan(0);
  });

  test('no answer is told apart from a refusal, and what a proxy says is no Status', async () => {
    const kubeconfig = await cluster.kubeconfigFor(READER, { server: proxy.server });
    const client = new KubeClient(new HttpsTransport(await kubeconfigCredentials(kubeconfig), 'weir-test'), {
      fieldManager: 'r',
    });
    proxy.answerNext(1, () => true, { status: 503, retryAfter: 2 });
    expect(await refusal(client.list(CONFIG_MAPS))).toMatchObject({ code: 503, retryAfterMillis: 2000 });
    proxy.refuseConnections();
    proxy.resetConnections();
    expect(await refusal(client.list(CONFIG_MAPS))).toBeInstanceOf(TransportError);
    await proxy.clear();
    // A kept connection that the server has closed is no failure.
    await client.list(CONFIG_MAPS);
    proxy.resetConnections();
    expect((await client.list(CONFIG_MAPS)).items.length).toBeGreaterThan(0);
  });

  test('a server that the authority does not vouch for is told nothing', async () => {
    let told = 0;
    const credentials = {
      server: new URL(cluster.server),
      current: async () => ({ headers: {}, tls: {} }),
      renew: () => {
        told += 1;
      },
    };
    const client = new KubeClient(new HttpsTransport(credentials, 'weir-test'), { fieldManager: 'r' });
    expect(await refusal(client.list(CONFIG_MAPS))).toBeInstanceOf(TransportError);
    expect(told).toBe(0);
  });

  test('a kubeconfig that is none is told by its name', async () => {
    await writeFile(join(cluster.folder, 'broken'), 'clusters: {');
    expect(await refusal(kubeconfigCredentials(join(cluster.folder, 'broken')))).toMatchObject({
      code: 'InvalidInput',
    });
    expect(String(await refusal(kubeconfigCredentials('/nowhere/config')))).toContain('/nowhere/config');
  });
});
