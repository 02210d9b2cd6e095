// Says whether the backend can be believed to tell of every change. Used by near-cache.ts; knows nothing of entries.
//
// A connection that is half open tells nothing, and silence looks the same as no changes. So marks are asked for, and
// changes are believed for a second from when the last mark that came back was sent: no copy that is served is older.
import type { Change, Watched } from './backend.js';

/** How often a mark is asked for. */
const MARK_MS = 500;
/** The promised bound: how much older than the entry a copy can be. */
const BOUND_MS = 1000;
/** The two clocks differ by more only after one was set, or after the machine slept, in which one of them stands still. */
const APART_MS = 100;

/** Time as an input. */
export interface Clock {
  /** Milliseconds that only go forward. */
  monotonicMs(): number;
  /** Milliseconds of the wall clock. */
  wallMs(): number;
  /** Calls `act` every so often; does not keep the process alive. Returns what ends it. */
  every(ms: number, act: () => void): () => void;
}

export const CLOCK: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  every: (ms, act) => {
    const timer = setInterval(act, ms).unref();
    return () => clearInterval(timer);
  },
};

export class NearProof {
  readonly #watched: Watched;
  readonly #clock: Clock;
  readonly #slept: () => void;
  readonly #sent = new Map<number, number>();
  #lastMark = 0;
  #provenMs = Number.NEGATIVE_INFINITY;
  #offsetMs: number;
  readonly #end: () => void;

  /** @param slept called when time has passed that no clock has counted: what is remembered is void */
  constructor(watched: Watched, clock: Clock, slept: () => void) {
    this.#watched = watched;
    this.#clock = clock;
    this.#slept = slept;
    this.#offsetMs = clock.wallMs() - clock.monotonicMs();
    this.#end = watched.alone ? () => {} : clock.every(MARK_MS, () => this.mark());
    if (!watched.alone) this.mark();
  }

  /** The time, after a look at whether it has jumped. */
  now(): number {
    const nowMs = this.#clock.monotonicMs();
    const offsetMs = this.#clock.wallMs() - nowMs;
    if (Math.abs(offsetMs - this.#offsetMs) > APART_MS) {
      this.#offsetMs = offsetMs;
      this.#provenMs = Number.NEGATIVE_INFINITY;
      // What comes back now was sent before.
      this.#sent.clear();
      this.#slept();
    }
    return nowMs;
  }

  /** Whether every change of more than a second ago has been told. */
  holds(nowMs: number): boolean {
    return this.#watched.alone || nowMs - this.#provenMs < BOUND_MS;
  }

  /** Asks for the next mark, whose time is when it is sent: nobody knows when it was written. */
  mark(): void {
    const nowMs = this.now();
    for (const [mark, sentMs] of this.#sent) if (nowMs - sentMs >= BOUND_MS) this.#sent.delete(mark);
    this.#lastMark = this.#lastMark === 0xffff_ffff ? 1 : this.#lastMark + 1;
    this.#sent.set(this.#lastMark, nowMs);
    this.#watched.mark(this.#lastMark);
  }

  told(change: Change): void {
    if (change.kind === 'lost') this.#provenMs = Number.NEGATIVE_INFINITY;
    if (change.kind !== 'proof') return;
    const sentMs = this.#sent.get(change.mark);
    if (sentMs !== undefined && sentMs > this.#provenMs) this.#provenMs = sentMs;
  }

  close(): void {
    this.#end();
  }
}
