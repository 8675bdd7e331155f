import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/cluster/fault-proxy.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';
import { OperatorProcess } from '../support/operator/operator-process.ts';
import { OPERATOR, World } from '../support/operator/world.ts';

/** The operator as a program: how it starts, what it says, how it ends. */

const reason = whyNoCluster();

let cluster: Cluster;
let proxy: FaultProxy;

interface Ended {
  readonly status: number | null;
  readonly stderr: string;
}

/** Runs `weir operator` until its log says `until`, then sends SIGTERM. */
async function runUntil(kubeconfig: string, until: string, env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  const args = ['src/main.ts', 'operator', '--kubeconfig', kubeconfig, '--listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = once(child, 'close');
  try {
    await eventually(
      () => {
        if (!stderr.includes(until)) throw new Error(stderr);
      },
      { what: `the log says ${until}`, timeoutMillis: 20_000 },
    );
    child.kill('SIGTERM');
    await closed;
    return { status: child.exitCode, stderr };
  } finally {
    child.kill('SIGKILL');
  }
}

describe.skipIf(reason !== undefined)(`weir operator ${reason ?? ''}`, () => {
  beforeAll(async () => {
    cluster = await startCluster();
    proxy = await startFaultProxy(cluster);
  });

  afterAll(async () => {
    await proxy?.stop();
    await cluster?.stop();
  });

  test('without its kinds in the cluster it says what to install, and goes on once they are there', async () => {
    await cluster.kubectl(['apply', '-f', 'config/rbac/namespace.yaml']);
    await cluster.kubectl(['apply', '-f', 'config/rbac/']);
    const kubeconfig = await cluster.kubeconfigFor(OPERATOR);
    const { status, stderr } = await runUntil(kubeconfig, 'kubectl apply -f crds/');
    expect(status).toBe(0);
    expect(stderr).toContain('"msg":"stopping"');
    const starting = OperatorProcess.startWith(cluster, kubeconfig);
    const world = await World.install(cluster);
    await using operator = await starting;
    await world.namespace('shop');
    await world.capture('shop/first');
    await eventually(async () => expect((await world.getCapture('shop/first')).status?.conditions).toHaveLength(5), {
      what: 'the capture has its conditions',
    });
    const lines = await operator.logLines();
    expect(lines.find(({ msg }) => msg === 'written')).toMatchObject({
      level: 'info',
      program: 'operator',
      object: { kind: 'FlowCapture', key: 'shop/first' },
      resourceVersion: expect.stringMatching(/^\d+$/),
    });
    const metrics = await operator.metrics();
    expect(metrics.get('weir_operator_objects{resource="flowcaptures"}')).toBe(1);
    expect(metrics.get('weir_operator_reconciles_total{controller="capture",result="written"}')).toBe(1);
  });

  test('is not ready while the API server does not answer, and ready again when it does', async () => {
    await using operator = await OperatorProcess.start(cluster, { server: proxy.server });
    proxy.refuseConnections();
    proxy.resetConnections();
    await eventually(
      async () => {
        const answer = await fetch(`${operator.url}/readyz`);
        expect([answer.status, await answer.text()]).toEqual([
          503,
          expect.stringContaining('does not answer the watches'),
        ]);
      },
      { what: 'it is not ready' },
    );
    expect((await fetch(`${operator.url}/healthz`)).status).toBe(200);
    await proxy.clear();
    await eventually(() => operator.ready(), { what: 'it is ready again', timeoutMillis: 30_000 });
  });

  test('ends in order on SIGTERM, with status 0, and its log holds no token', async () => {
    const kubeconfig = await cluster.kubeconfigFor(OPERATOR);
    const { status, stderr } = await runUntil(kubeconfig, 'the cluster is known');
    expect(status).toBe(0);
    expect(
      stderr
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line))
        .at(-1),
    ).toMatchObject({ msg: 'stopping' });
    const [, token = ''] = /token"?:\s*"?([\w.-]+)/.exec(await readFile(kubeconfig, 'utf8')) ?? [];
    expect(token.length).toBeGreaterThan(100);
    expect(stderr).not.toContain(token);
  });

  test('reads the kubeconfig that it is given, and no other', async () => {
    const kubeconfig = await cluster.kubeconfigFor(OPERATOR);
    const empty = join(cluster.folder, 'empty-kubeconfig');
    await writeFile(empty, 'apiVersion: v1\nkind: Config\n');
    for (const other of ['/nowhere/config', empty]) {
      const { status } = await runUntil(kubeconfig, 'the cluster is known', { ...process.env, KUBECONFIG: other });
      expect([other, status]).toEqual([other, 0]);
    }
  });

  test('ends on SIGTERM within its time though a request is never answered', async () => {
    const kubeconfig = await cluster.kubeconfigFor(OPERATOR, { server: proxy.server });
    const world = await World.install(cluster);
    await world.namespace('shop');
    await world.capture('shop/pending', { suspend: true });
    proxy.delayResponses(0);
    const running = await OperatorProcess.startWith(cluster, kubeconfig);
    await eventually(async () => expect((await world.getCapture('shop/pending')).status).toBeDefined(), {
      what: 'the first status is written',
    });
    proxy.delayResponses(120_000);
    // Of another object: while the answer to one write of an object is out, as it may be here, no other of it is begun.
    await world.capture('shop/late', { suspend: true });
    const isWritten = () => proxy.forwarded.some(({ method, path }) => method === 'PATCH' && path.includes('late'));
    await eventually(() => expect(isWritten()).toBe(true), { what: 'a write is under way' });
    process.kill(running.pid ?? 0, 'SIGTERM');
    // The kubelet would kill it after 30 s.
    await eventually(() => expect(running.failure).toContain('ended with status 0'), {
      what: 'it ends',
      timeoutMillis: 20_000,
    });
    await proxy.clear();
    proxy.delayResponses(0);
  });

  test('ends on SIGTERM also while the API server is away', async () => {
    const kubeconfig = await cluster.kubeconfigFor(OPERATOR, { server: 'https://127.0.0.1:9' });
    const { status, stderr } = await runUntil(kubeconfig, 'ECONNREFUSED');
    expect([status, stderr.includes('"level":"warn"')]).toEqual([0, true]);
  });
});
