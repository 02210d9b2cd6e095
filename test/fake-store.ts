// What lies behind the fake backend (fake-backend.ts): entries in memory, and a clock that a test moves.
// Several fakes can share one, as several connections share a Redis. Knows nothing of operations.

/** Time as the fake sees it: it stands still until it is moved. */
export class FakeClock {
  nowMs = Date.UTC(2026, 0, 1);
  advance(ms: number): void {
    this.nowMs += ms;
  }
}

/** What lies under a key. */
export interface Entry {
  /** Undefined: of a Redis type that is no cache entry. */
  value: Buffer | undefined;
  /** Infinity = never. */
  expiresAt: number;
}

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
