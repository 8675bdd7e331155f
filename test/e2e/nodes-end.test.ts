import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { Api } from '../support/cluster/api.ts';
import { ensureTools } from '../support/cluster/build/build.ts';
import { neededTools, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { startClusterWithNodes } from '../support/cluster/nodes/cluster-with-nodes.ts';
import { whyNoOwnNodes } from '../support/cluster/nodes/requirements.ts';
import { removeAbandoned } from '../support/cluster/process/work-folder.ts';
import { cgroupsOf, remainsOf } from '../support/cluster/remains.ts';
import { Workloads } from '../support/cluster/workload.ts';
import { cgroupMounts } from '../support/lab/cgroup2.ts';

const missing = whyNoOwnNodes();
const may = missing === undefined || process.env['CI'] === 'true';

const OWNER = fileURLToPath(new URL('../support/cluster/owner.fixture.ts', import.meta.url));
/** Names of cgroups that come and go with other tests on the same machine; a cluster's own is looked for by its name. */
const OF_TESTS = /^weir-/;
const SETTINGS = ['vm/overcommit_memory', 'kernel/panic', 'kernel/keys/root_maxkeys', 'net/ipv4/ip_forward'];

/** What nodes could leave on the machine outside of their cluster's folder and cgroups. */
function machineState(): object {
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n'),
    network: ['link', 'address', 'route', 'rule'].map((what) => said('ip', ['-o', what])),
    rules: said('nft', ['list', 'ruleset']),
    programs: said('bpftool', ['prog', 'show']).match(/^\d+: cgroup_\w+/gm) ?? [],
    settings: SETTINGS.map((name) => readFileSync(`/proc/sys/${name}`, 'utf8')),
    cgroups: cgroupMounts().map((mount) => namesIn(mount)?.filter((name) => !OF_TESTS.test(name))),
    folders: ['/run', '/opt', '/etc/cni', '/var/lib', '/var/log', '/sys/fs/bpf'].map(namesIn),
  };
}

function said(command: string, args: readonly string[]): string {
  return spawnSync(command, args, { encoding: 'utf8' }).stdout;
}

function namesIn(path: string): readonly string[] | undefined {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}

/** Processes by the word that is in their command, such as the name of a cluster's folder. */
function pidsOf(...words: readonly string[]): readonly number[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => words.every((word) => line.includes(word)))
    .map((line) => Number.parseInt(line, 10));
}

interface Runner {
  readonly folder: string;
  readonly kill: () => Promise<void>;
}

/** A process of its own that has started a cluster with a node. */
async function startRunner(): Promise<Runner> {
  const runner = spawn(process.execPath, [OWNER, '1'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [folder]: unknown[] = await once(createInterface(runner.stdout), 'line');
  if (typeof folder !== 'string') throw new Error('the runner has started no cluster');
  return {
    folder,
    async kill() {
      const exited = once(runner, 'exit');
      runner.kill('SIGKILL');
      await exited;
    },
  };
}

describe.runIf(may)(`the end of a cluster with nodes${missing === undefined ? '' : ` (${missing})`}`, () => {
  it('leaves no process, mount, cgroup, device, rule, setting or file', async () => {
    const before = machineState();
    const cluster = await startCluster({ nodes: 2 });
    try {
      const workloads = new Workloads(new Api(cluster.kubeconfig));
      await Promise.all(
        ['node1', 'node2'].map((node) => workloads.serve({ name: `on-${node}`, node, args: ['echo', '8080'] })),
      );
      expect(cgroupsOf(cluster.folder).length).toBeGreaterThan(0);
    } finally {
      await cluster.stop();
    }
    expect(remainsOf(cluster.folder)).toEqual([]);
    expect(machineState()).toEqual(before);
    await cluster.stop();
  });

  it('comes with a node off, too', async () => {
    const cluster = await startCluster({ nodes: 1 });
    await cluster.nodes?.[0]?.powerOff();
    await cluster.stop();
    expect(remainsOf(cluster.folder)).toEqual([]);
  });

  it('comes by itself when the runner is killed', async () => {
    const { folder, kill } = await startRunner();
    expect(remainsOf(folder)).toContain('kubelet');
    await kill();
    await eventually(() => expect(remainsOf(folder)).toEqual([]), { what: 'nothing is left' });
  });

  it('comes with the next start when the janitor was killed, too; not while the owner lives', async () => {
    const { folder, kill } = await startRunner();
    removeAbandoned();
    expect(remainsOf(folder)).toContain('kubelet');
    for (const pid of pidsOf('janitor.sh', folder)) process.kill(pid, 'SIGKILL');
    await kill();
    // Shims live on without those who started them, and hold the cgroups and the mounts.
    await eventually(() => expect(remainsOf(folder)).not.toContain('kubelet'), { what: 'the daemons are gone' });
    expect(cgroupsOf(folder).length).toBeGreaterThan(0);
    removeAbandoned();
    expect(remainsOf(folder)).toEqual([]);
  });

  it('comes when a start fails, which says why', async () => {
    const tool = await ensureTools(neededTools(1));
    const temporary = mkdtempSync(join(tmpdir(), 'weir-harness-'));
    vi.stubEnv('TMPDIR', temporary);
    try {
      const start = startClusterWithNodes((name) => (name === 'kubelet' ? '/bin/false' : tool(name)), 1);
      await expect(start).rejects.toThrow('kubelet of node1 ended with status 1');
      expect(readdirSync(temporary)).toEqual([]);
      expect(remainsOf(temporary)).toEqual(['folder']);
    } finally {
      vi.unstubAllEnvs();
      rmSync(temporary, { recursive: true });
    }
  });
});
