import type { Flow } from '../record/flow.ts';
import type { Ledger } from './ledger.ts';
import type { RouteTable } from './routes.ts';

/** Whoever takes flows for one export: an Exporter. */
export interface FlowTaker {
  offer(flow: Flow): void;
}

/**
 * A function that hands a flow to every export that its captures name, once each, with `capture` listing only the
 * captures that feed that export; once more for captures that sample differently. The flow must not be changed afterwards: exports share it where their lists are equal.
 * @param exporter whoever takes flows for the export of that index.
 */
export function flowRouter(
  table: RouteTable,
  exporter: (index: number) => FlowTaker | undefined,
  ledger: Ledger,
): (flow: Flow, captures: readonly number[]) => void {
  return (flow, captures) => {
    const route = table.route(captures);
    const flows: Flow[] = [];
    const { samplingOneIn } = flow;
    for (const { names, oneIn } of route.legs) {
      const same = flows.find((made) => made.capture === names);
      if (same !== undefined) flows.push(same);
      else if (flows.length > 0) flows.push({ ...flow, capture: names, samplingOneIn: samplingOneIn * oneIn });
      else {
        flow.capture = names;
        flow.samplingOneIn = samplingOneIn * oneIn;
        flows.push(flow);
      }
    }
    // Before the first offer: a full queue settles at once.
    ledger.open(route, flow, flows);
    for (const [index, leg] of route.legs.entries()) {
      const made = flows[index];
      if (made !== undefined) exporter(leg.exportIndex)?.offer(made);
    }
  };
}
