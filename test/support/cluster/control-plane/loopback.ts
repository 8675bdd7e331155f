import { Daemon } from '../process/daemon.ts';
import type { Site } from './control-plane.ts';

/** A control plane on this machine's own loopback. */
export const LOOPBACK: Site = {
  address: undefined,
  start: (name, argv, log) => Daemon.start(name, argv, log),
  async open() {
    // It is reachable as it is.
  },
};
