// Every error the sidecar answers with: one table of code, HTTP status, number on the wire, message and whether
// trying again can help. docs/errors.md is held equal to it by a test. Callers match on `code`.
import { STATUS_CODES } from 'node:http';

/** Whether a write that was not acknowledged has happened all the same. */
export type Outcome = 'not_applied' | 'applied' | 'unknown';

interface ErrorRow {
  /** HTTP status. */
  status: number;
  /** Status byte of a result frame (frame.ts). Numbers are never reused. */
  wire: number;
  /** The same request can succeed later. */
  retryable: boolean;
  /** What went wrong and what to do. Never a key, a value or a credential. */
  message: string;
}

export const ERRORS = {
  foreign_type: {
    status: 409,
    wire: 16,
    retryable: false,
    message:
      'The entry is of a Redis type that is no cache entry (a list or a set, for instance). Use another key, or delete it first.',
  },
  too_large_for_condition: {
    status: 413,
    wire: 17,
    retryable: false,
    message:
      'If-Match with an ETag is refused when the new or the stored value is over 1 MiB. Write without it, or with If-Match: *.',
  },
  backend_unreachable: {
    status: 503,
    wire: 18,
    retryable: true,
    message: 'The backend cannot be reached. Nothing was written; try again when /readyz says 200.',
  },
  timeout: {
    status: 504,
    wire: 19,
    retryable: true,
    message: 'No answer came from the backend within the deadline. See `outcome` before writing again.',
  },
  backend_refused: {
    status: 502,
    wire: 20,
    retryable: false,
    message:
      'The backend refused the command. The log of the backend says why (memory, permissions, read-only).',
  },
  frame_invalid: {
    status: 400,
    wire: 21,
    retryable: false,
    message: 'The frame is not one of format v1. See docs/http-api.md.',
  },
  shutting_down: {
    status: 503,
    wire: 22,
    retryable: true,
    message: 'The sidecar is shutting down. Connect again once it has been restarted.',
  },
  internal: {
    status: 500,
    wire: 23,
    retryable: false,
    message: 'The sidecar failed in a way it should not. Please report this with the log lines around it.',
  },
  key_empty: {
    status: 400,
    wire: 24,
    retryable: false,
    message: 'The key is empty. A key has 1 to 1,024 bytes of UTF-8.',
  },
  key_too_long: {
    status: 400,
    wire: 25,
    retryable: false,
    message: 'The key is over 1,024 bytes of UTF-8. Use a shorter one, for instance a hash of it.',
  },
  key_invalid: {
    status: 400,
    wire: 26,
    retryable: false,
    message: 'The key is not valid: it must be UTF-8 without NUL, percent-encoded in the path.',
  },
  ttl_invalid: {
    status: 400,
    wire: 27,
    retryable: false,
    message:
      'The life is not valid: whole seconds (`60`) or milliseconds (`1500ms`), above 0 and at most 10 years, or `never`; on a put also `keep`.',
  },
  value_too_large: {
    status: 413,
    wire: 28,
    retryable: false,
    message: 'The value is over the limit (AZURE_CACHE_MAX_VALUE_BYTES).',
  },
  etag_invalid: {
    status: 400,
    wire: 29,
    retryable: false,
    message: 'The ETag is not valid: 40 hex digits in double quotes, as the sidecar gave it.',
  },
  condition_invalid: {
    status: 400,
    wire: 30,
    retryable: false,
    message:
      'The condition is not valid here: a put takes If-None-Match: * or If-Match, a delete If-Match, a touch If-Match with an ETag.',
  },
  query_invalid: {
    status: 400,
    wire: 31,
    retryable: false,
    message: 'A query parameter is not known here, is given twice, or has a value that cannot be.',
  },
  batch_invalid: {
    status: 400,
    wire: 32,
    retryable: false,
    message: 'The batch is not valid: a JSON array of 1 to 1,000 operations. Nothing of it was done.',
  },
  batch_too_large: {
    status: 413,
    wire: 33,
    retryable: false,
    message: 'The batch is over 16 MiB. Send it in parts.',
  },
  answer_too_large: {
    status: 413,
    wire: 34,
    retryable: false,
    message: 'The answers of this batch are over 16 MiB, and this value no longer fits. Get it alone.',
  },
  request_malformed: {
    status: 400,
    wire: 35,
    retryable: false,
    message: 'The request is not valid HTTP/1.1.',
  },
  unauthorized: {
    status: 401,
    wire: 36,
    retryable: false,
    message:
      "The token is missing or is not the sidecar's: send Authorization: Bearer <AZURE_CACHE_API_TOKEN>.",
  },
  host_refused: {
    status: 403,
    wire: 37,
    retryable: false,
    message: 'The Host header is not a loopback name. Use 127.0.0.1, localhost or [::1].',
  },
  origin_refused: {
    status: 403,
    wire: 38,
    retryable: false,
    message: 'A web page of another origin may not use this sidecar. Call it from a server process.',
  },
  not_found: {
    status: 404,
    wire: 39,
    retryable: false,
    message: 'There is no entry under this key: it was never put, has expired or was deleted.',
  },
  route_not_found: {
    status: 404,
    wire: 40,
    retryable: false,
    message: 'There is nothing at this path. Entries are at /v1/cache/{key}, with / in a key written as %2F.',
  },
  method_not_allowed: {
    status: 405,
    wire: 41,
    retryable: false,
    message: 'This path does not take this method. See the Allow header.',
  },
  request_timeout: {
    status: 408,
    wire: 42,
    retryable: true,
    message: 'The request did not arrive in time. Nothing of it was done.',
  },
  absent: {
    status: 412,
    wire: 2,
    retryable: false,
    message: 'The condition did not hold: there is no entry under this key.',
  },
  changed: {
    status: 412,
    wire: 3,
    retryable: false,
    message: 'The condition did not hold: the entry has another value now. Its ETag is in the answer.',
  },
  exists: {
    status: 412,
    wire: 4,
    retryable: false,
    message: 'The condition did not hold: there is an entry under this key already.',
  },
  locked: {
    status: 423,
    wire: 5,
    retryable: true,
    message: 'Another holds the lock of this key. Try again once it is given up or its lease has passed.',
  },
  not_held: {
    status: 412,
    wire: 6,
    retryable: false,
    message:
      'The lock of this key is not held with this token: its lease has passed, or it was given up. Nothing was written; lock again.',
  },
  cursor_invalid: {
    status: 400,
    wire: 46,
    retryable: false,
    message:
      'The cursor is not one that a list of this backend has given, or the servers behind it have changed since. Begin anew without it.',
  },
  uri_too_long: {
    status: 414,
    wire: 43,
    retryable: false,
    message: 'The path is too long. A key has at most 1,024 bytes.',
  },
  upgrade_required: {
    status: 426,
    wire: 44,
    retryable: false,
    message: 'This path is a stream of frames: ask with Connection: Upgrade and Upgrade: azurecache/1.',
  },
  headers_too_large: {
    status: 431,
    wire: 45,
    retryable: false,
    message: 'The request line and headers are over 16 KiB together.',
  },
  not_a_number: {
    status: 409,
    wire: 47,
    retryable: false,
    message:
      'The value is no whole number of 64 bits in decimal digits, so nothing can be added to it. It was left as it is.',
  },
  number_overflow: {
    status: 409,
    wire: 48,
    retryable: false,
    message: 'The sum is outside of 64 bits, signed. The number was left as it is.',
  },
  lock_key_invalid: {
    status: 400,
    wire: 49,
    retryable: false,
    message:
      'On this cluster the key cannot be locked, since its lock would lie on another node: braces in the key, or in AZURE_CACHE_KEY_PREFIX, do not pair. Use a key without braces.',
  },
  lease_invalid: {
    status: 400,
    wire: 50,
    retryable: false,
    message: 'A lock takes a lease, which is 1 ms to 1 hour: `30` (seconds) or `1500ms`.',
  },
  token_invalid: {
    status: 400,
    wire: 51,
    retryable: false,
    message:
      'A lock token is 32 hex digits, as a lock answers them in Lock-Token. It goes with lock, unlock, put and delete only.',
  },
  tag_invalid: {
    status: 400,
    wire: 52,
    retryable: false,
    message: 'A tag is not valid: 1 to 255 bytes of UTF-8 without NUL, and at most 100 of them.',
  },
  tag_key_invalid: {
    status: 400,
    wire: 53,
    retryable: false,
    message:
      'On a cluster this key can have no tags: it has a } but no {…} of its own, so that they would lie on another server. Use another key.',
  },
  runner_refused: {
    status: 409,
    wire: 59,
    retryable: false,
    message:
      'The sidecar runs for another user, site, backend or key prefix than this runner. Give both the same settings, or another socket.',
  },
  too_many_readers: {
    status: 503,
    wire: 58,
    retryable: true,
    message: 'Too many readers of /v1/events are connected. End some of them: one can be told of all keys.',
  },
} as const satisfies Record<string, ErrorRow>;

/** A code of the table. */
export type ErrorCode = keyof typeof ERRORS;

/** An error to answer with. `detail`, when given, takes the place of the table's message. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly outcome: Outcome;

  constructor(code: ErrorCode, detail?: string, outcome: Outcome = 'not_applied') {
    super(detail ?? ERRORS[code].message);
    this.name = 'GatewayError';
    this.code = code;
    this.outcome = outcome;
  }
}

/** The JSON body of an error answer (DESIGN: the contract on the wire). */
export interface ErrorBody {
  statusCode: number;
  code: ErrorCode;
  /** The HTTP status in words. */
  error: string;
  message: string;
  retryable: boolean;
  outcome: Outcome;
}

/** The body that answers with `code`; `detail` takes the place of the table's message. */
export function errorBody(code: ErrorCode, detail?: string, outcome: Outcome = 'not_applied'): ErrorBody {
  const { status, retryable, message } = ERRORS[code];
  return {
    statusCode: status,
    code,
    error: STATUS_CODES[status] ?? 'Error',
    message: detail ?? message,
    retryable,
    outcome,
  };
}
