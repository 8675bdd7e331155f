/** Unauthorized, Forbidden, Request Timeout, Too Many Requests. */
const PASSING: ReadonlySet<number> = new Set([401, 403, 408, 429]);
const INTERNAL_SERVER_ERROR = 500;

/** The API server answered, and refused. The message is the server's own: it names fields and objects, no Secret's value. */
export class ApiError extends Error {
  /** HTTP status. */
  readonly code: number;
  /** metav1.StatusReason, such as NotFound, Conflict, Invalid, Forbidden, Expired; empty where there is none. */
  readonly reason: string;
  /** What the server asks to be waited before the next try. */
  readonly retryAfterMillis: number | undefined;

  constructor(code: number, reason: string, message: string, retryAfterMillis?: number) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.reason = reason;
    this.retryAfterMillis = retryAfterMillis;
  }

  /** The same request may be answered one day: the server is ill or busy, or a right is missing. */
  get isPassing(): boolean {
    return PASSING.has(this.code) || this.code >= INTERNAL_SERVER_ERROR;
  }

  /** The server does not take the request as it is: 400 or 422. */
  get isInvalid(): boolean {
    return this.code === 400 || this.code === 422;
  }
}

/** There was no answer: refused, reset, timed out. Whether the server has acted on the request is not known. */
export class TransportError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TransportError';
  }
}

interface Status {
  readonly code?: unknown;
  readonly reason?: unknown;
  readonly message?: unknown;
}

/**
 * Whatever a refusal holds as far as it is a metav1.Status.
 *
 * @param httpStatus of the answer, which is true whoever wrote its body; undefined: only the Status says what it is.
 */
export function apiErrorFromStatus(
  status: unknown,
  httpStatus: number | undefined,
  what: string,
  retryAfterMillis?: number,
): ApiError {
  const { code, reason, message }: Status = typeof status === 'object' && status !== null ? status : {};
  const known = httpStatus ?? (typeof code === 'number' ? code : INTERNAL_SERVER_ERROR);
  return new ApiError(
    known,
    typeof reason === 'string' ? reason : '',
    `${what}: ${typeof message === 'string' ? message : `status ${known}`}`,
    retryAfterMillis,
  );
}
