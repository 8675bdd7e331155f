import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseProcCgroup } from '../../../../src/agent/identify/container.ts';
import { ProcessCgroups, startTicks } from '../../../../src/agent/identify/process-cgroup.ts';

const AFTER_NAME = 'S 1 100 100 0 -1 4194560 1000 0 0 0 5 6 0 0 20 0 11 0 123456 1234567890 9000';

describe('the start of a process, from /proc/PID/stat', () => {
  it.each([
    ['a plain name', 'node'],
    ['a name with a blank', 'tmux: server'],
    ['a name with parentheses', '(sd-pam)'],
    ['a name that ends as if the fields began', 'x) S 1 2 3'],
    ['a name with a newline', 'a\nb'],
    ['an empty name', ''],
  ])('is field 22, after %s', (_, name) => {
    expect(startTicks(`4242 (${name}) ${AFTER_NAME}`)).toBe(123_456);
  });

  it('is no number when the text is no such line', () => {
    expect(startTicks('')).toBeNaN();
  });
});

describe('the container of a process', () => {
  const ticks = startTicks(readFileSync('/proc/self/stat', 'utf8'));

  it('is what /proc says, for the process that started then, to the tick', () => {
    const expected = parseProcCgroup(readFileSync('/proc/self/cgroup', 'utf8'));
    const processes = new ProcessCgroups();
    for (const within of [0, 1, 9_999]) {
      expect(processes.of({ pid: process.pid, processStartMicros: ticks * 10_000 + within })).toEqual(expected);
    }
  });

  it.each([
    ['the tick before', -1],
    ['the tick after', 10_000],
  ])("is not told of a process that started in %s: the pid is another one's", (_, offset) => {
    const key = { pid: process.pid, processStartMicros: ticks * 10_000 + offset };
    expect(new ProcessCgroups().of(key)).toBeUndefined();
  });

  it('is not told of a process that has ended', async () => {
    const child = spawn('true');
    const pid = child.pid ?? 0;
    await once(child, 'exit');
    expect(new ProcessCgroups().of({ pid, processStartMicros: ticks * 10_000 })).toBeUndefined();
  });

  it('is kept after the end of the process', async () => {
    const child = spawn('cat');
    const pid = child.pid ?? 0;
    const processStartMicros = startTicks(readFileSync(`/proc/${pid}/stat`, 'utf8')) * 10_000;
    const processes = new ProcessCgroups();
    const before = processes.of({ pid, processStartMicros });
    child.stdin.end();
    await once(child, 'exit');
    expect(before).toBeDefined();
    expect(processes.of({ pid, processStartMicros })).toBe(before);
  });
});
