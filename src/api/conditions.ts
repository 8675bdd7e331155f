import { cutText } from '../lib/escape.ts';
import { CONDITIONS, type ConditionStatus, type ConditionTable } from './condition-table.ts';

export type ConditionedKind = keyof typeof CONDITIONS;
export type ConditionType<Kind extends ConditionedKind> = keyof (typeof CONDITIONS)[Kind] & string;

type Row<Kind extends ConditionedKind, Type extends ConditionType<Kind>> = (typeof CONDITIONS)[Kind][Type];
/** The reasons that a condition can have. */
export type Reason<Kind extends ConditionedKind, Type extends ConditionType<Kind>> = keyof (Row<Kind, Type> extends {
  readonly reasons: infer Reasons;
}
  ? Reasons
  : never) &
  string;

/** A condition as a controller decides it: the status follows from the reason, and when it changed from what was before. */
export interface Verdict {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  /** Why, for people, and what to change. Safe for a terminal. */
  readonly message: string;
}

/** The table for whoever goes through all of it. */
export const CONDITION_TABLE: ConditionTable = CONDITIONS;

/** The schema's bound. */
const MAX_MESSAGE = 4096;

/** A condition of the table, with the words for this object. */
export function verdict<Kind extends ConditionedKind, Type extends ConditionType<Kind>>(
  kind: Kind,
  type: Type,
  reason: Reason<Kind, Type>,
  message: string,
): Verdict {
  return lookUp(kind, type, reason, message);
}

/**
 * A summary that takes reason and message from another condition.
 *
 * @throws Error when the table does not give it that reason: only a program that contradicts the table can do that.
 */
export function summary<Kind extends ConditionedKind>(kind: Kind, type: ConditionType<Kind>, of: Verdict): Verdict {
  return lookUp(kind, type, of.reason, of.message);
}

function lookUp(kind: string, type: string, reason: string, message: string): Verdict {
  const row = CONDITION_TABLE[kind]?.[type]?.reasons[reason];
  if (row === undefined) throw new Error(`the condition ${type} of a ${kind} has no reason ${reason}`);
  return { type, status: row.status, reason, message: cutText(message, MAX_MESSAGE) };
}
