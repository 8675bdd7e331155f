/**
 * Loaded into a program before its own first line: at SIGUSR2 it collects its garbage and writes down what is left. Plain
 * JavaScript that needs only Node: whatever else it loaded would lie in the memory that is measured.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Where V8 keeps what it has made of the program's functions: bytecode, machine code and what belongs to them. */
const OF_CODE = /^(code|trusted)_/;
/** What finalizers let go of, the next collection takes; they run in a turn of their own. */
const COLLECTIONS = 3;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const path = `${new URL(import.meta.url).searchParams.get('folder')}/heap-of-${process.pid}`;

process.on('SIGUSR2', async () => {
  for (let nth = 0; nth < COLLECTIONS; nth += 1) {
    await setImmediate();
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => OF_CODE.test(name));
  const code = spaces.reduce((sum, { space_used_size: used }) => sum + used, 0);
  writeFileSync(`${path}.new`, JSON.stringify({ heapUsed, code, external }));
  renameSync(`${path}.new`, path);
});
