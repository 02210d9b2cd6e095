// Tells what others have changed from the echoes of our own changes: a backend that tracks reports both alike
// (docs/decisions/0019). Used by events.ts; knows nothing but keys.

/** Longer than an answer and its echo, which come on two connections, are apart, also on a busy machine. */
const APART_MS = 1000;
/** An own change whose echo has not come by then has none: a touch with `never` of an entry that never expires. */
const CLAIM_MS = 1000;
/** Claims that nobody has taken up are looked for when there are so many. */
const MANY_KEYS = 10_000;

interface KeyState {
  /** Operations that have not been answered. */
  underWay: number;
  /** Something was reported since the first of them was sent. */
  heard: boolean;
  /** Runs while something was reported that may be the echo of one of them. */
  waiting: NodeJS.Timeout | undefined;
  /** Until then the next report is the echo of a change that was answered before. */
  claimedUntil: number;
}

export class Echoes {
  readonly #foreign: (key: string) => void;
  readonly #now: () => number;
  readonly #keys = new Map<string, KeyState>();

  /** @param foreign told of each change that is none of ours */
  constructor(foreign: (key: string) => void, now = () => performance.now()) {
    this.#foreign = foreign;
    this.#now = now;
  }

  /** An operation leaves that may change this key. */
  sent(key: string): void {
    const state = this.#keys.get(key);
    if (state) state.underWay += 1;
    else {
      if (this.#keys.size >= MANY_KEYS) this.#sweep();
      this.#keys.set(key, { underWay: 1, heard: false, waiting: undefined, claimedUntil: 0 });
    }
  }

  /** It was answered. */
  answered(key: string, changed: boolean): void {
    const state = this.#keys.get(key);
    // It was sent before a `clear`.
    if (!state || state.underWay === 0) return;
    state.underWay -= 1;
    if (changed) {
      // Several that were under way at once can have one echo: then none is waited for, and a change too many is told
      // rather than one too few.
      if (!state.heard) state.claimedUntil = this.#now() + CLAIM_MS;
      this.#take(state);
    } else if (state.underWay === 0 && this.#take(state)) this.#foreign(key);
    if (state.underWay > 0) return;
    state.heard = false;
    this.#forget(key, state);
  }

  /** The backend reports that this key has changed. */
  heard(key: string): void {
    const state = this.#keys.get(key);
    if (!state) return this.#foreign(key);
    if (state.claimedUntil > this.#now()) {
      state.claimedUntil = 0;
      state.heard = state.underWay > 0;
      return this.#forget(key, state);
    }
    if (state.underWay === 0) {
      this.#forget(key, state);
      return this.#foreign(key);
    }
    state.heard = true;
    state.waiting ??= setTimeout(() => this.#take(state) && this.#foreign(key), APART_MS).unref();
  }

  /** From here on nothing is reported of what was sent before. */
  clear(): void {
    for (const state of this.#keys.values()) this.#take(state);
    this.#keys.clear();
  }

  /** Whether something was waiting. */
  #take(state: KeyState): boolean {
    const waited = state.waiting !== undefined;
    clearTimeout(state.waiting);
    state.waiting = undefined;
    return waited;
  }

  #forget(key: string, { underWay, claimedUntil }: KeyState): void {
    if (underWay === 0 && claimedUntil <= this.#now()) this.#keys.delete(key);
  }

  #sweep(): void {
    for (const [key, state] of this.#keys) this.#forget(key, state);
  }
}
