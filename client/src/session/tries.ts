// The tries of one save or touch: how many, how far apart, and how long each may take. Called by writer.ts.
import { setTimeout as wait } from 'node:timers/promises';

/** A save gives up after so many changes by others. */
const MAX_TRIES = 8;
const MAX_PAUSE_MS = 250;

export class Tries {
  readonly #until: number;
  #count = 1;
  #begun = performance.now();

  /** @param deadlineMs all of them end after this long */
  constructor(deadlineMs: number) {
    this.#until = performance.now() + deadlineMs;
  }

  /**
   * Waits until the next one is due: the second is at once, with what the first has found; then it is time to let
   * others pass, the longer the slower all is and the more often they were met.
   * @returns whether it has waited, so that what was found before is stale
   */
  async next(): Promise<boolean> {
    const pauses = this.#count > 1;
    const took = performance.now() - this.#begun;
    if (pauses) await wait(Math.random() * Math.min(MAX_PAUSE_MS, took * 2 ** this.#count));
    this.#count += 1;
    this.#begun = performance.now();
    return pauses;
  }

  /** This is the last one. */
  get over(): boolean {
    return this.#count >= MAX_TRIES || performance.now() >= this.#until;
  }

  /** What is left of the time, for an operation that is not the first. */
  get leftMs(): number {
    return Math.max(1, Math.ceil(this.#until - performance.now()));
  }

  /** How long an operation may take: the first of all as any other operation. */
  get limit(): { deadlineMs?: number } {
    return this.#count > 1 ? { deadlineMs: this.leftMs } : {};
  }
}
