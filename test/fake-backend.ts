// A Backend in memory that keeps every rule of the contract (contract.ts), for tests of what stands above a backend.
// Its clock is an input, and what lies behind it can be broken in each of the ways a real one breaks.
import { type Backend, failure, lostOutcome, type Operation, type Result } from '../src/backend.js';
import { FakeStore } from './fake-store.js';
import { FakeVerbs } from './fake-verbs.js';

/** How the server behind the fake misbehaves. The fake itself still answers by the deadline and never rejects. */
export type BreakType =
  | 'none'
  /** Right, but only after `slowMs`. */
  | 'slow'
  /** Refuses before the caller has its promise. */
  | 'fails_at_once'
  /** Refuses, some turns of the event loop later. */
  | 'fails_later'
  /** Does what it was asked and never says so: `timeout` at the operation's deadline. */
  | 'never_answers'
  /** No connection: nothing is done. */
  | 'unreachable'
  /** Does what it was asked, and the connection breaks before the answer. */
  | 'connection_lost';

export class FakeBackend implements Backend {
  readonly store: FakeStore;
  /** Can be changed at any time; holds for the operations asked from then on. */
  breaking: BreakType = 'none';
  slowMs = 50;
  readonly #verbs: FakeVerbs;
  readonly #pending = new Set<(result: Result) => void>();
  #closed = false;

  constructor(store = new FakeStore()) {
    this.store = store;
    this.#verbs = new FakeVerbs(store);
  }

  run(operation: Operation): Promise<Result> {
    if (this.#closed) return Promise.resolve(failure('shutting_down'));
    switch (this.breaking) {
      case 'fails_at_once':
        return Promise.resolve(failure('backend_refused'));
      case 'fails_later':
        return this.#answer(failure('backend_refused'), 5);
      case 'unreachable':
        return this.#answer(failure('backend_unreachable'), 0);
      case 'slow':
        return this.#answer(this.#verbs.run(operation), this.slowMs);
    }
    const result = this.#verbs.run(operation);
    switch (this.breaking) {
      case 'never_answers':
        return this.#answer(failure('timeout', undefined, lostOutcome(operation)), operation.deadlineMs);
      case 'connection_lost':
        return this.#answer(failure('backend_unreachable', undefined, lostOutcome(operation)), 0);
      default:
        return this.#answer(result, 0);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const answer of this.#pending) answer(failure('shutting_down', undefined, 'unknown'));
  }

  /** Later, as over a network: callers that race each other really do. */
  #answer(result: Result, afterMs: number): Promise<Result> {
    return new Promise((resolve) => {
      const answer = (given: Result) => {
        this.#pending.delete(answer);
        resolve(given);
      };
      this.#pending.add(answer);
      if (afterMs === 0) setImmediate(answer, result);
      else setTimeout(answer, afterMs, result);
    });
  }
}
