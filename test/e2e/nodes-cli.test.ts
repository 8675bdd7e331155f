import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/cluster/eventually.ts';
import { whyNoOwnNodes } from '../support/cluster/nodes/requirements.ts';
import { type Outcome, run } from '../support/cluster/process/run.ts';
import { remainsOf } from '../support/cluster/remains.ts';
import { whyNoImage } from '../support/image/requirements.ts';

const missing = whyNoOwnNodes() ?? whyNoImage();
const may = missing === undefined || process.env['CI'] === 'true';

const PROGRAM = fileURLToPath(new URL('../../scripts/cluster.ts', import.meta.url));

describe.runIf(may)(`npm run cluster with nodes${missing === undefined ? '' : ` (${missing})`}`, () => {
  let home: string;
  let folder: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'weir-harness-'));
    folder = join(home, 'weir', 'cluster');
    env = { ...process.env, XDG_STATE_HOME: home };
  });
  afterEach(async () => {
    await cluster('down');
    rmSync(home, { recursive: true });
  });

  function cluster(words: string): Promise<Outcome> {
    return run(process.execPath, [PROGRAM, ...words.split(' ')], { env, timeoutMillis: 90_000 });
  }

  /** The cluster's own, in the person's. */
  function workFolder(): string {
    const name = readdirSync(folder).find((entry) => entry.startsWith('weir-cluster-'));
    if (name === undefined) throw new Error('no cluster is up');
    return join(folder, name);
  }

  it('goes up, tells its nodes, runs pods of images that it was given, and goes down without a trace', async () => {
    expect(await cluster('up --nodes 2')).toMatchObject({ status: 0, stdout: '' });
    const said = await cluster('status');
    expect(said).toMatchObject({ status: 0, stderr: expect.stringContaining('nodes: node1 ready, node2 ready\n') });
    expect(await cluster('up --nodes 1')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('it is not what you ask for (2 nodes)'),
    });

    const work = workFolder();
    const written = join(home, 'images');
    expect(await cluster(`images ${written}`)).toMatchObject({
      status: 0,
      stdout: '',
      stderr: expect.stringContaining(
        'export WEIR_TEST_IMAGE=weir.dev/weir:test WEIR_TEST_TRAFFIC_IMAGE=registry.test/traffic:1',
      ),
    });
    expect(readdirSync(written).toSorted()).toEqual(['traffic.tar', 'weir.tar']);
    const archive = join(written, 'traffic.tar');
    expect(await cluster(`load ${archive}`)).toEqual({
      status: 0,
      stdout: '',
      stderr: `${archive} is on every node\n`,
    });
    expect(await cluster(`load ${PROGRAM}`)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('was not taken as an image'),
    });
    const pod = 'run server --image=registry.test/traffic:1 --image-pull-policy=Never -- echo 8080';
    expect(await cluster(`kubectl ${pod}`)).toMatchObject({ status: 0 });
    expect(await cluster('kubectl wait --for=condition=Ready pod/server --timeout=60s')).toMatchObject({ status: 0 });

    expect(await cluster('down')).toMatchObject({ status: 0, stderr: 'down; nothing is left\n' });
    expect([...remainsOf(folder), ...remainsOf(work)]).toEqual([]);
  });

  it('says so when its keeper was killed, which leaves nothing but the folder', async () => {
    await cluster('up --nodes 1');
    const work = workFolder();
    const { owner }: { owner: { pid: number } } = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'));
    process.kill(owner.pid, 'SIGKILL');
    await eventually(() => expect(remainsOf(work)).toEqual([]), { what: 'the nodes are gone' });
    expect(await cluster('status')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('did not end in order'),
    });
    expect(await cluster('down')).toMatchObject({ status: 0 });
    expect(remainsOf(folder)).toEqual([]);
  });

  it('refuses a number of nodes that is none', async () => {
    expect(await cluster('up --nodes many')).toMatchObject({ status: 2, stderr: expect.stringContaining('0 to 100') });
    expect(await cluster('up --nodes 2 --kind')).toMatchObject({ status: 2 });
    expect(await cluster('load x.tar')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no cluster is up'),
    });
  });
});
