import { PassThrough } from 'node:stream';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import type { Context } from '../../../src/cli/context.ts';
import { weirProgram } from '../../../src/cli/program.ts';
import { document, endless, failureOf, fakeContext } from './objects.ts';

/** Runs it as `weir ARGUMENTS`; the exit status that the command ended with. */
async function run(context: Context, ...arguments_: string[]): Promise<number | undefined> {
  let status: number | undefined;
  const program = weirProgram('1.2.3', context, (ended) => {
    status = ended;
  });
  await program.parseAsync(['node', 'weir', ...arguments_]);
  return status;
}

describe('weir capture, before anything is loaded', () => {
  it('ends with 130 when it is interrupted while it waits for stdin, and waits no longer', async () => {
    const stdin = endless('apiVersion: ');
    const context = { ...fakeContext(), stdin, interrupted: Promise.resolve() };
    await expect(run(context, 'capture', '-f', '-')).resolves.toBe(130);
    expect(stdin.destroyed).toBe(true);
  });

  it.each([
    ['-f', '-', '-'],
    ['-f', '-', '--inventory', '-'],
  ])('refuses to read stdin twice: %s %s %s', async (...flags) => {
    const refused = await failureOf(() => run(fakeContext(), 'capture', ...flags.filter(Boolean)));
    expect(refused).toMatchObject({
      code: 'InvalidInput',
      message: 'stdin is named twice, and can be read only once: put one of the two in a file',
    });
  });

  it('has nothing to do when every capture is suspended, and says which', async () => {
    const context = fakeContext({ stdin: document('FlowCapture', 'shop/all', '{suspend: true}') });
    const refused = await failureOf(() => run(context, 'capture', '-f', '-'));
    expect(refused).toMatchObject({
      code: 'InvalidInput',
      message: 'there is nothing to capture: the files hold no FlowCapture that is not suspended',
    });
    expect(context.told()).toBe('weir: FlowCapture shop/all is suspended: left out\n');
  });
});

describe('the streams of a command', () => {
  it('may lose their readers: that alone ends nothing', async () => {
    const context = { ...fakeContext(), stdout: new PassThrough(), stderr: new PassThrough() };
    await expect(run(context, '--version')).rejects.toBeInstanceOf(CommanderError);
    expect(() => context.stdout.emit('error', new Error('EPIPE'))).not.toThrow();
    expect(() => context.stderr.emit('error', new Error('EPIPE'))).not.toThrow();
  });
});
