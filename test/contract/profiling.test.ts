import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

/** Profiles of the two long-running programs, as processes; no API server is there, and they wait for it. */

const WEIR = 'bin/weir';
const TOKEN = 'swordfish';
const KUBECONFIG = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'none', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'nobody', user: { token: TOKEN } }],
  contexts: [{ name: 'none', context: { cluster: 'none', user: 'nobody' } }],
  'current-context': 'none',
};

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-profiling-'));
  writeFileSync(join(folder, 'kubeconfig'), JSON.stringify(KUBECONFIG));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

function run(flags: readonly string[]): ChildProcess {
  const where = ['--kubeconfig', join(folder, 'kubeconfig'), '--listen', '127.0.0.1:0'];
  const child = spawn(WEIR, [...flags, ...where], { stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  return child;
}

/** Starts it; resolves with where each message of its log says that something listens, once it says the last one. */
async function start(flags: readonly string[], last: string): Promise<ReadonlyMap<string, string>> {
  const child = run(flags);
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const addresses = () =>
    new Map(
      [...log.matchAll(/^\{.*"address":"(?<address>[^"]+)".*"msg":"(?<message>[^"]+)"\}$/gm)].map(
        ({ groups: { message = '', address = '' } = {} }) => [message, address],
      ),
    );
  return vi.waitUntil(() => (addresses().has(last) ? addresses() : undefined), { timeout: 20_000 });
}

/** The exit status of the first after SIGTERM. */
async function stop(): Promise<unknown> {
  const [child] = children;
  if (child === undefined) throw new Error('nothing runs');
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  return (await ended)[0];
}

describe.each([[['operator']], [['agent', '--node', 'node-a']]])('weir %j', (command) => {
  test('serves profiles with --profile-port, without the token that it holds', async () => {
    const addresses = await start([...command, '--profile-port', '0'], 'profiles are served');
    const profiles = addresses.get('profiles are served');
    expect(profiles).toMatch(/^127\.0\.0\.1:/);
    const heap = await (await fetch(`http://${profiles}/debug/heap`)).text();
    expect(JSON.parse(heap)).toHaveProperty('head.children');
    expect(heap).not.toContain(TOKEN);
    const cpu = await (await fetch(`http://${profiles}/debug/cpu?seconds=1`)).text();
    expect(JSON.parse(cpu)).toHaveProperty('nodes');
    expect(cpu).not.toContain(TOKEN);
    expect(await stop()).toBe(0);
  });

  test('serves none without it', async () => {
    const addresses = await start(command, 'started');
    expect([...addresses.keys()]).toEqual(['started']);
    expect((await fetch(`http://${addresses.get('started')}/debug/heap`)).status).toBe(404);
    expect(await stop()).toBe(0);
  });

  test('ends at once when the port is taken', async () => {
    const taken = (await start([...command, '--profile-port', '0'], 'profiles are served')).get('profiles are served');
    const [, port = ''] = taken?.split(':') ?? [];
    expect((await once(run([...command, '--profile-port', port]), 'exit'))[0]).toBe(2);
    expect(await stop()).toBe(0);
  });
});
