import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ContainerUsage } from '../../../../src/agent/overload/container-usage.ts';
import { TemporaryTree } from '../../../support/temporary-tree.ts';

const MIB = 2 ** 20;
let tree: TemporaryTree;
let cpu: number;
let now: number;

beforeEach(() => {
  tree = new TemporaryTree();
  [cpu, now] = [0, 0];
});
afterEach(() => tree[Symbol.dispose]());

function look(files: Readonly<Record<string, string>>) {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree.mount, file)), { recursive: true });
    writeFileSync(join(tree.mount, file), text);
  }
  const usage = new ContainerUsage(
    tree.mount,
    () => cpu,
    () => now,
  );
  cpu += 4_500_000;
  now += 10_000;
  return usage.look();
}

describe('what a container uses', () => {
  test('of its memory, without what the kernel gives back at once, and of its CPU, on cgroup2', () => {
    const files = {
      'memory.max': `${512 * MIB}\n`,
      'memory.current': `${300 * MIB}\n`,
      'memory.stat': `anon 1\ninactive_file ${44 * MIB}\nactive_file 3\n`,
      'cpu.max': '50000 100000\n',
    };
    expect(look(files)).toEqual([
      { of: 'memory (512 MiB)', share: 0.5 },
      { of: 'CPU (0.5 cores)', share: 0.9 },
    ]);
  });

  test('the same on version 1', () => {
    const files = {
      'memory/memory.limit_in_bytes': `${512 * MIB}\n`,
      'memory/memory.usage_in_bytes': `${300 * MIB}\n`,
      'memory/memory.stat': `total_inactive_file ${44 * MIB}\n`,
      'cpu/cpu.cfs_quota_us': '90000\n',
      'cpu/cpu.cfs_period_us': '100000\n',
    };
    expect(look(files)).toEqual([
      { of: 'memory (512 MiB)', share: 0.5 },
      { of: 'CPU (0.9 cores)', share: 0.5 },
    ]);
  });

  test.each([
    ['on cgroup2', { 'memory.max': 'max\n', 'memory.current': '1\n', 'cpu.max': 'max 100000\n' }],
    [
      'on version 1',
      {
        'memory/memory.limit_in_bytes': '9223372036854771712\n',
        'memory/memory.usage_in_bytes': '1\n',
        'cpu/cpu.cfs_quota_us': '-1\n',
        'cpu/cpu.cfs_period_us': '100000\n',
      },
    ],
    ['outside of a container', {}],
  ])('of what has no limit is not told, %s', (_, files) => {
    expect(look(files)).toEqual([]);
  });
});
