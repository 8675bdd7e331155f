import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseManifest } from '../../src/api/manifest/manifest.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';
import { KINDS } from '../support/manifests/kinds.ts';
import { COMPLETE, manifest, PAIRS, type Pair } from '../support/manifests/table.ts';
import { World } from '../support/operator/world.ts';

/** One table of accepted and refused objects, through the real API server and the offline validator: one verdict. */

let cluster: Cluster;

interface Verdict {
  readonly accepted: boolean;
  readonly words: string;
}

/** What kubectl says, whose YAML and whose strict validation people meet. Nothing is stored. */
async function apply(text: string): Promise<Verdict> {
  const { status, stderr } = await cluster.kubectl(['create', '--dry-run=server', '--validate=strict', '-f', '-'], {
    input: text,
  });
  return { accepted: status === 0, words: stderr };
}

/** The field that a refusal names: before its words, or in quotes where it is unknown. */
function names({ words }: Verdict, path: string): boolean {
  return words.includes(`${path}: `) || words.includes(`"${path}"`);
}

function offline(text: string): { accepted: boolean; path: string | undefined } {
  const { problems } = parseManifest(text, 'x.yaml', KINDS);
  return { accepted: problems.length === 0, path: problems[0]?.path };
}

const CASES = PAIRS.map((pair, index) => ({ ...pair, index }));
const verdicts = new Map<string, Verdict>();

describe.skipIf(whyNoCluster() !== undefined)(`crds/ on a real API server${whyNoCluster() ?? ''}`, () => {
  beforeAll(async () => {
    cluster = await startCluster({ controllers: false });
    const world = await World.install(cluster);
    await world.namespace('shop');
    const texts = new Set([
      ...PAIRS.flatMap((pair) => [accepted(pair), refused(pair)]),
      ...COMPLETE.map(({ kind, spec }) => manifest(kind, 'a', spec)),
    ]);
    const waiting = [...texts];
    // kubectl takes a tenth of a second each time.
    await Promise.all(
      Array.from({ length: availableParallelism() * 2 }, async () => {
        for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) verdicts.set(text, await apply(text));
      }),
    );
  }, 120_000);

  afterAll(async () => {
    await cluster?.stop();
  });

  test.each(CASES)('$kind $keyword $index: $accepted', (pair) => {
    expect(verdicts.get(accepted(pair))).toMatchObject({ accepted: true });
    expect(offline(accepted(pair)).accepted).toBe(true);
  });

  test.each(CASES)('$kind $keyword $index: not $refused', (pair) => {
    const verdict = verdicts.get(refused(pair)) ?? { accepted: true, words: '' };
    expect(verdict.accepted).toBe(false);
    expect(offline(refused(pair))).toEqual({ accepted: false, path: pair.path });
    expect(names(verdict, pair.path) ? pair.path : verdict.words).toBe(pair.path);
    // The words of a rule are Weir's own, so they are the same everywhere.
    expect(verdict.words).toContain(pair.keyword === 'rule' ? pair.message : '');
  });

  test.each(COMPLETE)('the whole of $kind: $spec', ({ kind, spec }) => {
    expect(verdicts.get(manifest(kind, 'a', spec))).toMatchObject({ accepted: true });
    expect(offline(manifest(kind, 'a', spec)).accepted).toBe(true);
  });
});

function accepted({ kind, accepted: spec }: Pair): string {
  return manifest(kind, 'a', spec);
}

function refused({ kind, refused: spec }: Pair): string {
  return manifest(kind, 'a', spec);
}
