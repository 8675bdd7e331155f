import { eventually } from '../../test/support/cluster/eventually.ts';
import type { World } from '../../test/support/operator/world.ts';

const PATIENCE_MILLIS = 60_000;

/** Resolves when the node's agent reports that a program is attached. */
export function captureRuns(world: World, node: string): Promise<void> {
  return eventually(
    async () => {
      const { status } = await world.getAgent(node);
      if (status?.programs?.[0]?.state !== 'Attached') throw new Error('no program is attached');
    },
    { what: 'the capture runs', timeoutMillis: PATIENCE_MILLIS },
  );
}
