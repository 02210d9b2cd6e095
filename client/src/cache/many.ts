// Many operations at once: they leave together and are answered as they are ready. Called by many-calls.ts.
// Knows nothing of what they mean.
import { AzureCacheError, type ErrorCode, type Outcome } from '../errors.js';
import type { Operation, Result } from '../transport/operation.js';
import type { Transport } from '../transport/transport.js';

/** Not more are under way, so that of many thousands the last do not pass their deadline behind the first. */
const AT_A_TIME = 2048;

/** AzureCacheError and NotJson. */
type Described = Error & { code: ErrorCode; outcome: Outcome };
type Failure = { place: number; error: Described };

/** Some of many operations failed; the others have taken effect. `code` is that of the first that failed (`cause`). */
export class ManyError extends AzureCacheError {
  /** Which ones, by their places from 0 on in what was given. */
  readonly failed: readonly number[];

  /** @param failures in the order in which they came, one at least */
  constructor(failures: readonly Failure[], total: number) {
    const { error: first } = failures[0] as Failure;
    const unknown = failures.some(({ error }) => error.outcome === 'unknown');
    const message = `${failures.length} of ${total} failed. The first: ${first.message}`;
    super(first.code, message, unknown ? 'unknown' : first.outcome, first);
    this.failed = failures.map(({ place }) => place).sort((a, b) => a - b);
  }
}

/**
 * Runs them all, and waits for all of them also when some fail.
 * @param read what to make of each result; may throw as well
 * @throws ManyError
 */
export function runMany<T>(
  transport: Transport,
  operations: readonly Operation[],
  signal: AbortSignal | undefined,
  read: (result: Result) => T,
): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const total = operations.length;
    const answers = new Array<T>(total);
    const failures: Failure[] = [];
    let begun = 0;
    let ended = 0;
    const begin = (place: number) => {
      begun += 1;
      transport
        .run(operations[place] as Operation, signal)
        .then((result) => {
          answers[place] = read(result);
        })
        .catch((error) => failures.push({ place, error }))
        .then(end);
    };
    const end = () => {
      ended += 1;
      if (begun < total) begin(begun);
      else if (ended === total)
        failures.length > 0 ? reject(new ManyError(failures, total)) : resolve(answers);
    };
    if (total === 0) resolve(answers);
    while (begun < total && begun < AT_A_TIME) begin(begun);
  });
}
