/** The counters of one capture, as a FlowAgent has them. */
export interface FlowTotals {
  readonly observed: number;
  readonly exported: number;
  readonly filtered: number;
  readonly sampledOut: number;
  readonly lost: number;
}

export interface DeliveryTotals {
  readonly delivered: number;
  readonly dropped: number;
}

/** What totals are made of, for the process that goes on with the counts of this one. */
export interface SavedTotals {
  /** Of the FlowAgent that is reported to. */
  readonly uid: string;
  readonly flows: readonly (readonly [uid: string, former: FlowTotals])[];
  readonly deliveries: readonly (readonly [uid: string, former: DeliveryTotals])[];
  readonly flowsBefore: readonly (readonly [index: number, counted: FlowTotals])[];
  readonly deliveriesBefore: readonly (readonly [index: number, counted: DeliveryTotals])[];
}
