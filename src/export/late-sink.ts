import { WeirError } from '../lib/errors.ts';
import type { Timers } from '../lib/timers.ts';
import type { Sink } from './sink.ts';

export interface LateSinkOptions {
  /** @throws WeirError where it cannot be opened now. */
  readonly open: () => Promise<Sink>;
  readonly timers: Timers;
  /** Pause before it is tried again; a batch that comes meanwhile is tried at once. */
  readonly retryMillis: number;
  readonly opened: () => void;
  readonly failed: (error: WeirError) => void;
}

/** A sink that is opened in the background, and again and again until that succeeds: an export may be mended any time. */
export function lateSink({ open, timers, retryMillis, opened, failed }: LateSinkOptions): Sink {
  let sink: Promise<Sink> | undefined;
  let cancel: (() => void) | undefined;
  const ready = (): Promise<Sink> => {
    cancel?.();
    sink ??= open().then(
      (made) => {
        opened();
        return made;
      },
      (error: unknown) => {
        sink = undefined;
        cancel = timers.after(retryMillis, inBackground);
        throw error instanceof WeirError ? error : new WeirError('Internal', String(error), { cause: error });
      },
    );
    return sink;
  };
  const inBackground = (): void => void ready().catch(failed);
  inBackground();
  return {
    async write(batch) {
      await (await ready()).write(batch);
    },
    async close() {
      const last = sink;
      cancel?.();
      // Whoever closes it takes what the last try brings; after a failure there is nothing to close.
      const made = await last?.catch(() => undefined);
      cancel?.();
      await made?.close();
    },
  };
}
