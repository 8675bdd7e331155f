/**
 * Where running counts stand: a row of numbers for each object, by its index. Behind it may be memory that outlives the
 * process, so that a count is nothing but a store.
 */
export interface CountRows {
  /** The row of that index; zeros where there was none. */
  row(index: number): Float64Array;
  /** Nobody asks for this index any more; none is given twice. */
  forget(index: number): void;
}

/** Rows that end with the process. @param columns numbers in a row. */
export function memoryRows(columns: number): CountRows {
  const rows = new Map<number, Float64Array>();
  return {
    row(index) {
      const row = rows.get(index) ?? new Float64Array(columns);
      rows.set(index, row);
      return row;
    },
    forget: (index) => void rows.delete(index),
  };
}

export function add(row: Float64Array, column: number, by = 1): void {
  row[column] = (row[column] ?? 0) + by;
}

/** From now on the counts of these entries, by their indexes, stand there. */
export function moveRows(entries: ReadonlyMap<number, { counts: Float64Array }>, to: CountRows): void {
  for (const [index, entry] of entries) {
    const row = to.row(index);
    row.set(entry.counts);
    entry.counts = row;
  }
}
