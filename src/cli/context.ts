import type { Readable, Writable } from 'node:stream';

/** The outside world as a command sees it; `main.ts` builds the real one. */
export interface Context {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  /** Width of a table on stdout. */
  readonly columns: number;
  /** For people: progress, warnings, the ledger. */
  readonly stderr: Writable;
  /** Whether the terminal on stdout shows colours and its user wants them. */
  readonly colour: boolean;
  readonly hostname: string;
  /** The API server as a pod finds it; undefined outside of pods. */
  readonly apiServer: URL | undefined;
  /** Resolves when the person or the system asks the command to end (SIGINT, SIGTERM, SIGHUP). */
  readonly interrupted: Promise<void>;
}
