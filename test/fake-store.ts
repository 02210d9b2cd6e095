// What lies behind the fake backend (fake-backend.ts): entries in memory, and a clock that a test moves.
// Several fakes can share one, as several connections share a Redis. Knows nothing of operations.
import { FakeLocks } from './fake-locks.js';

/** Time as the fake sees it: it stands still until it is moved. */
export class FakeClock {
  nowMs = Date.UTC(2026, 0, 1);
  advance(ms: number): void {
    this.nowMs += ms;
  }
}

/** What a hash of IDistributedCache says of its life. */
export interface HashLife {
  /** Infinity = never. */
  capAt: number;
  /** Infinity = it does not slide. */
  slidingMs: number;
}

/** What lies under a key. */
export interface Entry {
  /** Undefined: of a Redis type that is no cache entry. */
  value: Buffer | undefined;
  /** Infinity = never. */
  expiresAt: number;
  /** Left out: the value is a string. */
  hash?: HashLife | undefined;
  tags?: readonly string[] | undefined;
}

export class FakeStore {
  readonly clock: FakeClock;
  readonly locks: FakeLocks;
  /** With the number of the put that made the entry. */
  readonly #entries = new Map<string, Entry & { number: number }>();
  #lastNumber = 0;

  constructor(clock = new FakeClock()) {
    this.clock = clock;
    this.locks = new FakeLocks(clock);
  }

  get(key: Buffer): Entry | undefined {
    const entry = this.#entries.get(key.toString('latin1'));
    return entry && entry.expiresAt > this.clock.nowMs ? entry : undefined;
  }

  set(key: Buffer, entry: Entry): void {
    const name = key.toString('latin1');
    const number = this.#entries.get(name)?.number ?? ++this.#lastNumber;
    this.#entries.set(name, { ...entry, number });
  }

  delete(key: Buffer): void {
    this.#entries.delete(key.toString('latin1'));
  }

  /**
   * Keys in the order in which they were first put, from behind the number `after` on. Looks at `limit` entries, some
   * of which may have expired; `last` is the number of the last one, undefined at the end.
   */
  keysAfter(after: number, limit: number): { keys: Buffer[]; last: number | undefined } {
    const keys: Buffer[] = [];
    let seen = 0;
    let last = after;
    for (const [name, { number, expiresAt }] of this.#entries) {
      if (number <= after) continue;
      if (seen++ === limit) return { keys, last };
      if (expiresAt > this.clock.nowMs) keys.push(Buffer.from(name, 'latin1'));
      last = number;
    }
    return { keys, last: undefined };
  }

  /** Puts a list or the like under the key. */
  plantForeign(key: Buffer): void {
    this.set(key, { value: undefined, expiresAt: Number.POSITIVE_INFINITY });
  }
}
