import { pad } from '../../../src/lib/width.ts';
import type { FlowJson } from '../checks.ts';
import type { Pair } from './evidence.ts';

const TITLES = ['FLOW.ID', 'SEEN ON', 'CLIENT', 'SERVER', 'BYTES→', 'BYTES←'];
const GAP = '  ';

/** Connections as their two ends recorded them, two lines each: what the client dialled, and who answered. */
export function pairsTable(pairs: readonly Pair[]): string {
  const rows = pairs.flatMap(({ source, destination }) => [
    row(source, text(source, 'flow.id'), 'source'),
    row(destination, text(destination, 'flow.id'), 'destination'),
  ]);
  const widths = TITLES.map((_, column) => Math.max(...[TITLES, ...rows].map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => pad(cell, widths[column] ?? 0, column < TITLES.length - 2 ? 'left' : 'right'))
      .join(GAP);
  return [TITLES, ...rows].map(line).join('\n');
}

/** An end knows its own pod's name; of the other it knows the address that it talked to. */
function row(record: FlowJson, id: string, own: 'source' | 'destination'): string[] {
  const end = (side: string) => `${text(record, `${side}.address`)}:${text(record, `${side}.port`)}`;
  const named = (side: string) => (side === own ? `${end(side)} ${text(record, `${side}.k8s.pod.name`)}` : end(side));
  const bytes = ['source.bytes', 'destination.bytes'].map((name) => text(record, name));
  return [id, text(record, 'node'), named('source'), named('destination'), ...bytes];
}

function text(record: FlowJson, field: string): string {
  return String(record[field] ?? '-');
}
