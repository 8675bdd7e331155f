import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/cluster/eventually.ts';
import { type Outcome, type RunOptions, run } from '../support/cluster/process/run.ts';
import { remainsOf } from '../support/cluster/remains.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';

const missing = whyNoCluster();
const may = missing === undefined || process.env['CI'] === 'true';

const PROGRAM = fileURLToPath(new URL('../../scripts/cluster.ts', import.meta.url));
const PROCESSES = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'node'];
const NO_ENGINE = 'unix:///nonexistent/docker.sock';

describe.runIf(may)(`npm run cluster${missing === undefined ? '' : ` (${missing})`}`, () => {
  let home: string;
  let folder: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'weir-harness-'));
    folder = join(home, 'weir', 'cluster');
    env = { ...process.env, XDG_STATE_HOME: home, DOCKER_HOST: NO_ENGINE, WEIR_TEST_KUBECONFIG: '' };
  });
  afterEach(async () => {
    await cluster('down');
    rmSync(home, { recursive: true });
  });

  function cluster(words: string, options: RunOptions = {}): Promise<Outcome> {
    return run(process.execPath, [PROGRAM, ...words.split(' ')], { env, timeoutMillis: 60_000, ...options });
  }

  it('goes up once, passes kubectl everything and its status, and goes down without a trace', async () => {
    expect(await cluster('status')).toMatchObject({ status: 1, stderr: 'nothing is up: npm run cluster -- up\n' });
    const up = await cluster('up');
    expect(up).toMatchObject({ status: 0, stdout: '' });
    expect(up.stderr).toContain(`kubeconfig: ${folder}/kubeconfig\n`);
    expect(remainsOf(folder)).toEqual([...PROCESSES, 'folder']);

    const again = await cluster('up');
    expect(again).toMatchObject({ status: 0, stderr: expect.stringContaining('a cluster is up already (processes') });
    expect(remainsOf(folder)).toEqual([...PROCESSES, 'folder']);
    expect(await cluster('status')).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('the API server is ready'),
    });

    const input = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine' } });
    expect(await cluster('kubectl apply -f - -o name', { input })).toMatchObject({
      status: 0,
      stdout: 'configmap/mine\n',
    });
    await cluster('kubectl run pod --image=registry.test/none:1 -- --flag -- rest');
    expect(await cluster('kubectl get pod pod -o jsonpath={.spec.containers[0].args}')).toMatchObject({
      stdout: '["--flag","--","rest"]',
    });
    expect(await cluster('kubectl get configmap other')).toMatchObject({ status: 1, stdout: '' });

    expect(await cluster('down')).toMatchObject({ status: 0, stderr: 'down; nothing is left\n' });
    expect(remainsOf(folder)).toEqual([]);
    expect(await cluster('down')).toMatchObject({ status: 0, stderr: 'nothing is up\n' });
    expect(await cluster('kubectl get pods')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no cluster is up'),
    });
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('leaves nothing when %s ends `up` before it is up', async (signal) => {
    const up = spawn(process.execPath, [PROGRAM, 'up'], { env, stdio: 'ignore' });
    await eventually(() => expect(remainsOf(folder)).toContain('kube-apiserver'), { what: 'it is half up' });
    up.kill(signal);
    const [status] = await once(up, 'exit');
    expect(status).toBe(signal === 'SIGINT' ? 130 : null);
    await eventually(() => expect(remainsOf(folder)).toEqual([]), { what: 'nothing is left' });
  });

  it('says so when its keeper was killed, and goes up again', async () => {
    await cluster('up');
    const { owner }: { owner: { pid: number } } = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'));
    process.kill(owner.pid, 'SIGKILL');
    await eventually(() => expect(remainsOf(folder)).toEqual(['folder']), { what: 'the processes are gone' });
    expect(await cluster('status')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('did not end in order'),
    });
    expect(await cluster('up')).toMatchObject({ status: 0, stderr: expect.stringContaining('clearing up first') });
    expect(remainsOf(folder)).toEqual([...PROCESSES, 'folder']);
  });

  it('says what kind needs where no engine answers, and refuses what it does not know', async () => {
    const refused = await cluster('up --kind');
    expect(refused).toMatchObject({ status: 3, stderr: expect.stringContaining('kind needs a Docker engine') });
    expect(remainsOf(folder)).toEqual([]);
    expect(await cluster('sideways')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("unknown command 'sideways'"),
    });
  });
});
