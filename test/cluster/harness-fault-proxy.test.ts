import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Api } from '../support/cluster/api.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/cluster/fault-proxy.ts';
import { type Connection, readKubeconfig } from '../support/cluster/kubeconfig.ts';
import { type RawRequest, rawGet } from '../support/cluster/raw-client.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';

const missing = whyNoCluster();
const may = missing === undefined || process.env['CI'] === 'true';

const ACCOUNT = { namespace: 'default', name: 'reader' };
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const NAMESPACE = '/api/v1/namespaces/default';
/** Four namespaces are there from the start: each watch begins with four events. */
const WATCH = '/api/v1/namespaces?watch=1&resourceVersion=0';
const EVENTS = 4;
const EXPIRED = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } };

describe.runIf(may)(`a fault proxy${missing === undefined ? '' : ` (${missing})`}`, () => {
  let cluster: Cluster;
  let proxy: FaultProxy;
  let connection: Connection;

  beforeAll(async () => {
    vi.stubEnv('WEIR_TEST_KUBECONFIG', '');
    cluster = await startCluster({ controllers: false });
    const admin = new Api(cluster.kubeconfig);
    const { namespace, name } = ACCOUNT;
    await admin.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name } });
    await admin.create(`${RBAC}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', namespace, name }],
    });
    proxy = await startFaultProxy(cluster);
    connection = readKubeconfig(await cluster.kubeconfigFor(ACCOUNT, { server: proxy.server }));
  });
  afterEach(() => proxy.clear());
  afterAll(async () => {
    await proxy?.stop();
    await cluster?.stop();
  });

  function get(path: string) {
    return rawGet(connection, path).ended;
  }

  /** Resolves when the watch has all of its first events. */
  async function watch(): Promise<RawRequest> {
    const open = rawGet(connection, WATCH);
    await eventually(() => expect(eventsOf(open.seen)).toHaveLength(EVENTS), {
      what: 'the watch has its first events',
    });
    return open;
  }

  it('passes requests on as whom they are, and counts them', async () => {
    const before = proxy.forwarded.length;
    const { status, pieces, end } = await get(`${NAMESPACE}?pretty=true`);
    expect({ status, end, name: JSON.parse(pieces.join('')).metadata.name }).toEqual({
      status: 200,
      end: 'in order',
      name: 'default',
    });
    const [request, ...others] = proxy.forwarded.slice(before);
    expect(others).toEqual([]);
    expect(request).toMatchObject({ method: 'GET', path: NAMESPACE, watch: false });
    expect(request?.query.get('pretty')).toBe('true');
    const kubeconfig = await cluster.kubeconfigFor(ACCOUNT, { server: proxy.server });
    const who = await cluster.kubectl(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], { kubeconfig });
    expect(who.stdout).toBe('system:serviceaccount:default:reader');
  });

  it('resets connections', async () => {
    const { seen, ended } = await watch();
    expect(proxy.resetConnections()).toBe(1);
    expect((await ended).end).toBe('ECONNRESET');
    expect(eventsOf(seen)).toHaveLength(EVENTS);
  });

  it('refuses connections, while those that are there stay', async () => {
    const { seen } = await watch();
    proxy.refuseConnections();
    expect((await get(NAMESPACE)).end).toBe('ECONNREFUSED');
    expect(seen.end).toBeUndefined();
    await proxy.acceptConnections();
    expect((await get(NAMESPACE)).status).toBe(200);
    proxy.resetConnections();
  });

  it('answers the next matching requests itself', async () => {
    const before = proxy.forwarded.length;
    proxy.answerNext(2, ({ path }) => path === NAMESPACE, { status: 503, retryAfter: 7 });
    expect((await get('/api/v1/namespaces/kube-system')).status).toBe(200);
    for (const _ of [1, 2]) {
      const { status, headers, pieces } = await get(NAMESPACE);
      expect({ status, retryAfter: headers['retry-after'] }).toEqual({ status: 503, retryAfter: '7' });
      expect(JSON.parse(pieces.join(''))).toMatchObject({ kind: 'Status', code: 503, reason: 'ServiceUnavailable' });
    }
    expect((await get(NAMESPACE)).status).toBe(200);
    expect(proxy.forwarded.length - before).toBe(2);
  });

  it('delays answers', async () => {
    proxy.delayResponses(300);
    const begin = performance.now();
    await get(NAMESPACE);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(300);
  });

  it('splits answers into pieces of 1 to 7 bytes', async () => {
    const whole = (await get(NAMESPACE)).pieces.join('');
    proxy.splitResponses(true);
    const { pieces, end } = await get(NAMESPACE);
    expect(pieces.slice(0, 8).map(({ length }) => length)).toEqual([1, 2, 3, 4, 5, 6, 7, 1]);
    expect({ end, text: pieces.join('') }).toEqual({ end: 'in order', text: whole });
  });

  it('holds the events of watches back and lets them go', async () => {
    proxy.stallWatches();
    const { seen, ended } = rawGet(connection, `${WATCH}&timeoutSeconds=1`);
    await eventually(() => expect(seen.status).toBe(200), { what: 'the watch has begun' });
    // The same watch, begun later and past the proxy, has had all of it.
    const direct = rawGet(readKubeconfig(await cluster.kubeconfigFor(ACCOUNT)), `${WATCH}&timeoutSeconds=1`);
    expect(eventsOf(await direct.ended)).toHaveLength(EVENTS);
    expect({ pieces: seen.pieces, end: seen.end }).toEqual({ pieces: [], end: undefined });
    proxy.resumeWatches();
    expect((await ended).end).toBe('in order');
    expect(eventsOf(seen)).toHaveLength(EVENTS);
  });

  it('lets watches that are under way expire', async () => {
    const { seen, ended } = await watch();
    expect(proxy.expireWatches(({ path }) => path === '/api/v1/pods')).toBe(0);
    expect(proxy.expireWatches()).toBe(1);
    expect((await ended).end).toBe('in order');
    expect(eventsOf(seen)).toMatchObject([{}, {}, {}, {}, EXPIRED]);
  });

  it('lets the next watch expire at once', async () => {
    proxy.expireNextWatches(1);
    expect((await get(NAMESPACE)).status).toBe(200);
    const { status, end, ...seen } = await get(WATCH);
    expect({ status, end }).toEqual({ status: 200, end: 'in order' });
    expect(eventsOf(seen)).toMatchObject([EXPIRED]);
    await watch();
    proxy.resetConnections();
  });

  it('cuts a watch after so many bytes', async () => {
    proxy.cutNextWatches(1, 101);
    const { pieces, end } = await get(WATCH);
    expect({ bytes: pieces.join('').length, end }).toEqual({ bytes: 101, end: 'ECONNRESET' });
  });

  it('breaks its clients off when the API server dies', async () => {
    const { ended } = await watch();
    await cluster.killApiServer();
    expect((await ended).end).toBe('ECONNRESET');
    expect((await get(NAMESPACE)).end).toBe('ECONNRESET');
    await cluster.startApiServer();
    expect((await get(NAMESPACE)).status).toBe(200);
  });
});

function eventsOf({ pieces }: { readonly pieces: readonly string[] }): readonly object[] {
  const lines = pieces
    .join('')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}
