import { cutText, escapeForTerminal } from '../../lib/escape.ts';

/** A field's place in an object: `['spec', 'peers', 0, 'cidrs']`. */
export type FieldPath = readonly (string | number)[];

/** One thing that is wrong with a manifest, for the person who wrote it. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The field, as `spec.peers[0].cidrs`; empty when the problem is the document itself. */
  readonly path: string;
  /** What is wrong and what to write instead, without the path. Safe for a terminal. */
  readonly message: string;
  /** What was expected there, in words. */
  readonly expected: string;
}

/** `file:line:column: spec.peers[0]: message`, on one line whatever the file contains. */
export function formatProblem(problem: Problem): string {
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `${escapeForTerminal(problem.file)}:${problem.line}:${problem.column}: ${path}${problem.message}`;
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** The path as people write it; a key that is no plain word is quoted: `metadata.labels["app.kubernetes.io/name"]`. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (PLAIN_KEY.test(step)) text += `${text === '' ? '' : '.'}${cutText(step, MAX_SHOWN)}`;
    else text += `[${quote(step)}]`;
  }
  return text;
}

const MAX_SHOWN = 80;

/** Text out of a file in double quotes: cut, and with everything that a terminal would obey escaped. */
export function quote(text: string): string {
  return `"${escapeForTerminal(cutText(text, MAX_SHOWN)).replaceAll('"', String.raw`\"`)}"`;
}
