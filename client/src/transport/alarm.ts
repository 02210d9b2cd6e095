// One timer for many deadlines: a timer for each call would cost as much as its frame. Used by unanswered.ts and
// waiting-room.ts. Times are milliseconds of `performance.now()`.

export class Alarm {
  readonly #ring: () => number;
  readonly #keepsAlive: boolean;
  #timer: NodeJS.Timeout | undefined;
  #at = Number.POSITIVE_INFINITY;

  /**
   * @param ring called when the earliest time set has come; answers the next one, or Infinity
   * @param keepsAlive whether the process waits for it
   */
  constructor(ring: () => number, keepsAlive: boolean) {
    this.#ring = ring;
    this.#keepsAlive = keepsAlive;
  }

  /** Rings at this time, unless an earlier one is set. */
  set(time: number): void {
    if (time >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = time;
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, Math.ceil(time - performance.now())));
    if (!this.#keepsAlive) this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#at = Number.POSITIVE_INFINITY;
  }

  #wake(): void {
    this.#at = Number.POSITIVE_INFINITY;
    this.set(this.#ring());
  }
}
