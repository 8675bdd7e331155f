import { Refusal } from '../cluster/tell.ts';

/**
 * Does the work until it ends or this program is told to end: by Ctrl-C, SIGTERM or SIGHUP, which abort the signal that the work
 * gets. Resolves with what the work returned. A second Ctrl-C ends the program at once.
 *
 * @throws Refusal of status 130 when it was told to end and the work failed, whatever that was of
 */
export async function interruptible(work: (interrupted: AbortSignal) => Promise<number>): Promise<number> {
  const interruption = new AbortController();
  const reason = new Error('interrupted; nothing is left');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interruption.abort(reason));
  try {
    return await work(interruption.signal);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    throw new Refusal(error === reason ? reason.message : `interrupted: ${wordsOf(error)}`, 130);
  }
}

/** The words of an error; of two, those of the one that came of clearing up: it tells what is left. */
export function wordsOf(error: unknown): string {
  if (error instanceof SuppressedError) return wordsOf(error.error);
  return error instanceof Error ? error.message : String(error);
}
