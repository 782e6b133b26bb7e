/** The `error.type` values of the wire and the HTTP status each one is sent with. */
const STATUS = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  memory_precondition_failed_error: 409,
  memory_path_conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  not_implemented_error: 501,
  unavailable_error: 503,
  timeout_error: 504,
  overloaded_error: 529,
} as const;

type ApiErrorType = keyof typeof STATUS;

export interface ApiErrorOptions {
  /** Named reason, sent as `error.details.error_code`. */
  code?: string;
  /** Seconds, sent as the `retry-after` header. */
  retryAfter?: number;
  /** Overrides the status that belongs to the type. */
  status?: number;
  /** What the error object has beside its type and message. */
  fields?: Readonly<Record<string, string>>;
  /** What is sent beside the named reason in `error.details`. */
  details?: Readonly<Record<string, unknown>>;
}

/** The caller's fault, or a state the caller has to know about. Turned into HTTP in `http/errors.ts` and nowhere else. */
export class ApiError extends Error {
  readonly type: ApiErrorType;
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: number | undefined;
  readonly fields: Readonly<Record<string, string>>;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(type: ApiErrorType, message: string, options: ApiErrorOptions = {}) {
    super(message);
    this.name = 'ApiError';
    this.type = type;
    this.status = options.status ?? STATUS[type];
    this.code = options.code;
    this.retryAfter = options.retryAfter;
    this.fields = options.fields ?? {};
    this.details = options.details ?? {};
  }
}
