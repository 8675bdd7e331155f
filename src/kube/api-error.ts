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

  /** The resourceVersion is too old to go on from. */
  get isGone(): boolean {
    return this.code === 410;
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
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
}

/** Whatever a refusal holds as far as it is a metav1.Status. */
export function apiErrorFromStatus(
  status: unknown,
  fallbackCode: number,
  what: string,
  retryAfterMillis?: number,
): ApiError {
  const {
    code = fallbackCode,
    reason = '',
    message = `status ${fallbackCode}`,
  }: Status = typeof status === 'object' && status !== null ? status : {};
  return new ApiError(code, reason, `${what}: ${message}`, retryAfterMillis);
}
