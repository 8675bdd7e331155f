import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { Lab } from '../support/lab/lab.ts';
import { whyNoLab } from '../support/lab/requirements.ts';
import { routedPair } from '../support/lab/routed-pair.ts';

const missing = whyNoLab();
const may = missing === undefined || process.env['CI'] === 'true';

interface Contents {
  readonly directory: string;
  readonly temporary: string;
  readonly pids: readonly number[];
  readonly namespaces: readonly string[];
}

const OWNER = fileURLToPath(new URL('../support/lab/owner.fixture.ts', import.meta.url));

/** A process of its own that has made a lab. */
async function owner(): Promise<{ process: ChildProcessWithoutNullStreams; contents: Contents }> {
  const child = spawn(process.execPath, [OWNER]);
  for await (const line of createInterface({ input: child.stdout })) {
    const contents: Contents = JSON.parse(line);
    return { process: child, contents };
  }
  throw new Error('the owner ended before it had made its lab');
}

/** Everything of a lab that can be found on the machine. A zombie has given up its namespaces, but not yet its pid. */
function remains({ directory, temporary, pids, namespaces }: Contents): readonly string[] {
  const held = new Set(readdirSync('/proc').map((pid) => attempt(() => readlinkSync(`/proc/${pid}/ns/net`))));
  return [
    ...[directory, temporary].filter((path) => existsSync(path)),
    ...pids.filter((pid) => alive(pid)).map((pid) => `process ${pid}`),
    ...namespaces.map((inode) => `net:[${inode}]`).filter((namespace) => held.has(namespace)),
  ];
}

function alive(pid: number): boolean {
  const status = attempt(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
  return status !== undefined && !/^State:\s+[ZX]/m.test(status);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function namespaceMounts(): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - nsfs |netns|weir-lab/.test(line));
}

describe.runIf(may)(`a lab's end${missing === undefined ? '' : ` (${missing})`}`, () => {
  it.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)('leaves nothing when %s ends its owner', async (signal) => {
    const { process: child, contents } = await owner();
    expect(remains(contents)).toHaveLength(7);
    child.kill(signal);
    await once(child, 'exit');
    await vi.waitFor(() => expect(remains(contents)).toEqual([]), { timeout: 20_000, interval: 10 });
  });

  it('leaves nothing when it is disposed of, twice too, and has made no mount', async () => {
    const before = namespaceMounts();
    const lab = await Lab.create('disposed');
    const { router, client, server } = await routedPair(lab);
    const peer = await client.peer({ cgroup: 'nested/deeper' });
    const service = server.spawn(['sleep', 'infinity']);
    const contents = {
      directory: lab.directory,
      temporary: lab.temporary,
      pids: [router.netns.pid, peer.pid, service.pid ?? 0],
      namespaces: [router.netns, client.netns, server.netns].map(({ inode }) => String(inode)),
    };
    expect(remains(contents)).toHaveLength(8);
    expect(namespaceMounts()).toEqual(before);
    await lab[Symbol.asyncDispose]();
    expect(remains(contents)).toEqual([]);
    await lab[Symbol.asyncDispose]();
  });
});

describe.runIf(may)(`a lab's pods${missing === undefined ? '' : ` (${missing})`}`, () => {
  it('run processes in their own cgroup and namespace before the first instruction', async () => {
    await using lab = await Lab.create('pods');
    const pod = await lab.pod('web');
    const inside = await pod.exec(['sh', '-c', 'cat /proc/self/cgroup; readlink /proc/self/ns/net'], {
      cgroup: 'nested',
    });
    expect(inside.stdout).toContain(`0::/${pod.cgroup}/nested\n`);
    expect(inside.stdout).toContain(`net:[${pod.netns.inode}]\n`);
    expect(pod.cgroup).toBe(`${lab.cgroup}/kubepods/burstable/pod${pod.uid}/${pod.containerId}`);
    await expect(pod.exec(['sh', '-c', 'echo no such luck >&2; exit 3'])).rejects.toThrow('status 3: no such luck');
    await expect(pod.exec(['sleep', '60'], { timeoutMs: 50 })).rejects.toThrow('took longer than 50 ms');
  });

  it("share a namespace, or use the machine's own", async () => {
    await using lab = await Lab.create('shared');
    const one = await lab.pod('one');
    const [two, host] = [await lab.pod('two', { netns: one.netns }), await lab.pod('host', { netns: 'host' })];
    const cookies = await Promise.all(
      [one, two, host].map(async (pod) => (await (await (await pod.peer()).listen('127.0.0.1')).cookies()).netns),
    );
    expect(cookies[0]).toBe(cookies[1]);
    expect(cookies[2]).not.toBe(cookies[0]);
    expect(new Set([one, two, host].map(({ cgroupId }) => cgroupId)).size).toBe(3);
    expect(() => host.netns).toThrow('no network of its own');
  });
});
