/** Records of which it is not known yet whose they are: they wait for their pod, or their cgroup, for so long and no longer. */
import type { Timers } from '../../lib/timers.ts';
import type { TcpEvent } from '../decode/tcp.ts';

export interface AwaitedOptions {
  readonly maxRecords: number;
  readonly maxMillis: number;
  readonly timers: Timers;
  /** What it waited for is known now, or nobody waits any longer. */
  readonly release: (event: TcpEvent) => void;
}

export class Awaited {
  readonly #options: AwaitedOptions;
  readonly #byPod = new Map<string, { readonly events: TcpEvent[]; readonly cancel: () => void }>();
  #size = 0;

  constructor(options: AwaitedOptions) {
    this.#options = options;
  }

  /** Takes a record of a pod; false where there is no room for it. */
  hold(podUid: string, event: TcpEvent): boolean {
    if (this.#size >= this.#options.maxRecords) return false;
    this.#size++;
    const known = this.#byPod.get(podUid);
    if (known !== undefined) known.events.push(event);
    else {
      const cancel = this.#options.timers.after(this.#options.maxMillis, () => this.release(podUid));
      this.#byPod.set(podUid, { events: [event], cancel });
    }
    return true;
  }

  /** Pods that are waited for. */
  get pods(): Iterable<string> {
    return this.#byPod.keys();
  }

  /** Lets the records of this pod go on, in their order. */
  release(podUid: string): void {
    const held = this.#byPod.get(podUid);
    if (held === undefined) return;
    held.cancel();
    this.#byPod.delete(podUid);
    this.#size -= held.events.length;
    for (const event of held.events) this.#options.release(event);
  }

  /** Nobody waits any longer. */
  releaseAll(): void {
    for (const podUid of this.#byPod.keys()) this.release(podUid);
  }
}
