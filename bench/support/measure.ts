/** What a bench finds, and how it is shown: one row a quantity, medians and the spread of its rounds. */

export type Target = { readonly atMost: number } | { readonly atLeast: number };

/** One quantity, measured once a round. */
export interface Measure {
  readonly name: string;
  /** Of the values: `ns`, `records/s`, `×`. */
  readonly unit: string;
  readonly values: readonly number[];
  readonly target?: Target;
}

export interface BenchResult {
  readonly measures: readonly Measure[];
  /** What a reader needs to judge the numbers: how many rounds, what was checked. */
  readonly notes: readonly string[];
  /** An SVG that docs/performance.md shows. */
  readonly picture?: string;
}

/** `progress` is for the person who waits. */
export type Bench = (progress: (text: string) => void) => Promise<BenchResult>;

/** The middle value, or the mean of the two in the middle. Throws for an empty list: a bench without rounds is a fault. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  if (low === undefined || high === undefined) throw new Error('no values: the bench made no rounds');
  return (low + high) / 2;
}

/** `unclear`: the target lies within what the spread of the rounds leaves open, so another run may say otherwise. */
function verdict({ values, target }: Measure): '' | 'met' | 'missed' | 'unclear' {
  if (target === undefined) return '';
  const value = median(values);
  const limit = 'atMost' in target ? target.atMost : target.atLeast;
  if (value !== limit && Math.abs(value - limit) < uncertainty(values)) return 'unclear';
  return ('atMost' in target ? value <= limit : value >= limit) ? 'met' : 'missed';
}

/** Half the width of the median's 95 % interval: the notch of a box plot (McGill, Tukey and Larsen, 1978). */
function uncertainty(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.ceil(sorted.length / 2);
  const quartiles = median(sorted.slice(-half)) - median(sorted.slice(0, half));
  return (1.57 * quartiles) / Math.sqrt(values.length);
}

/** A Markdown table, aligned so that it reads well on a terminal too. */
export function measureTable(measures: readonly Measure[]): string {
  const rows = measures.map((measure) => {
    const { name, unit, values, target } = measure;
    const spread = values.length > 1 ? `${number(Math.min(...values))} – ${number(Math.max(...values))}` : '';
    return [name, `${number(median(values))} ${unit}`, spread, targetText(target), verdict(measure)];
  });
  const header = ['measured', 'median', 'min – max', 'target', 'verdict'];
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)));
    return `| ${padded.join(' | ')} |`;
  };
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

function targetText(target: Target | undefined): string {
  if (target === undefined) return '';
  return 'atMost' in target ? `≤ ${number(target.atMost)}` : `≥ ${number(target.atLeast)}`;
}

/** Three to four digits that say something; below two enough to tell 0.99 from 1. */
function number(value: number): string {
  if (Number.isInteger(value) || value >= 100) return Math.round(value).toLocaleString('en-GB');
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(value >= 2 ? 2 : 3);
}
