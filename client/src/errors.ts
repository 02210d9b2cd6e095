// The errors of the client: the sidecar's table of codes, by their number in a result frame, and the codes of
// failures that no sidecar answered. Used by every file of the client. Held equal to the sidecar's table by a test.

/** Whether a write that was not acknowledged has happened all the same. */
export type Outcome = 'not_applied' | 'applied' | 'unknown';

/** Number on the wire: code, HTTP status, whether the same request can succeed later. */
export const SIDECAR_ERRORS = {
  5: ['locked', 423, true],
  16: ['foreign_type', 409, false],
  17: ['too_large_for_condition', 413, false],
  18: ['backend_unreachable', 503, true],
  19: ['timeout', 504, true],
  20: ['backend_refused', 502, false],
  21: ['frame_invalid', 400, false],
  22: ['shutting_down', 503, true],
  23: ['internal', 500, false],
  24: ['key_empty', 400, false],
  25: ['key_too_long', 400, false],
  26: ['key_invalid', 400, false],
  27: ['ttl_invalid', 400, false],
  28: ['value_too_large', 413, false],
  29: ['etag_invalid', 400, false],
  30: ['condition_invalid', 400, false],
  31: ['query_invalid', 400, false],
  32: ['batch_invalid', 400, false],
  33: ['batch_too_large', 413, false],
  34: ['answer_too_large', 413, false],
  35: ['request_malformed', 400, false],
  36: ['unauthorized', 401, false],
  37: ['host_refused', 403, false],
  38: ['origin_refused', 403, false],
  39: ['not_found', 404, false],
  40: ['route_not_found', 404, false],
  41: ['method_not_allowed', 405, false],
  42: ['request_timeout', 408, true],
  43: ['uri_too_long', 414, false],
  44: ['upgrade_required', 426, false],
  45: ['headers_too_large', 431, false],
  46: ['cursor_invalid', 400, false],
  47: ['not_a_number', 409, false],
  48: ['number_overflow', 409, false],
  49: ['lock_key_invalid', 400, false],
  50: ['lease_invalid', 400, false],
  51: ['token_invalid', 400, false],
  52: ['tag_invalid', 400, false],
  53: ['tag_key_invalid', 400, false],
  58: ['too_many_readers', 503, true],
  59: ['runner_refused', 409, false],
} as const satisfies Record<number, readonly [code: string, status: number, retryable: boolean]>;

/** Failures that no sidecar answered: HTTP status that says the same, whether the same call can succeed later. */
export const CLIENT_ERRORS = {
  /** There is no sidecar at this door, or it did not take the upgrade in time. */
  sidecar_unreachable: [503, true],
  /** The connection ended before the answer. */
  connection_lost: [503, true],
  /** `close()` was called before. */
  closed: [503, false],
  /** The socket or the discovery file could have been put there by another user. */
  door_refused: [503, false],
  /** The AbortSignal of the call has fired. */
  aborted: [499, false],
  /** An option or a variable of the environment cannot be used. */
  options_invalid: [400, false],
  /** The value cannot be written as JSON, or is no bytes where bytes are due. */
  value_invalid: [400, false],
  /** What lies under the key is no JSON. */
  value_not_json: [422, false],
  /** Others changed the entry each time between reading and writing it. */
  conflict: [409, true],
} as const;

type Row = (typeof SIDECAR_ERRORS)[keyof typeof SIDECAR_ERRORS];
/** What to match on; docs/errors.md explains each. */
export type ErrorCode = Row[0] | keyof typeof CLIENT_ERRORS;

const ROWS = new Map<string, readonly [status: number, retryable: boolean]>(Object.entries(CLIENT_ERRORS));
for (const [code, status, retryable] of Object.values(SIDECAR_ERRORS)) ROWS.set(code, [status, retryable]);

/** What every failed call is rejected with. Its message holds no key, no value and no credential. */
export class AzureCacheError extends Error {
  readonly code: ErrorCode;
  /** The HTTP status that says the same. */
  readonly status: number;
  /** The same call can succeed later. */
  readonly retryable: boolean;
  /** Whether a write has happened all the same. */
  readonly outcome: Outcome;

  constructor(code: ErrorCode, message: string, outcome: Outcome = 'not_applied', cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    // The name by which callers of AbortSignal know it everywhere else.
    this.name = code === 'aborted' ? 'AbortError' : 'AzureCacheError';
    this.code = code;
    [this.status, this.retryable] = ROWS.get(code) ?? [500, false];
    this.outcome = outcome;
  }
}

/** Whether this client knows a code that a sidecar, perhaps a newer one, has sent. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && ROWS.has(code);
}
