/**
 * Every error that a person can meet, in one table: what it means for the exit status, and whether trying again can help.
 * Exit statuses: 0 the person ended it, 1 a fault of Weir or of the machine, 2 wrong input, 3 this machine cannot do it.
 */
const CODES = {
  InvalidInput: { exitStatus: 2, retryable: false },
  NotHonoured: { exitStatus: 2, retryable: false },
  Unsupported: { exitStatus: 3, retryable: false },
  MissingPrivilege: { exitStatus: 3, retryable: false },
  KernelRefused: { exitStatus: 3, retryable: false },
  /** An API server refused, or what was waited for did not come. */
  ClusterFailed: { exitStatus: 1, retryable: true },
  SinkFailed: { exitStatus: 1, retryable: true },
  /** Nobody reads the output any more (`| head`): an end, not a fault. */
  OutputClosed: { exitStatus: 0, retryable: false },
  Internal: { exitStatus: 1, retryable: false },
} as const;

export type ErrorCode = keyof typeof CODES;

/** An error whose message is written for the person at the terminal: what is wrong, and what to do about it. */
export class WeirError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WeirError';
    this.code = code;
  }

  get exitStatus(): number {
    return CODES[this.code].exitStatus;
  }

  get retryable(): boolean {
    return CODES[this.code].retryable;
  }
}
