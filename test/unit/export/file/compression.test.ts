import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compress } from '../../../../src/export/file/compress.ts';
import { SETTLE_MILLIS } from '../../../../src/export/file/compressor.ts';
import { IS_ROOT, lines, names, numbered, SmallDisk, sequences, texts, until, Writer } from './writer.ts';

const ROTATED = 'flows.ndjson.2026-11-26T11-42-03.123Z';
const MEBIBYTE = 2 ** 20;
const FIXTURE = fileURLToPath(import.meta.resolve('../../../support/file-writer.fixture.ts'));

let directory = '';
let path = '';
let writer: Writer;
let children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-gzip-'));
  path = join(directory, 'flows.ndjson');
  writer = new Writer(path);
  // What is made now has been left alone for long enough.
  writer.epoch = Date.now() + SETTLE_MILLIS;
});
afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  children = [];
  rmSync(directory, { recursive: true });
});

function fork(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [FIXTURE, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

/** Text that does not compress well, so that compressing it takes a while. */
function hardText(bytes: number): string {
  return randomBytes((bytes / 4) * 3)
    .toString('base64')
    .replaceAll(/(.{1000})/g, '$1\n');
}

describe('a renamed file', () => {
  test('is compressed in the background, keeps its mode, and the current one stays as it is', async () => {
    const sink = await writer.open({ maxBytes: 1, compress: true });
    await sink.write(numbered(1));
    chmodSync(path, 0o604);
    await sink.write(numbered(2));
    await sink.write(numbered(3));
    await writer.timers.pass(SETTLE_MILLIS);
    await until(() => expect(names(directory).filter((name) => name.endsWith('.gz'))).toHaveLength(2));
    await sink.close();
    expect(names(directory)).toHaveLength(3);
    expect(texts(directory)).toEqual([lines(1), lines(2), lines(3)]);
    expect(names(directory).map((name) => statSync(join(directory, name)).mode & 0o777)).toEqual([0o604, 0o604, 0o604]);
    expect(writer.troubles).toEqual([]);
  });

  test('is left alone as long as somebody who had it open may still write to it', async () => {
    writer.epoch = Date.now();
    const sink = await writer.open({ maxBytes: 1, compress: true });
    await sink.write(numbered(1));
    await sink.write(numbered(2));
    const [, rotated = ''] = names(directory);
    writer.epoch = statSync(join(directory, rotated)).ctimeMs - SETTLE_MILLIS + 1;
    const before = writer.timers.armed;
    await writer.timers.pass(SETTLE_MILLIS);
    await until(() => expect(writer.timers.armed).toBe(before));
    // Now a millisecond after it was made, says the clock.
    expect(names(directory)).toEqual(['flows.ndjson', rotated]);
    writer.epoch += SETTLE_MILLIS;
    await writer.timers.pass(SETTLE_MILLIS);
    await until(() => expect(names(directory)).toEqual(['flows.ndjson', `${rotated}.gz`]));
    await sink.close();
  });

  test('of a run before is compressed by the next; half of one is removed, and what is whole already replaced by nothing', async () => {
    writeFileSync(join(directory, ROTATED), lines(1), { mode: 0o640 });
    writeFileSync(join(directory, `.${ROTATED}.gz.0123abcd.tmp`), 'half', { mode: 0o640 });
    const whole = 'flows.ndjson.2026-11-26T11-42-03.124Z';
    writeFileSync(join(directory, whole), lines(2), { mode: 0o640 });
    writeFileSync(join(directory, `${whole}.gz`), 'whole', { mode: 0o640 });
    const sink = await writer.open({ maxBytes: 1, compress: true });
    expect(names(directory)).not.toContain(`.${ROTATED}.gz.0123abcd.tmp`);
    await writer.timers.pass(SETTLE_MILLIS);
    await until(() => expect(names(directory)).toEqual(['flows.ndjson', `${ROTATED}.gz`, `${whole}.gz`]));
    await sink.close();
    expect(String(gunzipSync(readFileSync(join(directory, `${ROTATED}.gz`))))).toBe(lines(1));
    expect(readFileSync(join(directory, `${whole}.gz`), 'utf8')).toBe('whole');
    expect(writer.troubles).toEqual([]);
  });

  test('waits where renaming is faster than compressing: maxFiles bounds those that wait too, and no write does', async () => {
    const sink = await writer.open({ maxBytes: 1, maxFiles: 3, compress: true });
    for (let number = 0; number < 11; number += 1) await sink.write(numbered(number));
    expect(sequences(directory)).toEqual([7, 8, 9, 10]);
    await writer.timers.pass(SETTLE_MILLIS);
    await until(() => expect(names(directory).filter((name) => name.endsWith('.gz'))).toHaveLength(3));
    await sink.write(numbered(11));
    await sink.close();
    expect(sequences(directory)).toEqual([8, 9, 10, 11]);
    expect(writer.troubles).toEqual([]);
  });

  test('that somebody else has laid is no business of ours', async () => {
    symlinkSync('/etc/passwd', join(directory, ROTATED));
    const sink = await writer.open({ maxBytes: 1, compress: true });
    await sink.write(numbered(1));
    await sink.write(numbered(2));
    const [, , rotated] = names(directory);
    await writer.timers.pass(SETTLE_MILLIS);
    await until(() => expect(names(directory)).toEqual(['flows.ndjson', ROTATED, `${rotated}.gz`]));
    await sink.close();
    expect(readlinkSync(join(directory, ROTATED))).toBe('/etc/passwd');
    expect(writer.troubles).toEqual([]);
  });

  test('that is being compressed at the end is left as it was, with nothing beside it', async () => {
    const text = hardText(32 * MEBIBYTE);
    writeFileSync(join(directory, ROTATED), text, { mode: 0o640 });
    const sink = await writer.open({ maxBytes: 1, compress: true });
    await writer.timers.pass(SETTLE_MILLIS);
    await until(() => expect(names(directory)).toHaveLength(3));
    await sink.close();
    expect(names(directory)).toEqual(['flows.ndjson', ROTATED]);
    expect(readFileSync(join(directory, ROTATED), 'utf8') === text).toBe(true);
  });

  test('does not hold up writes, however long it takes', async () => {
    writeFileSync(join(directory, ROTATED), hardText(32 * MEBIBYTE), { mode: 0o640 });
    const sink = await writer.open({ maxBytes: MEBIBYTE, compress: true });
    await writer.timers.pass(SETTLE_MILLIS);
    await until(() => expect(names(directory)).toHaveLength(3));
    for (let number = 0; number < 13; number += 1) await sink.write(numbered(number));
    expect(names(directory)).toContain(ROTATED);
    await sink.close();
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(14);
  });
});

/** `compress` with the files of this test. */
function files(isOver: () => boolean = () => false) {
  const from = join(directory, ROTATED);
  return { from, temporary: join(directory, '.temporary'), to: `${from}.gz`, isOver };
}

describe('compressing one file', () => {
  test('starts over when somebody has written to it meanwhile', async () => {
    writeFileSync(join(directory, ROTATED), lines(1), { mode: 0o640 });
    let asked = 0;
    const appendLate = () => {
      asked += 1;
      // After the end was read, before the file is replaced.
      if (asked === 2) setImmediate(() => appendFileSync(join(directory, ROTATED), lines(2)));
      return false;
    };
    const first = await compress(files(appendLate));
    expect(first ? 'lost' : names(directory)).toEqual([ROTATED]);
    expect(await compress(files())).toBe(true);
    expect(texts(directory)).toEqual([lines(1, 2)]);
  });

  test('replaces nothing that is there', async () => {
    writeFileSync(join(directory, ROTATED), lines(1), { mode: 0o640 });
    writeFileSync(join(directory, `${ROTATED}.gz`), 'there');
    expect(await compress(files())).toBe(false);
    expect(names(directory)).toEqual([ROTATED, `${ROTATED}.gz`]);
    expect(readFileSync(join(directory, `${ROTATED}.gz`), 'utf8')).toBe('there');
  });

  test('that has gone leaves nothing, before or meanwhile', async () => {
    expect(await compress(files())).toBe(false);
    writeFileSync(join(directory, ROTATED), lines(1), { mode: 0o640 });
    const removeMeanwhile = () => {
      rmSync(join(directory, ROTATED), { force: true });
      return false;
    };
    expect(await compress(files(removeMeanwhile))).toBe(false);
    expect(names(directory)).toEqual([]);
  });

  test('leaves it as it is when another agent has removed what it was writing', async () => {
    writeFileSync(join(directory, ROTATED), lines(1), { mode: 0o640 });
    const removeMeanwhile = () => {
      rmSync(join(directory, '.temporary'), { force: true });
      return false;
    };
    expect(await compress(files(removeMeanwhile))).toBe(false);
    expect(texts(directory)).toEqual([lines(1)]);
  });
});

test.runIf(IS_ROOT)(
  'a disk that is too full for it: the file stays, it is told, and done when there is room',
  async () => {
    using disk = new SmallDisk(directory, 2 * MEBIBYTE);
    const full = new Writer(join(disk.path, 'flows.ndjson'));
    full.epoch = Date.now() + SETTLE_MILLIS;
    const text = hardText(MEBIBYTE);
    writeFileSync(join(disk.path, ROTATED), text, { mode: 0o640 });
    const ballast = join(disk.path, 'ballast');
    writeFileSync(ballast, '');
    appendFileSync(ballast, Buffer.alloc(MEBIBYTE / 2));
    const sink = await full.open({ maxBytes: MEBIBYTE, compress: true });
    await full.timers.pass(SETTLE_MILLIS);
    await until(() => expect(full.troubles).toHaveLength(1));
    expect(full.troubles[0]).toMatch(/^cannot compress renamed files, which stay as they are, of ".*": ENOSPC/);
    expect(names(disk.path)).toEqual(['ballast', 'flows.ndjson', ROTATED]);
    unlinkSync(ballast);
    await full.timers.pass(60_000);
    await until(() => expect(names(disk.path)).toEqual(['flows.ndjson', `${ROTATED}.gz`]));
    await sink.close();
    expect(texts(disk.path)[0] === text).toBe(true);
    expect(full.troubles).toHaveLength(1);
  },
);

function rotation(maxBytes: number): string {
  return JSON.stringify({ maxBytes, compress: true });
}

describe('processes', () => {
  test('one that is killed while it compresses leaves no half file, and the next start does it', async () => {
    const text = hardText(64 * MEBIBYTE);
    writeFileSync(join(directory, ROTATED), text, { mode: 0o640 });
    const child = fork(path, '0', '1', '1', rotation(MEBIBYTE), 'hasty');
    const temporary = () => names(directory).filter((name) => name.endsWith('.tmp'));
    await until(() => expect(temporary().map((name) => statSync(join(directory, name)).size > 0)).toEqual([true]));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(names(directory)).toEqual([...temporary(), 'flows.ndjson', ROTATED]);
    expect(temporary()).toHaveLength(1);
    const sink = await writer.open({ maxBytes: MEBIBYTE, compress: true });
    expect(temporary()).toEqual([]);
    await writer.timers.pass(SETTLE_MILLIS);
    await until(() => expect(names(directory)).toEqual(['flows.ndjson', `${ROTATED}.gz`]));
    await sink.close();
    expect(texts(directory)[0] === text).toBe(true);
  });

  test('two that write, rename and compress at once lose nothing and write nothing twice', async () => {
    const [each, batch] = [10_007, 13];
    const both = [
      fork(path, '0', String(each), String(batch), rotation(20_000)),
      fork(path, String(each), String(each), String(batch), rotation(30_000)),
    ];
    await Promise.all(both.map((child) => once(child.stdout ?? child, 'data')));
    const plain = () => names(directory).filter((name) => name.endsWith('Z'));
    expect(plain().length).toBeGreaterThan(10);
    await until(() => expect(plain()).toEqual([]));
    for (const child of both) child.stdin?.end('\n');
    expect(await Promise.all(both.map((child) => once(child, 'exit')))).toEqual([
      [0, null],
      [0, null],
    ]);
    const found = sequences(directory).toSorted((a, b) => a - b);
    expect(found).toEqual(Array.from({ length: 2 * each }, (_, index) => index));
    expect(names(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  }, 40_000);
});
