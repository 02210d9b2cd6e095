// Tells what others have changed from the echoes of our own changes: a backend that tracks reports both alike
// (docs/decisions/0019). Used by events.ts; knows nothing but keys.

/** Longer than an answer and its echo, which come on two connections, are apart, also on a busy machine. */
const APART_MS = 1000;
/** An own change whose echo has not come by then has none: a touch with `never` of an entry that never expires. */
const ECHO_MS = 1000;
/** Echoes that have not come are forgotten when there are so many keys. */
const MANY_KEYS = 10_000;

interface KeyState {
  /** Operations that have not been answered. */
  underWay: number;
  /** One of them has been told apart from others by a report, or is due one: as long as they overlap, that is all. */
  matched: boolean;
  /** Runs while something was reported that may be the echo of one of them. */
  waiting: NodeJS.Timeout | undefined;
  /** So many of the next reports are echoes of changes that were answered before. */
  due: number;
  /** After this they do not come any more. */
  dueUntil: number;
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
      this.#keys.set(key, { underWay: 1, matched: false, waiting: undefined, due: 0, dueUntil: 0 });
    }
  }

  /** It was answered. */
  answered(key: string, changed: boolean): void {
    const state = this.#keys.get(key);
    // It was sent before a `clear`.
    if (!state || state.underWay === 0) return;
    state.underWay -= 1;
    if (changed) {
      // Several that were under way at once can have one echo: only one is waited for, and a change too many is told rather
      // than one too few.
      if (!state.matched) {
        state.due = this.#dueOf(state) + 1;
        state.dueUntil = this.#now() + ECHO_MS;
        state.matched = true;
      }
      this.#take(state);
    } else if (state.underWay === 0 && this.#take(state)) this.#foreign(key);
    if (state.underWay > 0) return;
    state.matched = false;
    this.#forget(key, state);
  }

  /** The backend reports that this key has changed. */
  heard(key: string): void {
    const state = this.#keys.get(key);
    if (!state) return this.#foreign(key);
    const due = this.#dueOf(state);
    if (due > 0) {
      state.due = due - 1;
      return this.#forget(key, state);
    }
    if (state.underWay === 0) {
      this.#forget(key, state);
      return this.#foreign(key);
    }
    state.matched = true;
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

  #dueOf({ due, dueUntil }: KeyState): number {
    return dueUntil > this.#now() ? due : 0;
  }

  #forget(key: string, state: KeyState): void {
    if (state.underWay === 0 && this.#dueOf(state) === 0) this.#keys.delete(key);
  }

  #sweep(): void {
    for (const [key, state] of this.#keys) this.#forget(key, state);
  }
}
