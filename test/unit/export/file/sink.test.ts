import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Sink } from '../../../../src/export/sink.ts';
import { IS_ROOT, lines, names, numbered, sequences, Writer } from './writer.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-file-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function openFileSink(path: string): Promise<Sink> {
  return new Writer(path).open();
}

describe('a file', () => {
  test('is made with mode 0640 and gets a line for each flow, batch after batch', async () => {
    const path = join(directory, 'flows.ndjson');
    const mask = process.umask(0);
    const sink = await openFileSink(path).finally(() => process.umask(mask));
    await sink.write(numbered(1, 2));
    await sink.write(numbered(3));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe(lines(1, 2, 3));
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  test('that is there is appended to, also after somebody cut it', async () => {
    const path = join(directory, 'flows.ndjson');
    writeFileSync(path, lines(0), { mode: 0o640 });
    const sink = await openFileSink(path);
    await sink.write(numbered(1));
    writeFileSync(path, '');
    await sink.write(numbered(2));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe(lines(2));
  });

  test('that ends in a torn line has it ended before the first record', async () => {
    const path = join(directory, 'flows.ndjson');
    writeFileSync(path, `${lines(0)}{"flow.seq`, { mode: 0o640 });
    const sink = await openFileSink(path);
    await sink.write(numbered(1));
    await sink.write(numbered(2));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe(`${lines(0)}{"flow.seq\n${lines(1, 2)}`);
  });
});

describe('a file that has another name now', () => {
  test.each<[string, (path: string) => void, string[]]>([
    ['was renamed', (path) => renameSync(path, `${path}.1`), ['flows.ndjson', 'flows.ndjson.1']],
    ['was removed', unlinkSync, ['flows.ndjson']],
  ])('because it %s, as logrotate does, is left, and a new one begun', async (_, move, there) => {
    const path = join(directory, 'flows.ndjson');
    const sink = await openFileSink(path);
    await sink.write(numbered(1));
    chmodSync(path, 0o604);
    move(path);
    await sink.write(numbered(2));
    await sink.write(numbered(3));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe(lines(2, 3));
    expect(statSync(path).mode & 0o777).toBe(0o604);
    expect(names(directory)).toEqual(there);
    expect(sequences(directory).toSorted((a, b) => a - b)).toEqual(there.length === 1 ? [2, 3] : [1, 2, 3]);
  });

  test('is not followed to where a link leads that was laid in its place', async () => {
    const [path, other] = [join(directory, 'flows.ndjson'), join(directory, 'other')];
    const sink = await openFileSink(path);
    writeFileSync(other, 'mine\n');
    unlinkSync(path);
    symlinkSync(other, path);
    await expect(sink.write(numbered(1))).rejects.toThrow('is a symbolic link, which could lead anywhere');
    unlinkSync(path);
    await sink.write(numbered(2));
    await sink.close();
    expect([readFileSync(path, 'utf8'), readFileSync(other, 'utf8')]).toEqual([lines(2), 'mine\n']);
  });
});

describe('a file that somebody else could have laid', () => {
  test.each(['0620', '0602', '0666'])('is refused where others may write to it: mode %s', async (mode) => {
    const path = join(directory, 'flows.ndjson');
    writeFileSync(path, lines(0));
    chmodSync(path, Number.parseInt(mode, 8));
    await expect(openFileSink(path)).rejects.toMatchObject({
      code: 'InvalidInput',
      message: `the file export's path ${JSON.stringify(path)} may be written by others (mode ${mode}): remove it, or chmod go-w it if its lines are yours`,
    });
    expect(readFileSync(path, 'utf8')).toBe(lines(0));
  });

  test('is taken where others may only read it: that is its owner’s choice', async () => {
    const path = join(directory, 'flows.ndjson');
    writeFileSync(path, lines(0));
    chmodSync(path, 0o644);
    const sink = await openFileSink(path);
    await sink.write(numbered(1));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe(lines(0, 1));
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  test.runIf(IS_ROOT)('is refused where it belongs to another user', async () => {
    const path = join(directory, 'flows.ndjson');
    writeFileSync(path, lines(0), { mode: 0o600 });
    chownSync(path, 65_534, 65_534);
    await expect(openFileSink(path)).rejects.toMatchObject({
      code: 'InvalidInput',
      message: `the file export's path ${JSON.stringify(path)} belongs to user 65534, and Weir runs as 0: remove it, or choose another path`,
    });
    expect(readFileSync(path, 'utf8')).toBe(lines(0));
  });
});

describe('a path that cannot be such a file is refused with what to do', () => {
  test.each<[string, (at: string) => string, string]>([
    ['a missing directory', (at) => join(at, 'no', 'flows'), 'which does not exist: create it, or choose another path'],
    ['a directory', (at) => at, 'is a directory: name a file in it, such as flows.ndjson'],
    [
      'a symbolic link',
      (at) => {
        symlinkSync('/etc/passwd', join(at, 'link'));
        return join(at, 'link');
      },
      'is a symbolic link, which could lead anywhere: name the file itself',
    ],
    [
      'a path through a file',
      (at) => {
        writeFileSync(join(at, 'file'), '');
        return join(at, 'file', 'flows');
      },
      'which is not a directory: choose another path',
    ],
    [
      'a named pipe that nobody reads',
      (at) => {
        execFileSync('mkfifo', [join(at, 'pipe')]);
        return join(at, 'pipe');
      },
      'is not a regular file',
    ],
    ['a device', () => '/dev/null', 'is not a regular file'],
  ])('%s', async (_name, make, message) => {
    const path = make(directory);
    const opened = openFileSink(path);
    await expect(opened).rejects.toMatchObject({ code: 'InvalidInput', exitStatus: 2 });
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow(`path ${JSON.stringify(path)} `);
  });
});
