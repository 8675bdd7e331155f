import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { findCgroup2 } from '../support/lab/cgroup2.ts';
import { whyNoLab } from '../support/lab/requirements.ts';

const missing = whyNoLab();
const may = missing === undefined || process.env['CI'] === 'true';
const DEMO = fileURLToPath(new URL('../../scripts/demo/demo.ts', import.meta.url));

function startDemo(): ChildProcess & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream } {
  return spawn(process.execPath, [DEMO], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, COLUMNS: '140' },
  });
}

/** What a demo of this pid has on the machine: cgroups, directories, processes whose command line names it. */
function remains(pid: number | undefined): string[] {
  const mark = `weir-lab-demo-${pid}-`;
  const named = [findCgroup2() ?? '', tmpdir()].flatMap((directory) =>
    readdirSync(directory).filter((name) => name.startsWith(mark)),
  );
  const processes = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && speaksOf(entry, mark));
  return [...named, ...processes.map((process) => `process ${process}`)];
}

function speaksOf(process: string, mark: string): boolean {
  try {
    return ['cmdline', 'cgroup'].some((file) => readFileSync(`/proc/${process}/${file}`, 'utf8').includes(mark));
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false; // it ended meanwhile
    throw error;
  }
}

describe.skipIf(!may)(`the demo${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  it('shows both ends named through NAT and a balanced ledger, and leaves nothing behind', async () => {
    const demo = startDemo();
    const [stdout, stderr, [status]] = await Promise.all([text(demo.stdout), text(demo.stderr), once(demo, 'exit')]);
    const rows = stdout.split('\n').filter((line) => line.includes('shop/checkout') && line.includes('shop/payments'));
    expect({ status, rows: rows.length }).toEqual({ status: 0, rows: 36 });
    expect(stdout.match(/^demo: yes {2}/gm)).toHaveLength(5);
    expect(stdout).not.toContain('demo: NO');
    expect(stdout).not.toContain('back-office/');
    expect(stderr).toMatch(/^shop\/checkout +36 +36 +0 +0 +0$/m);
    expect(stderr).toContain('balanced: observed = exported + filtered + sampled out + lost');
    expect(remains(demo.pid)).toEqual([]);
  });

  it.each(['SIGKILL', 'SIGINT'] as const)('ended by %s in the middle, it leaves nothing behind', async (signal) => {
    const demo = startDemo();
    let said = '';
    for await (const chunk of demo.stderr) {
      said += String(chunk);
      if (said.includes('weir: capturing')) break;
    }
    expect(remains(demo.pid).length).toBeGreaterThan(10);
    demo.kill(signal);
    await once(demo, 'exit');
    await vi.waitFor(() => expect(remains(demo.pid)).toEqual([]), { timeout: 20_000, interval: 50 });
  });
});
