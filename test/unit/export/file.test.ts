import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AppendFile, fileSink, openFileSink } from '../../../src/export/file.ts';
import { selectFields } from '../../../src/record/catalogue.ts';
import type { Flow } from '../../../src/record/flow.ts';
import { flow } from './flows.ts';

const fields = selectFields(['flow.sequence', 'process.executable.name']);
const isRoot = process.getuid?.() === 0;

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-file-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function numbered(...sequences: number[]): Flow[] {
  return sequences.map((sequence) => flow({ sequence, process: undefined }));
}

function lines(...sequences: number[]): string {
  return sequences.map((sequence) => `{"flow.sequence":${sequence}}\n`).join('');
}

describe('a file', () => {
  test('is made with mode 0640 and gets a line for each flow, batch after batch', async () => {
    const path = join(directory, 'flows.ndjson');
    const mask = process.umask(0);
    const sink = await openFileSink(path, fields).finally(() => process.umask(mask));
    await sink.write(numbered(1, 2));
    await sink.write(numbered(3));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe(lines(1, 2, 3));
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  test('that is there is appended to, also after somebody cut it', async () => {
    const path = join(directory, 'flows.ndjson');
    writeFileSync(path, lines(0), { mode: 0o640 });
    const sink = await openFileSink(path, fields);
    await sink.write(numbered(1));
    writeFileSync(path, '');
    await sink.write(numbered(2));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe(lines(2));
  });

  test('that ends in a torn line has it ended before the first record', async () => {
    const path = join(directory, 'flows.ndjson');
    writeFileSync(path, `${lines(0)}{"flow.seq`, { mode: 0o640 });
    const sink = await openFileSink(path, fields);
    await sink.write(numbered(1));
    await sink.write(numbered(2));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe(`${lines(0)}{"flow.seq\n${lines(1, 2)}`);
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
    const sink = await openFileSink(path, fields);
    await sink.write(numbered(1));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe(lines(0, 1));
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  test.runIf(isRoot)('is refused where it belongs to another user', async () => {
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

function batchOf(count: number): Flow[] {
  return Array.from({ length: count }, () => flow({ process: { pid: 1, executableName: 'x'.repeat(200) } }));
}

describe.skipIf(!isRoot)(`a full disk${isRoot ? '' : ' (skipped: only root can mount one)'}`, () => {
  const diskBytes = 64 * 1024;
  let disk = '';
  let diskHandle = 0;

  // Unmounted at once, the disk lives only as long as this process holds it: a killed test leaves no mount.
  beforeEach(() => {
    const mountPoint = join(directory, 'disk');
    mkdirSync(mountPoint);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'weir-test', mountPoint]);
    diskHandle = openSync(mountPoint, 'r');
    execFileSync('umount', ['--lazy', mountPoint]);
    disk = `/proc/self/fd/${diskHandle}`;
  });
  afterEach(() => {
    closeSync(diskHandle);
  });

  test('fails the batch, leaves no torn line and nothing of the batch, and takes the next when there is room', async () => {
    const path = join(disk, 'flows.ndjson');
    const sink = await openFileSink(path, fields);
    await sink.write(batchOf(100));
    const before = readFileSync(path, 'utf8');
    const failed = sink.write(batchOf(400));
    await expect(failed).rejects.toMatchObject({ code: 'SinkFailed', retryable: true });
    await expect(failed).rejects.toThrow('no space left on device');
    expect(readFileSync(path, 'utf8')).toBe(before);
    await sink.write(numbered(7));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe(before + lines(7));
  });
});

/** A file of which a write stops after 25 bytes while `failing`. */
class HalfFile implements AppendFile {
  text = '';
  failing = true;
  truncatable = true;
  closed = false;
  /** Runs after a write has failed, as another process could. */
  meanwhile: () => void = () => undefined;

  async stat() {
    return { size: this.text.length };
  }
  async write(bytes: Buffer, offset: number) {
    if (this.failing && offset > 0) {
      this.meanwhile();
      throw new Error('input/output error');
    }
    const end = this.failing ? 25 : bytes.length;
    this.text += bytes.subarray(offset, end).toString();
    return { bytesWritten: end - offset };
  }
  async truncate(size: number) {
    if (!this.truncatable) throw new Error('input/output error');
    this.text = this.text.slice(0, size);
  }
  async datasync() {
    if (this.failing) throw new Error('input/output error');
  }
  async close() {
    this.closed = true;
  }
}

async function failThenWrite(file: HalfFile): Promise<string> {
  const sink = fileSink('flows', file, fields, false);
  await expect(sink.write(numbered(1, 2))).rejects.toThrow('cannot write to "flows": input/output error');
  file.failing = false;
  await sink.write(numbered(1, 2));
  await sink.close();
  return file.text;
}

describe('a write that stops half-way', () => {
  test('is taken back, so that the retry leaves no record twice', async () => {
    expect(await failThenWrite(new HalfFile())).toBe(lines(1, 2));
  });

  test('is ended by a newline when it cannot be taken back', async () => {
    const file = new HalfFile();
    file.truncatable = false;
    expect(await failThenWrite(file)).toBe(`{"flow.sequence":1}\n{"flo\n${lines(1, 2)}`);
  });

  test('stays when somebody else has written since, whose record must not go', async () => {
    const file = new HalfFile();
    file.meanwhile = () => {
      file.text += 'other\n';
    };
    expect(await failThenWrite(file)).toBe(`{"flow.sequence":1}\n{"floother\n\n${lines(1, 2)}`);
  });
});

test('what cannot be flushed at the end is an error, and the file is closed', async () => {
  const file = new HalfFile();
  await expect(fileSink('flows', file, fields, false).close()).rejects.toThrow(
    'cannot flush "flows": input/output error',
  );
  expect(file.closed).toBe(true);
});
