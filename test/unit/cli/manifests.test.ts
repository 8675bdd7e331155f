import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readInventory, readManifests } from '../../../src/cli/manifests.ts';
import { document, endless, failureOf } from './objects.ts';

const CAPTURE = document('FlowCapture', 'shop/all', '{exports: [{name: out}]}');
const EXPORT = document('FlowExport', 'shop/out', '{stdout: {}}');
const NOTHING = Readable.from([]);

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-manifests-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

async function refusal(...files: string[]): Promise<string> {
  const { code, message } = await failureOf(() => readManifests(files, NOTHING));
  expect(code).toBe('InvalidInput');
  return message.replaceAll(directory, '');
}

describe('the files of -f', () => {
  it('are one set of objects, however they are split', async () => {
    const apart = await readManifests([file('a.yaml', CAPTURE), file('b.yaml', EXPORT)], NOTHING);
    const together = await readManifests([file('c.yaml', CAPTURE + EXPORT)], NOTHING);
    for (const { captures, exports } of [apart, together]) {
      expect(captures.map(({ name }) => name)).toEqual(['all']);
      expect(exports.map(({ name }) => name)).toEqual(['out']);
    }
  });

  it('may be stdin, in pieces that split a character', async () => {
    const bytes = Buffer.from(`# é\n${CAPTURE}`);
    const stdin = Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]);
    const { captures } = await readManifests(['-', file('b.yaml', EXPORT)], stdin);
    expect(captures.map(({ namespace }) => namespace)).toEqual(['shop']);
  });

  it('may be JSON', async () => {
    const object = { apiVersion: 'weir.dev/v1alpha1', kind: 'FlowCapture', metadata: { name: 'a' }, spec: {} };
    const { captures } = await readManifests([file('a.json', JSON.stringify(object))], NOTHING);
    expect(captures).toHaveLength(1);
  });

  it('tell all that is wrong in all of them, each at its place', async () => {
    const typo = file('a.yaml', CAPTURE.replace('exports', 'exprots'));
    const early = file('b.yaml', document('FlowCapture', 'shop/b', '{protocols: [UDP]}'));
    await expect(refusal(typo, early)).resolves.toBe(
      [
        '/a.yaml:5:8: spec.exprots: unknown field; did you mean exports?',
        '/b.yaml:5:20: spec.protocols[0]: UDP is not honoured by this version of Weir (it honours TCP); remove it',
      ].join('\n'),
    );
  });

  it('that are on stdin are called <stdin>', async () => {
    const { message } = await failureOf(() => readManifests(['-'], Readable.from([Buffer.from('a: [')])));
    expect(message).toMatch(/^<stdin>:1:\d+: this is not YAML: /);
  });
});

describe('a file that cannot be read', () => {
  it.each([
    ['is missing', 'nope.yaml', 'cannot read /nope.yaml: there is no such file'],
    ['is a directory', '', 'cannot read : it is a directory; name the files in it'],
    ['goes through a file', 'a.yaml/b', 'cannot read /a.yaml/b: a part of its path is no directory'],
    ['has a name that a terminal would obey', '\u001b[2J', String.raw`cannot read /\x1b[2J: there is no such file`],
  ])('because it %s is told by name', async (_, name, message) => {
    file('a.yaml', CAPTURE);
    await expect(refusal(name === '' ? directory : join(directory, name))).resolves.toBe(message);
  });

  it('without an end is read only so far as to refuse it', async () => {
    await expect(refusal('/dev/zero')).resolves.toBe(
      '/dev/zero:1:1: the file is larger than 1048576 characters; split it',
    );
    const stdin = endless('x'.repeat(4 << 20));
    const { message } = await failureOf(() => readManifests(['-'], stdin));
    expect(message).toBe('<stdin>:1:1: the file is larger than 1048576 characters; split it');
    expect(stdin.destroyed).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['comments alone', '# nothing\n---\n# here\n'],
  ])('and that holds %s is refused', async (_, text) => {
    await expect(refusal(file('a.yaml', text))).resolves.toMatch(
      /^\/a\.yaml:\d+:1: the file holds no object; write an object of kind FlowCapture or FlowExport$/,
    );
  });

  it('because it is no text is refused with a place, and in few words', async () => {
    const message = await refusal(file('a.o', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0xff, 0xfe, 0x0a, 0x3a])));
    expect(message).toMatch(/^\/a\.o:\d+:\d+: /);
    expect(message.split('\n').length).toBeLessThanOrEqual(20);
  });
});

describe('an inventory', () => {
  it('is read from a file or from stdin', async () => {
    const text = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop, uid: u}\n';
    const fromFile = await readInventory(file('pods.yaml', text), NOTHING);
    const fromStdin = await readInventory('-', Readable.from([Buffer.from(text)]));
    expect([fromFile, fromStdin].map(({ pods }) => pods.map(({ name }) => name))).toEqual([['a'], ['a']]);
  });

  it('tells what is wrong with its text, else what is wrong with its pods', async () => {
    const untyped = file('a.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: 5}\n');
    const lost = file('b.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\n');
    const problems = [untyped, lost].map(async (path) => (await failureOf(() => readInventory(path, NOTHING))).message);
    const [first, second] = await Promise.all(problems);
    expect(first).toContain('/a.yaml:3:29: metadata.labels: expected an object, got 5');
    expect(second).toContain('/b.yaml:3:11: metadata: the cgroup of this pod cannot be found');
  });
});
