import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ensureTools } from '../support/cluster/build/build.ts';
import { CLUSTER_TOOLS } from '../support/cluster/build/tools.ts';
import { startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { startOwnCluster } from '../support/cluster/own-cluster.ts';
import { removeAbandoned } from '../support/cluster/process/work-folder.ts';
import { remainsOf } from '../support/cluster/remains.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';

const missing = whyNoCluster();
const may = missing === undefined || process.env['CI'] === 'true';

const OWNER = fileURLToPath(new URL('../support/cluster/owner.fixture.ts', import.meta.url));
const PROCESSES = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

describe.runIf(may)(`a test cluster's end${missing === undefined ? '' : ` (${missing})`}`, () => {
  // It is the end of a cluster of one's own that is tested.
  beforeEach(() => void vi.stubEnv('WEIR_TEST_KUBECONFIG', ''));

  it('leaves no process and no folder, twice too', async () => {
    const cluster = await startCluster();
    expect(remainsOf(cluster.folder)).toEqual([...PROCESSES, 'folder']);
    await cluster.stop();
    expect(remainsOf(cluster.folder)).toEqual([]);
    await cluster.stop();
  });

  it('comes without controllers, too: only etcd and the API server run', async () => {
    await using cluster = await startCluster({ controllers: false });
    expect(remainsOf(cluster.folder)).toEqual(['etcd', 'kube-apiserver', 'folder']);
  });

  it('comes with the end of a runner that is killed; the next one removes its folder', async () => {
    const runner = spawn(process.execPath, [OWNER], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [folder]: unknown[] = await once(createInterface(runner.stdout), 'line');
    if (typeof folder !== 'string') throw new Error('the runner has started no cluster');
    expect(remainsOf(folder)).toEqual([...PROCESSES, 'folder']);
    // A folder whose owner lives is nobody else's to remove.
    removeAbandoned();
    expect(remainsOf(folder)).toEqual([...PROCESSES, 'folder']);

    runner.kill('SIGKILL');
    await eventually(() => expect(remainsOf(folder)).toEqual(['folder']), { what: 'the processes are gone' });
    removeAbandoned();
    expect(remainsOf(folder)).toEqual([]);
  });

  it('comes when a start fails, which says why', async () => {
    const tool = await ensureTools(CLUSTER_TOOLS);
    const temporary = mkdtempSync(join(tmpdir(), 'weir-harness-'));
    vi.stubEnv('TMPDIR', temporary);
    try {
      const start = startOwnCluster((name) => (name === 'kube-apiserver' ? '/bin/false' : tool(name)), true);
      await expect(start).rejects.toThrow('kube-apiserver ended with status 1');
      expect(readdirSync(temporary)).toEqual([]);
      expect(remainsOf(temporary)).toEqual(['folder']);
    } finally {
      vi.unstubAllEnvs();
      rmSync(temporary, { recursive: true });
    }
  });
});
