// A Backend in memory that keeps every rule of the contract (contract.ts), for tests of what stands above a backend.
// Its clock is an input, and what lies behind it can be broken in each of the ways a real one breaks.
import { createHash } from 'node:crypto';
import { type Backend, failure, type Operation, type Result } from '../src/backend.js';
import type { Outcome } from '../src/errors.js';

/** From here on an ETag condition is refused; DESIGN, "How entries lie in Redis". */
const CONDITION_LIMIT_BYTES = 1024 * 1024;

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

/** Time as the fake sees it: it stands still until it is moved. */
export class FakeClock {
  nowMs = Date.UTC(2026, 0, 1);
  advance(ms: number): void {
    this.nowMs += ms;
  }
}

interface Entry {
  /** Undefined: of a Redis type that is no cache entry. */
  value: Buffer | undefined;
  /** Infinity = never. */
  expiresAt: number;
}

/** What several fakes can share, as several connections share a Redis. */
export class FakeStore {
  readonly clock: FakeClock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock = new FakeClock()) {
    this.clock = clock;
  }

  get(key: Buffer): Entry | undefined {
    const entry = this.#entries.get(key.toString('latin1'));
    return entry && entry.expiresAt > this.clock.nowMs ? entry : undefined;
  }

  set(key: Buffer, entry: Entry): void {
    this.#entries.set(key.toString('latin1'), entry);
  }

  delete(key: Buffer): void {
    this.#entries.delete(key.toString('latin1'));
  }

  /** Puts a list or the like under the key. */
  plantForeign(key: Buffer): void {
    this.set(key, { value: undefined, expiresAt: Number.POSITIVE_INFINITY });
  }
}

export class FakeBackend implements Backend {
  readonly store: FakeStore;
  /** Can be changed at any time; holds for the operations asked from then on. */
  breaking: BreakType = 'none';
  slowMs = 50;
  readonly #pending = new Set<(result: Result) => void>();
  #closed = false;

  constructor(store = new FakeStore()) {
    this.store = store;
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
        return this.#answer(this.#apply(operation), this.slowMs);
    }
    const result = this.#apply(operation);
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

  #apply(operation: Operation): Result {
    switch (operation.verb) {
      case 'ping':
        return answered('ok', 'not_applied');
      case 'get':
        return this.#get(operation);
      case 'put':
        return this.#refusal(operation) ?? this.#put(operation);
      case 'delete':
        return this.#refusal(operation) ?? this.#delete(operation);
      case 'touch':
        return this.#touch(operation);
    }
  }

  #get(operation: Operation): Result {
    const entry = this.store.get(operation.key);
    if (!entry) return answered('miss', 'not_applied');
    if (!entry.value) return failure('foreign_type');
    const renews = operation.ttlKind === 'for' || operation.ttlKind === 'never';
    if (renews) entry.expiresAt = this.#expiry(operation, entry);
    return {
      ...answered('ok', renews ? 'applied' : 'not_applied'),
      value: Buffer.from(entry.value),
      etag: operation.wantEtag ? sha1(entry.value) : undefined,
      ttlMs: operation.wantTtl ? entry.expiresAt - this.store.clock.nowMs : undefined,
    };
  }

  #put(operation: Operation): Result {
    const value = Buffer.from(operation.value ?? []);
    const expiresAt = this.#expiry(operation, this.store.get(operation.key));
    this.store.set(operation.key, { value, expiresAt });
    return { ...answered('ok', 'applied'), etag: operation.wantEtag ? sha1(value) : undefined };
  }

  #delete({ key }: Operation): Result {
    if (!this.store.get(key)) return answered('miss', 'not_applied');
    this.store.delete(key);
    return answered('ok', 'applied');
  }

  #touch(operation: Operation): Result {
    const entry = this.store.get(operation.key);
    if (!entry) return answered('miss', 'not_applied');
    entry.expiresAt = this.#expiry(operation, entry);
    return answered('ok', 'applied');
  }

  /** Why the condition of a put or delete does not hold; undefined when it does. */
  #refusal({ key, condition, etag, value }: Operation): Result | undefined {
    const entry = this.store.get(key);
    if (condition === 'none') return undefined;
    if (condition === 'absent') return entry ? answered('exists', 'not_applied') : undefined;
    if (condition === 'etag' && value && value.length > CONDITION_LIMIT_BYTES)
      return failure('too_large_for_condition');
    if (!entry) return answered('absent', 'not_applied');
    if (!entry.value) return failure('foreign_type');
    if (condition === 'present') return undefined;
    if (entry.value.length > CONDITION_LIMIT_BYTES) return failure('too_large_for_condition');
    const current = sha1(entry.value);
    if (etag?.equals(current)) return undefined;
    return { ...answered('changed', 'not_applied'), value: Buffer.from(entry.value), etag: current };
  }

  #expiry({ ttlKind, ttlMs }: Operation, entry: Entry | undefined): number {
    if (ttlKind === 'never') return Number.POSITIVE_INFINITY;
    return ttlKind === 'keep' && entry ? entry.expiresAt : this.store.clock.nowMs + ttlMs;
  }
}

function answered(status: Result['status'], outcome: Outcome): Result {
  return { status, outcome, value: undefined, etag: undefined, ttlMs: undefined, detail: undefined };
}

function sha1(value: Buffer): Buffer {
  return createHash('sha1').update(value).digest();
}

function lostOutcome({ verb, ttlKind }: Operation): Outcome {
  return verb === 'ping' || (verb === 'get' && ttlKind === 'default') ? 'not_applied' : 'unknown';
}
