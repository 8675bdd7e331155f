import type { FieldPath } from '../api/manifest/problem.ts';

/** Why an object, or a part of it, is not in the plan. */
export type PlanReason =
  | 'DuplicateName'
  | 'ExportNotFound'
  | 'ExportNotAllowed'
  | 'InvalidSelector'
  | 'InvalidPeers'
  | 'ProtocolNotOnThisNode'
  | 'PlanTooLarge'
  | 'InventoryNeeded';

/** One fault that a person can mend, by object and field. */
export interface PlanProblem<Source extends object = object> {
  /** The very object that was given: whoever read it from a file knows its line. */
  readonly source: Source;
  /** The field in that object: `['spec', 'exports', 0, 'name']`. */
  readonly path: FieldPath;
  readonly reason: PlanReason;
  /** What is wrong and what to write instead. Safe for a terminal. */
  readonly message: string;
  /** What was expected there, in a few words. */
  readonly expected: string;
}
