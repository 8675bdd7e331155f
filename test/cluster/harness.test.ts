import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Api, type ApiError } from '../support/cluster/api.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { kstatus } from '../support/cluster/kstatus.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';

const missing = whyNoCluster();
const may = missing === undefined || process.env['CI'] === 'true';

const REPLICAS = 3;
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const ROLES = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';

function deployment(name: string): object {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'registry.test/none:1' }] } },
    },
  };
}

function configMap(name: string): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
}

function condition(type: string, reason: string): object {
  return { type, status: 'True', reason };
}

describe.runIf(may)(`a test cluster${missing === undefined ? '' : ` (${missing})`}`, () => {
  let cluster: Cluster;
  let admin: Api;

  beforeAll(async () => {
    // It is the cluster of one's own that is tested.
    vi.stubEnv('WEIR_TEST_KUBECONFIG', '');
    cluster = await startCluster();
    admin = new Api(cluster.kubeconfig);
  });
  afterAll(() => cluster?.stop());

  it('has controllers: a Deployment gets its pods', async () => {
    await admin.create(DEPLOYMENTS, deployment('web'));
    await eventually(async () => expect(await admin.list('/api/v1/namespaces/default/pods')).toHaveLength(REPLICAS), {
      what: 'the pods are there',
    });
  });

  it('lets a service account do what RBAC allows, and notes who wrote', async () => {
    const user = new Api(await cluster.kubeconfigFor({ namespace: 'default', name: 'default' }));
    const refused = user.create(CONFIG_MAPS, configMap('refused'));
    await expect(refused).rejects.toMatchObject({ code: 403, reason: 'Forbidden' } satisfies Partial<ApiError>);

    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create'] }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'writer' };
    const subjects = [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }];
    const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'writer' } };
    await admin.create(`${ROLES}/roles`, { ...rbac, kind: 'Role', rules });
    await admin.create(`${ROLES}/rolebindings`, { ...rbac, kind: 'RoleBinding', roleRef, subjects });
    await eventually(() => user.create(CONFIG_MAPS, configMap('allowed')), { what: 'the role is known' });

    const writes = async () => {
      const events = await cluster.auditEvents();
      return events.filter(
        ({ resource, name, code }) => resource === 'configmaps' && name === 'allowed' && code === 201,
      );
    };
    await eventually(async () => expect(await writes()).toHaveLength(1), { what: 'the write is noted' });
    expect(await writes()).toMatchObject([
      { user: 'system:serviceaccount:default:default', verb: 'create', namespace: 'default', subresource: undefined },
    ]);
  });

  it('gives a service account the folder that a pod would have', async () => {
    const folder = await cluster.serviceAccountFolder({ namespace: 'default', name: 'default' });
    expect(readdirSync(folder).toSorted()).toEqual(['ca.crt', 'namespace', 'token']);
  });

  it('applies on the server: the second manager of a field is refused, unless it forces', async () => {
    const [path, object] = [`${CONFIG_MAPS}/shared`, { ...configMap('shared'), data: { key: 'one' } }];
    await admin.apply(path, object, { fieldManager: 'first' });
    const other = { ...object, data: { key: 'two' } };
    await expect(admin.apply(path, other, { fieldManager: 'second' })).rejects.toMatchObject({ code: 409 });
    const forced = await admin.apply(path, other, { fieldManager: 'second', force: true });
    expect(forced).toMatchObject({ data: { key: 'two' } });
  });

  it('serves the same objects after its API server was killed and started again', async () => {
    const before = await admin.create(CONFIG_MAPS, configMap('kept'));
    await cluster.killApiServer();
    await expect(admin.get(`${CONFIG_MAPS}/kept`)).rejects.toThrow('ECONNREFUSED');
    const unreachable = await cluster.kubectl(['get', 'configmap', 'kept']);
    expect(unreachable).toMatchObject({ status: 1, stdout: '' });
    await cluster.startApiServer();
    expect(await admin.get(`${CONFIG_MAPS}/kept`)).toEqual(before);
    expect(await cluster.kubectl(['get', 'configmap', 'kept', '-o', 'name'])).toEqual({
      status: 0,
      stdout: 'configmap/kept\n',
      stderr: '',
    });
  });

  it('can be one that runs already: what only an owner can do is refused, and its end is not the end of that', async () => {
    vi.stubEnv('WEIR_TEST_KUBECONFIG', cluster.kubeconfig);
    const guest = await startCluster();
    vi.stubEnv('WEIR_TEST_KUBECONFIG', '');
    expect(guest.server).toBe(cluster.server);
    const user = await guest.kubeconfigFor({ namespace: 'default', name: 'default' });
    const who = await guest.kubectl(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], {
      kubeconfig: user,
    });
    expect(who.stdout).toBe('system:serviceaccount:default:default');
    for (const refused of [guest.auditEvents(), guest.killApiServer(), guest.startApiServer()]) {
      await expect(refused).rejects.toThrow('needs a cluster of its own');
    }
    await guest.stop();
    await admin.ready();
  });

  it('asks kstatus: new is in progress, rolled out is current', async () => {
    const fresh = deployment('web');
    const rolledOut = {
      ...fresh,
      status: {
        observedGeneration: 0,
        replicas: REPLICAS,
        updatedReplicas: REPLICAS,
        readyReplicas: REPLICAS,
        availableReplicas: REPLICAS,
        conditions: [
          condition('Available', 'MinimumReplicasAvailable'),
          condition('Progressing', 'NewReplicaSetAvailable'),
        ],
      },
    };
    expect(await kstatus([fresh, rolledOut])).toEqual([
      { status: 'InProgress', message: 'Replicas: 0/3' },
      { status: 'Current', message: 'Deployment is available. Replicas: 3' },
    ]);
  });
});
