import { describe, expect, test } from 'vitest';
import { Appender, type AppendFile } from '../../../../src/export/file/append.ts';
import { lines } from './writer.ts';

/** A file of which a write stops after 25 bytes while `failing`. */
class HalfFile implements AppendFile {
  text = '';
  failing = true;
  truncatable = true;
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
}

async function put(appender: Appender, text: string): Promise<void> {
  await appender.append(Buffer.from(text), await appender.mend());
}

async function failThenWrite(file: HalfFile): Promise<string> {
  const appender = new Appender(file, false);
  await expect(put(appender, lines(1, 2))).rejects.toThrow('input/output error');
  file.failing = false;
  await put(appender, lines(1, 2));
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
