import type { ChildProcess } from 'node:child_process';

/** Sends a message to a forked process and resolves with its next answer; rejects when the process ends instead. */
export function ask<Answer>(child: ChildProcess, message: string | number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('a process of the bench ended by itself'));
    child.once('exit', ended);
    child.once('message', (answer: Answer) => {
      child.off('exit', ended);
      resolve(answer);
    });
    child.send(message);
  });
}
