import { networkInterfaces } from 'node:os';
import { canonicalAddress } from '../../lib/address-type.ts';

const REFRESH_MILLIS = 10_000;

/** The addresses of this machine's own interfaces, in the network namespace that the agent runs in. */
export class OwnAddresses {
  readonly #now: () => number;
  #known: ReadonlySet<string> = new Set();
  #readAt = Number.NEGATIVE_INFINITY;

  /** `now`: any monotonic clock, milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** `address` in canonical text. Interfaces are read anew every 10 s. */
  has(address: string): boolean {
    if (this.#now() - this.#readAt > REFRESH_MILLIS) {
      this.#known = ownAddresses();
      this.#readAt = this.#now();
    }
    return this.#known.has(address);
  }
}

function ownAddresses(): Set<string> {
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(interfaces.map(({ address }) => canonicalAddress(address) ?? address));
}
