/** One FlowAgent's report on one object. */
export interface AgentRow<Row> {
  /** metadata.uid of the FlowAgent. */
  readonly agent: string;
  readonly node: string;
  /** Whether that FlowAgent is being deleted, and only waits for its counters to be taken over. */
  readonly terminating: boolean;
  /** Whether its agent lives: else rates and failures in it are of another time. Counters always count. */
  readonly alive: boolean;
  readonly row: Row;
}

/** What status.retired holds: sums, and which FlowAgents are in them that have not gone yet. */
export interface Retired<Counter extends string> {
  readonly sums: Readonly<Record<Counter, number>>;
  readonly agents: readonly string[];
}

/** The schema's bound. More go at once only one after the other. */
const MAX_AGENTS = 128;

/**
 * Takes over the counters of FlowAgents that are being deleted, each exactly once, whenever this is interrupted: sum and
 * uid are written in one go, and a uid leaves the list only after its FlowAgent has gone.
 *
 * @returns what is to be written, and the rows that still count by themselves.
 */
export function retire<Counter extends string, Row>(
  before: Retired<Counter>,
  rows: readonly AgentRow<Row>[],
  exists: (agent: string) => boolean,
  count: (row: Row, counter: Counter) => number,
): { readonly retired: Retired<Counter>; readonly live: readonly AgentRow<Row>[] } {
  const agents = before.agents.filter(exists);
  const known = new Set(before.agents);
  const sums: Record<Counter, number> = { ...before.sums };
  for (const { agent, terminating, row } of rows) {
    if (!terminating || known.has(agent) || agents.length >= MAX_AGENTS) continue;
    for (const counter of countersOf(sums)) sums[counter] += count(row, counter);
    agents.push(agent);
    known.add(agent);
  }
  return { retired: { sums, agents }, live: rows.filter(({ agent }) => !known.has(agent)) };
}

function countersOf<Counter extends string>(sums: Readonly<Record<Counter, number>>): Counter[] {
  const counters: Counter[] = [];
  for (const counter in sums) counters.push(counter);
  return counters;
}
