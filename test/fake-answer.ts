// A result with nothing but its status and outcome, as the fake backend answers it.
import type { Result } from '../src/backend.js';
import type { Outcome } from '../src/errors.js';

export function answered(status: Result['status'], outcome: Outcome): Result {
  return { status, outcome, value: undefined, etag: undefined, ttlMs: undefined, detail: undefined };
}
