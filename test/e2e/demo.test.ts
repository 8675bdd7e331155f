import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/cluster/eventually.ts';
import { whyNoOwnNodes } from '../support/cluster/nodes/requirements.ts';
import { run } from '../support/cluster/process/run.ts';
import { remainsOf } from '../support/cluster/remains.ts';
import { whyNoImage } from '../support/image/requirements.ts';

/** `npm run demo -- --cluster`, as a person runs it. */

const missing = whyNoOwnNodes() ?? whyNoImage();
const may = missing === undefined || process.env['CI'] === 'true';

const DEMO = fileURLToPath(new URL('../../scripts/demo/demo.ts', import.meta.url));
/** The demo itself gives up earlier what takes too long. */
const LIMIT_MILLIS = 300_000;
const ENDED_MILLIS = 60_000;
const [CONNECTIONS, SHOWN] = [23, 5];
const PROMISES = 8;

type Demo = ChildProcessByStdio<null, Readable, Readable>;

describe.runIf(may)(`the demo on a cluster${missing === undefined ? '' : ` (${missing})`}`, () => {
  let temporary: string;
  let demo: Demo | undefined;

  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'weir-harness-'));
  });
  afterEach(async () => {
    if (demo !== undefined) {
      demo.kill('SIGKILL');
      // Its janitor works on.
      await isGone(demo, clusters());
    }
    rmSync(temporary, { recursive: true });
  });

  /** In a process group of its own, as a shell starts it. */
  function start(): Demo {
    demo = spawn(process.execPath, [DEMO, '--cluster'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, TMPDIR: temporary },
    });
    return demo;
  }

  /** Paths of the folders of its clusters. */
  function clusters(): string[] {
    const names = readdirSync(temporary).filter((name) => name.startsWith('weir-cluster-'));
    return names.map((name) => join(temporary, name));
  }

  /** Resolves when no process of it is left, and nothing of its clusters. */
  async function isGone({ pid = 0 }: Demo, folders: readonly string[]): Promise<void> {
    await eventually(
      () => {
        expect(() => process.kill(-pid, 0)).toThrow('ESRCH');
        expect(clusters()).toEqual([]);
        expect(folders.flatMap(remainsOf)).toEqual([]);
      },
      { what: 'nothing is left', timeoutMillis: ENDED_MILLIS },
    );
  }

  it(
    'shows nodes, captures and both ends of connections, finds every promise kept, and leaves nothing',
    async () => {
      const running = start();
      const closed = once(running, 'close');
      const [said, errors] = await Promise.all([text(running.stdout), text(running.stderr)]);
      await closed;
      expect({ status: running.exitCode, errors, said }).toMatchObject({ status: 0, errors: '' });
      expect(said.match(/^demo: yes {2}/gm)).toHaveLength(PROMISES);
      expect(said).not.toContain('demo: NO');
      for (const node of ['node1', 'node2']) expect(said).toMatch(new RegExp(`^ +${node} +Ready `, 'm'));
      expect(said).toMatch(/^ +shop +checkout +True +Delivering +3 +2\/2 +0 +0 /m);
      expect(said).toMatch(/^ +shop +typo +True +NoPodsMatched +0 +2\/2 +0 +0 /m);
      expect(said).toContain('no pod in namespace shop has app=chekcout; 1 pod has app=checkout');
      expect(said).toMatch(
        new RegExp(`"exported":${2 * CONNECTIONS}\\b.*"lost":0\\b.*"observed":${2 * CONNECTIONS}\\b`),
      );
      const halves = [...said.matchAll(/^ +([0-9a-f]{16}) {2}node[12] .* (checkout|payments)-/gm)];
      const ids = halves.map(([, id]) => id);
      expect([halves.length, new Set(ids).size]).toEqual([2 * SHOWN, SHOWN]);
      expect(halves.filter(([, , pod]) => pod === 'payments')).toHaveLength(SHOWN);
      expect(said).toMatch(/^demo: took \d+ s$/m);
      await isGone(running, []);
    },
    LIMIT_MILLIS,
  );

  // A terminal sends SIGINT to the whole foreground group, `kill` to the one process.
  it.each([
    { moment: 'the nodes start', line: 'demo: starting a control plane', group: true },
    { moment: 'the chart is installed', line: 'demo: helm install', group: true },
    { moment: 'pods start', line: 'demo: a client, a server', group: false },
  ])(
    'ended by Ctrl-C while $moment, it leaves nothing (the whole group: $group)',
    async ({ line, group }) => {
      const running = start();
      const closed = once(running, 'close');
      let said = '';
      running.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk;
      });
      await eventually(() => expect(said).toContain(line), { what: 'it is so far', timeoutMillis: LIMIT_MILLIS / 2 });
      const folders = await eventually(
        () => {
          expect(clusters().flatMap(remainsOf).length).toBeGreaterThan(2);
          return clusters();
        },
        { what: 'the cluster has begun' },
      );
      process.kill(group ? -(running.pid ?? 0) : (running.pid ?? 0), 'SIGINT');
      await closed;
      expect({ status: running.exitCode, said }).toMatchObject({ status: 130 });
      expect(said).toMatch(/^demo: interrupted/m);
      expect(said).not.toContain('demo: yes');
      await isGone(running, folders);
    },
    LIMIT_MILLIS,
  );

  it('says what it needs, and what it does', async () => {
    const env = { ...process.env, WEIR_TEST_KUBECONFIG: '/dev/null' };
    expect(await run(process.execPath, [DEMO, '--cluster'], { env })).toMatchObject({
      status: 3,
      stdout: 'demo: needs nodes of its own: run it without WEIR_TEST_KUBECONFIG\n',
    });
    const help = await run(process.execPath, [DEMO, '--help']);
    expect(help).toMatchObject({ status: 0, stdout: expect.stringContaining('With --cluster: ') });
    expect(await run(process.execPath, [DEMO, '--clusters'])).toMatchObject({ status: 2 });
  });
});
