import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Machine } from './machine.ts';

const PROGRAM = fileURLToPath(new URL('forward.fixture.ts', import.meta.url));

/**
 * Makes a port of a machine's loopback that of this machine's loopback, too: clients outside use the same address as those
 * inside. A process on the machine does it, and ends with this one.
 */
export async function forwardPort(machine: Machine, port: number, log: string): Promise<void> {
  const [command = '', ...args] = machine.command([process.execPath, PROGRAM, `${port}`]);
  const output = openSync(log, 'a');
  const child = spawn(command, args, { stdio: ['ignore', output, output, 'ipc'] });
  closeSync(output);
  child.unref();
  // A socket stays in the namespace that it was made in, whoever uses it.
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  child.send('listen', server);
  const [said]: unknown[] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  server.close();
  if (said !== 'listens') throw new Error(`port ${port} is not passed on, see ${log}`);
  child.channel?.unref();
}
