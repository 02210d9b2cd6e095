// Time that passes only as told: what is due happens in its order, and all that follows from it before the next. For
// tests of the near cache, whose clock it is.
import type { Clock } from '../../src/near-proof.js';

interface Due {
  atMs: number;
  act: () => void;
}

export class Timeline implements Clock {
  nowMs = 0;
  /** How much the machine slept: the wall clock has gone on. */
  sleptMs = 0;
  #due: Due[] = [];

  monotonicMs = (): number => this.nowMs;
  wallMs = (): number => this.nowMs + this.sleptMs;

  every = (ms: number, act: () => void): (() => void) => {
    let ended = false;
    const again = () => {
      if (ended) return;
      act();
      this.at(this.nowMs + ms, again);
    };
    this.at(this.nowMs + ms, again);
    return () => {
      ended = true;
    };
  };

  at(atMs: number, act: () => void): void {
    this.#due.push({ atMs, act });
  }

  /** Lets time pass, and all happen that is due meanwhile. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await settled();
    while (await this.#next(endMs));
    this.nowMs = endMs;
  }

  /** Lets time pass until the promise is kept. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const noted = promise.finally(() => {
      done = true;
    });
    await settled();
    while (!done && (await this.#next(Number.POSITIVE_INFINITY)));
    return noted;
  }

  async #next(endMs: number): Promise<boolean> {
    let first: Due | undefined;
    for (const due of this.#due) if (!first || due.atMs < first.atMs) first = due;
    if (!first || first.atMs > endMs) return false;
    this.#due.splice(this.#due.indexOf(first), 1);
    this.nowMs = Math.max(this.nowMs, first.atMs);
    first.act();
    await settled();
    return true;
  }
}

/** All that promises kept so far have led to has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
