import { expect, it } from 'vitest';
import { say, sayLines } from '../../../src/cli/say.ts';
import { fakeContext } from './objects.ts';

it('a remark is one line, whatever is in it', () => {
  const context = fakeContext();
  say(context, 'pod \u001b[2J\ngone');
  expect(context.told()).toBe('weir: pod \\x1b[2J\\x0agone\n');
});

it('of several lines only the line ends are obeyed', () => {
  const context = fakeContext();
  sayLines(context, 'cannot open "/tmp/\u202etxt"\nthe kernel said \u001b[31mno\r');
  expect(context.told()).toBe('cannot open "/tmp/\\u202etxt"\nthe kernel said \\x1b[31mno\\x0d\n');
});
