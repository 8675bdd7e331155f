import { styleText } from 'node:util';
import { pad } from '../../lib/width.ts';
import type { Flow, FlowState } from '../../record/flow.ts';
import { COLUMNS, type Column, OPTIONAL, WIDE_COLUMNS } from './columns.ts';

export interface TableOptions {
  /** Columns of the terminal. The wide table does not mind it. */
  readonly width: number;
  /** The header comes again after so many rows; undefined: it comes once. */
  readonly headerEvery: number | undefined;
  readonly wide: boolean;
  readonly colour: boolean;
}

type Style = Parameters<typeof styleText>[0];
const GAP = ' ';
const STATE_STYLES: Partial<Record<FlowState, Style>> = { Failed: 'red', TimedOut: 'red', Reset: 'yellow' };

/** A function that writes flows as rows of one table, its header before the first of all. */
export function tableEncoder(options: TableOptions): (batch: readonly Flow[]) => string {
  const columns = options.wide ? WIDE_COLUMNS : layout(options.width);
  const header = row(columns, (column) => column.title);
  let untilHeader = 0;
  return (batch) => {
    let text = '';
    for (const flow of batch) {
      if (untilHeader === 0) {
        text += `${style('bold', header, options)}\n`;
        untilHeader = options.headerEvery ?? Number.POSITIVE_INFINITY;
      }
      untilHeader -= 1;
      const line = row(columns, (column) => column.cell(flow, column.width));
      text += `${style(STATE_STYLES[flow.state], line, options)}\n`;
    }
    return text;
  };
}

function row(columns: readonly Column[], cell: (column: Column) => string): string {
  return columns
    .map((column) => pad(cell(column), column.width, column.align))
    .join(GAP)
    .trimEnd();
}

// Whether the stream takes colours was decided by who opened it, not by this process' own stdout.
function style(format: Style | undefined, text: string, { colour }: TableOptions): string {
  return colour && format !== undefined ? styleText(format, text, { validateStream: false }) : text;
}

/** The columns that fit `width`, grown into what is left; never fewer than the required ones at their least widths. */
function layout(width: number): Column[] {
  let chosen = COLUMNS.filter((column) => !OPTIONAL.includes(column));
  for (const candidate of OPTIONAL) {
    const wider = COLUMNS.filter((column) => column === candidate || chosen.includes(column));
    if (totalWidth(wider) > width) break;
    chosen = wider;
  }
  let left = width - totalWidth(chosen);
  const widths = new Map(chosen.map((column) => [column, column.width]));
  for (let growing = true; growing && left > 0; ) {
    growing = false;
    for (const [column, wide] of widths) {
      if (left === 0 || wide === column.max) continue;
      widths.set(column, wide + 1);
      left -= 1;
      growing = true;
    }
  }
  return Array.from(widths, ([column, grown]) => Object.assign({}, column, { width: grown }));
}

function totalWidth(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + column.width, 0) + GAP.length * (columns.length - 1);
}
