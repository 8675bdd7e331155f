import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultOutput, openSinks, rotationOf } from '../../../src/cli/sinks.ts';
import { standalonePlan } from '../../../src/cli/standalone-plan.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { flow } from '../export/flows.ts';
import { document, failureOf, fakeContext, manifests } from './objects.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-sinks-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function untroubled(name: string, error: Error): never {
  throw new Error(`${name} is in trouble`, { cause: error });
}

/** A plan whose exports have these specs, in the order of their names. */
function planOf(exports: Readonly<Record<string, string>>): Plan {
  const names = Object.keys(exports).map((name) => `{name: ${name}}`);
  const capture = document('FlowCapture', 'shop/all', `{exports: [${names.join(', ')}]}`);
  const documents = Object.entries(exports).map(([name, spec]) => document('FlowExport', `shop/${name}`, spec));
  return standalonePlan(manifests(capture + documents.join('')), undefined, 'node-a').plan;
}

describe('stdout', () => {
  it.each([
    [true, 'table'],
    [false, 'json'],
  ])('on a terminal (%s) is %s unless told otherwise', (isTTY, output) => {
    expect(defaultOutput(fakeContext({ isTTY }))).toBe(output);
  });

  it('gets one JSON object a line, with the fields that were asked for', async () => {
    const context = fakeContext();
    const plan = planOf({ out: '{stdout: {}, fields: [source.port, flow.id]}' });
    const [sink] = await openSinks(plan, 'json', context, untroubled);
    await sink?.write([flow(), flow()]);
    expect(context.written()).toBe('{"flow.id":"0123456789abcdef","source.port":43210}\n'.repeat(2));
  });

  it('gets a table as wide as the terminal', async () => {
    const context = fakeContext({ isTTY: true });
    const [sink] = await openSinks(planOf({ out: '{stdout: {}}' }), 'table', context, untroubled);
    await sink?.write([flow()]);
    const lines = context.written().trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^TIME UTC CLIENT +SERVER /);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it.each(['table', 'wide'] as const)('refuses to choose fields of a %s, and says what to do', async (output) => {
    const refused = await failureOf(() =>
      openSinks(planOf({ out: '{stdout: {}, fields: [start]}' }), output, fakeContext(), untroubled),
    );
    expect(refused).toMatchObject({
      code: 'InvalidInput',
      message: 'FlowExport shop/out: spec.fields chooses fields of JSON; add -o json, or leave it out',
    });
  });
});

describe('a file', () => {
  it('gets every field as JSON, whatever stdout gets', async () => {
    const path = join(directory, 'flows.ndjson');
    const [sink] = await openSinks(planOf({ disk: `{file: {path: ${path}}}` }), 'table', fakeContext(), untroubled);
    await sink?.write([flow()]);
    await sink?.close();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ 'source.port': 43210, observer: 'source' });
  });
});

describe('a file that is renamed', () => {
  it('is so as its export asks', async () => {
    const path = join(directory, 'flows.ndjson');
    const spec = `{file: {path: ${path}, maxBytes: 1048576, maxFiles: 2}}`;
    const [sink] = await openSinks(planOf({ disk: spec }), 'table', fakeContext(), untroubled);
    const batch = Array.from({ length: 256 }, () => flow());
    for (let count = 0; count < 19; count += 1) await sink?.write(batch);
    await sink?.close();
    const sizes = readdirSync(directory).map((name) => statSync(join(directory, name)).size);
    expect(sizes).toHaveLength(3);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_048_576);
    expect(sizes.filter((size) => size > 700_000).length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    [{}, undefined],
    [{ compression: 'None' as const }, undefined],
    [{ maxBytes: 5 }, { maxBytes: 5, maxAgeMillis: undefined, maxFiles: undefined, compress: false }],
    [
      { maxAgeSeconds: 60, maxFiles: 7, compression: 'Gzip' as const },
      { maxBytes: undefined, maxAgeMillis: 60_000, maxFiles: 7, compress: true },
    ],
  ])('%o', (file, rotation) => {
    expect(rotationOf({ path: '/a', ...file })).toEqual(rotation);
  });
});

describe('the sinks of a plan', () => {
  it('come in its order', async () => {
    const context = fakeContext();
    const path = join(directory, 'flows.ndjson');
    const sinks = await openSinks(
      planOf({ b: '{stdout: {}}', a: `{file: {path: ${path}}}` }),
      'json',
      context,
      untroubled,
    );
    expect(sinks).toHaveLength(2);
    await sinks[0]?.write([flow()]);
    await Promise.all(sinks.map((sink) => sink.close()));
    expect(context.written()).toBe('');
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2);
  });

  it('are closed again when one of them cannot be opened', async () => {
    const [good, bad] = [join(directory, 'flows.ndjson'), join(directory, 'nowhere/flows.ndjson')];
    const plan = planOf({ a: `{file: {path: ${good}}}`, b: `{file: {path: ${bad}}}` });
    const refused = await failureOf(() => openSinks(plan, 'json', fakeContext(), untroubled));
    expect(refused.code).toBe('InvalidInput');
    expect(refused.message).toContain('which does not exist: create it, or choose another path');
    expect(openFiles()).not.toContain(good);
  });
});

/** Where this process' file descriptors lead. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The one that the listing itself used.
      return [];
    }
  });
}
