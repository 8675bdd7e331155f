import type { FieldPath } from './problem.ts';

/** A fault of a value, before it is known where in a file the value stands. */
export interface Fault {
  readonly path: FieldPath;
  /** Whether the fault is the field's name (an unknown field) or its value. */
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly expected: string;
}
