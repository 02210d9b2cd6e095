// The tries of one save or touch: how many, how far apart, and how long each may take. Called by writer.ts.
import { setTimeout as wait } from 'node:timers/promises';

/** A save gives up after so many changes by others. */
const MAX_TRIES = 8;
/** Before each try but the first and second it waits, up to this much longer each time. */
const JITTER_MS = 4;

export class Tries {
  readonly #until: number;
  #count = 1;

  /** @param deadlineMs all of them end after this long */
  constructor(deadlineMs: number) {
    this.#until = performance.now() + deadlineMs;
  }

  /** Waits until the next one is due. */
  async next(): Promise<void> {
    if (this.#count > 1) await wait(Math.random() * JITTER_MS * (this.#count - 1));
    this.#count += 1;
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
