/** A process that writes numbered flows to a file export, as fast as it can: `PATH FROM COUNT BATCH ROTATION [hasty]`. */
import { openFileSink } from '../../src/export/file/sink.ts';
import { monotonicMillis, systemTimers } from '../../src/lib/timers.ts';
import { selectFields } from '../../src/record/catalogue.ts';
import { flow } from '../unit/export/flows.ts';

const [path = '', from = '', count = '', size = '', rotation = '', hasty] = process.argv.slice(2);
/** In haste it is so far on in time that every renamed file has been left alone for long enough to be compressed. */
const LATER_MILLIS = hasty === undefined ? 0 : 60_000;

const sink = await openFileSink({
  path,
  fields: selectFields(['flow.sequence']),
  rotation: JSON.parse(rotation),
  timers: hasty === undefined ? systemTimers : { after: (_, action) => systemTimers.after(0, action) },
  now: () => Date.now() + LATER_MILLIS,
  monotonic: monotonicMillis,
  troubled(error) {
    throw error;
  },
});
const end = Number(from) + Number(count);
for (let next = Number(from); next < end; next += Number(size)) {
  const batch = Array.from({ length: Math.min(Number(size), end - next) }, (_, index) =>
    flow({ sequence: next + index }),
  );
  await sink.write(batch);
}
process.stdout.write('written\n');
process.stdin.once('data', () => void sink.close());
