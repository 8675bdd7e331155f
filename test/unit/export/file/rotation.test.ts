import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RotatedFiles } from '../../../../src/export/file/rotated.ts';
import { IS_ROOT, lines, names, numbered, sequences, T0, texts, until, Writer } from './writer.ts';

let directory = '';
let path = '';
let writer: Writer;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-rotation-'));
  path = join(directory, 'flows.ndjson');
  writer = new Writer(path);
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** A line of `numbered` with one digit. */
const LINE_BYTES = lines(1).length;

describe('by size', () => {
  test('a file is renamed before a batch would make it larger, never within a batch', async () => {
    const sink = await writer.open({ maxBytes: 3 * LINE_BYTES });
    await sink.write(numbered(1, 2));
    await sink.write(numbered(3));
    await sink.write(numbered(4, 5));
    await sink.write(numbered(6, 7));
    await sink.close();
    expect(texts(directory)).toEqual([lines(1, 2, 3), lines(4, 5), lines(6, 7)]);
    expect(names(directory)).toEqual([
      'flows.ndjson',
      'flows.ndjson.2026-11-26T11-42-03.123Z',
      'flows.ndjson.2026-11-26T11-42-03.124Z',
    ]);
    expect(writer.troubles).toEqual([]);
  });

  test('a batch that alone is larger has a file of its own', async () => {
    const sink = await writer.open({ maxBytes: LINE_BYTES });
    await sink.write(numbered(1, 2));
    await sink.write(numbered(3));
    await sink.close();
    expect(texts(directory)).toEqual([lines(1, 2), lines(3)]);
  });

  test('a restart goes on with the file that is there', async () => {
    const first = await writer.open({ maxBytes: 3 * LINE_BYTES });
    await first.write(numbered(1, 2));
    await first.close();
    const second = await writer.open({ maxBytes: 3 * LINE_BYTES });
    await second.write(numbered(3));
    await second.write(numbered(4));
    await second.close();
    expect(texts(directory)).toEqual([lines(1, 2, 3), lines(4)]);
  });

  test('a torn line that was there is ended before the file is renamed', async () => {
    writeFileSync(path, `${lines(1)}{"flow`, { mode: 0o640 });
    const sink = await writer.open({ maxBytes: LINE_BYTES });
    await sink.write(numbered(2));
    await sink.close();
    expect(texts(directory)).toEqual([`${lines(1)}{"flow\n`, lines(2)]);
  });

  test('names stay in the order of renaming when the clock steps back, also after a restart', async () => {
    for (const [index, epoch] of [2_000_000_000_000, 1_000_000_000_000, 1_500_000_000_000].entries()) {
      writer.epoch = epoch;
      const sink = await writer.open({ maxBytes: 1 });
      await sink.write(numbered(index));
      await sink.close();
    }
    expect(sequences(directory)).toEqual([0, 1, 2]);
    expect(names(directory)).toEqual([
      'flows.ndjson',
      'flows.ndjson.2001-09-09T01-46-40.000Z',
      'flows.ndjson.2017-07-14T02-40-00.000Z',
    ]);
    writer.epoch = 1_200_000_000_000;
    const sink = await writer.open({ maxBytes: 1 });
    await sink.write(numbered(3));
    await sink.close();
    expect(names(directory).at(-1)).toBe('flows.ndjson.2017-07-14T02-40-00.001Z');
    expect(sequences(directory)).toEqual([0, 1, 2, 3]);
  });

  test('the mode that its owner gave the file is the next one’s', async () => {
    const sink = await writer.open({ maxBytes: 1 });
    await sink.write(numbered(1));
    chmodSync(path, 0o644);
    await sink.write(numbered(2));
    await sink.close();
    expect(names(directory).map((name) => statSync(join(directory, name)).mode & 0o777)).toEqual([0o644, 0o644]);
  });

  test('a name that leaves no room for a time is refused', async () => {
    const long = new Writer(join(directory, 'f'.repeat(214)));
    await expect(long.open({ maxBytes: 1 })).rejects.toThrow(
      'leaves no room to add a time to its name: make the name 1 bytes shorter',
    );
    const sink = await new Writer(join(directory, 'f'.repeat(213))).open({ maxBytes: 1 });
    await sink.close();
  });
});

test('a name that was taken for renaming is given back when somebody else has just renamed the file', async () => {
  await new RotatedFiles(path).add(T0);
  expect(names(directory)).toEqual([]);
});

describe('by age', () => {
  test('a file is renamed so long after its first record, also when nothing more comes', async () => {
    const sink = await writer.open({ maxAgeMillis: 60_000 });
    await writer.timers.pass(600_000);
    await sink.write(numbered(1));
    await writer.timers.pass(30_000);
    await sink.write(numbered(2));
    await writer.timers.pass(29_999);
    await sink.write(numbered(3));
    expect(names(directory)).toEqual(['flows.ndjson']);
    await writer.timers.pass(1);
    await until(() => expect(texts(directory)).toEqual([lines(1, 2, 3), '']));
    // One that is empty has no age.
    await writer.timers.pass(600_000);
    await sink.write(numbered(4));
    await sink.close();
    expect(texts(directory)).toEqual([lines(1, 2, 3), lines(4)]);
    expect([writer.timers.armed, writer.troubles]).toEqual([0, []]);
  });

  test('a file that was there is as old as its making, and renamed when it was long ago', async () => {
    writeFileSync(path, lines(1), { mode: 0o640 });
    writer.epoch = statSync(path).birthtimeMs + 59_000;
    const sink = await writer.open({ maxAgeMillis: 60_000 });
    await sink.write(numbered(2));
    await writer.timers.pass(1000);
    await until(() => expect(texts(directory)).toEqual([lines(1, 2), '']));
    await sink.close();
  });

  test('more days than a timer knows are no time at all', async () => {
    const DAY = 86_400_000;
    const sink = await writer.open({ maxAgeMillis: 30 * DAY });
    await sink.write(numbered(1));
    for (let day = 0; day < 29; day += 1) {
      await writer.timers.pass(DAY);
      await until(() => expect(writer.timers.armed).toBe(1));
    }
    expect(names(directory)).toEqual(['flows.ndjson']);
    await writer.timers.pass(DAY);
    await until(() => expect(texts(directory)).toEqual([lines(1), '']));
    await sink.close();
  });

  test('one that cannot be renamed is told, and renamed when it can be', async () => {
    const sink = await writer.open({ maxAgeMillis: 1000 });
    await sink.write(numbered(1));
    const elsewhere = `${directory}-moved`;
    renameSync(directory, elsewhere);
    try {
      await writer.timers.pass(1000);
      await until(() => expect(writer.troubles).toHaveLength(1));
      expect(writer.troubles[0]).toContain('which does not exist: create it');
    } finally {
      renameSync(elsewhere, directory);
    }
    await writer.timers.pass(60_000);
    await until(() => expect(texts(directory)).toEqual([lines(1), '']));
    await sink.close();
  });
});

describe('maxFiles', () => {
  test('keeps so many renamed files, the newest, beside the current one', async () => {
    const sink = await writer.open({ maxBytes: 1, maxFiles: 2 });
    for (const sequence of [1, 2, 3, 4, 5, 6, 7]) await sink.write(numbered(sequence));
    expect(texts(directory)).toEqual([lines(5), lines(6), lines(7)]);
    await sink.close();
    const fewer = await writer.open({ maxBytes: 1, maxFiles: 1 });
    expect(texts(directory)).toEqual([lines(6), lines(7)]);
    await fewer.close();
    expect(writer.troubles).toEqual([]);
  });

  test('touches nothing else, and counts nothing that somebody else has laid', async () => {
    const foreign = ['flows.ndjson.1', 'flows.ndjson.gz', 'flows.ndjson.2020-01-01', 'a.2020-01-01T00-00-00.000Z'];
    for (const name of foreign) writeFileSync(join(directory, name), name);
    const laid = 'flows.ndjson.2020-01-01T00-00-00.000Z';
    symlinkSync('/etc/passwd', join(directory, laid));
    mkdirSync(join(directory, 'flows.ndjson.2020-01-01T00-00-00.001Z'));
    writeFileSync(join(directory, 'flows.ndjson.2020-01-01T00-00-00.002Z'), '');
    chmodSync(join(directory, 'flows.ndjson.2020-01-01T00-00-00.002Z'), 0o666);
    const left = names(directory);
    if (IS_ROOT) {
      const theirs = 'flows.ndjson.2030-01-01T00-00-00.003Z';
      writeFileSync(join(directory, theirs), 'theirs');
      chownSync(join(directory, theirs), 65_534, 65_534);
      left.push(theirs);
    }
    const sink = await writer.open({ maxBytes: 1, maxFiles: 1, compress: true });
    for (const sequence of [1, 2, 3]) await sink.write(numbered(sequence));
    await sink.close();
    const ours = ['flows.ndjson', 'flows.ndjson.2026-11-26T11-42-03.124Z'];
    expect(names(directory)).toEqual([...left, ...ours].toSorted());
    expect(ours.map((name) => readFileSync(join(directory, name), 'utf8'))).toEqual([lines(3), lines(2)]);
    expect(writer.troubles).toEqual([]);
  });
});

type Step =
  | { readonly write: number; readonly by: 0 | 1 }
  | { readonly pass: number }
  | { readonly clock: number }
  | { readonly restart: 0 | 1 }
  | { readonly moveAway: true };

const agent = fc.constantFrom(0 as const, 1 as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ write: fc.integer({ min: 1, max: 9 }), by: agent }) },
  { weight: 2, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 30_000 }) }) },
  { weight: 1, arbitrary: fc.record({ clock: fc.integer({ min: -86_400_000, max: 86_400_000 }) }) },
  { weight: 1, arbitrary: fc.record({ restart: agent }) },
  { weight: 1, arbitrary: fc.constant({ moveAway: true as const }) },
);

test('whatever two agents, their clocks and logrotate do, every record is there once, in files of whole lines', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const place = mkdtempSync(join(directory, 'run-'));
      const writers = [0, 1].map(() => new Writer(join(place, 'flows.ndjson')));
      const rotations = [{ maxBytes: 7 * LINE_BYTES, maxAgeMillis: 20_000 }, { maxBytes: 11 * LINE_BYTES }];
      const open = (index: number) => writers[index]?.open(rotations[index]);
      const sinks = [await open(0), await open(1)];
      let [next, moved] = [0, 0];
      for (const one of steps) {
        if ('write' in one) {
          await sinks[one.by]?.write(numbered(...Array.from({ length: one.write }, (_, index) => next + index)));
          next += one.write;
        } else if ('pass' in one) for (const { timers } of writers) await timers.pass(one.pass);
        else if ('clock' in one) for (const each of writers) each.epoch += one.clock;
        else if ('restart' in one) {
          await sinks[one.restart]?.close();
          sinks[one.restart] = await open(one.restart);
        } else if (existsSync(join(place, 'flows.ndjson'))) {
          renameSync(join(place, 'flows.ndjson'), join(place, `flows.ndjson.${(moved += 1)}`));
        }
      }
      for (const sink of sinks) await sink?.close();
      expect(sequences(place).toSorted((a, b) => a - b)).toEqual(Array.from({ length: next }, (_, index) => index));
      expect(writers.flatMap(({ troubles }) => troubles)).toEqual([]);
    }),
    { numRuns: 60 },
  );
}, 60_000);

describe('two agents that write to one path, as in a rolling update', () => {
  test('lose and overwrite nothing, whoever renames', async () => {
    const other = new Writer(path);
    const [one, two] = await Promise.all([
      writer.open({ maxBytes: 5 * LINE_BYTES }),
      other.open({ maxBytes: 3 * LINE_BYTES }),
    ]);
    const numbers = Array.from({ length: 101 }, (_, index) => index);
    for (const number of numbers) await (number % 3 === 0 ? two : one).write(numbered(number));
    await Promise.all([one.close(), two.close()]);
    expect(sequences(directory).toSorted((a, b) => a - b)).toEqual(numbers);
    expect([...writer.troubles, ...other.troubles]).toEqual([]);
  });
});
