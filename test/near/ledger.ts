// What was written under one key, and when it was acknowledged: the judge of what is read. Writes are one after the
// other, by whomever, so that there is an order. Knows nothing of how they are done.

/** Nobody may read what was over by then. */
const BOUND_MS = 1000;
/** States that were over so long ago are forgotten: no read takes as long. */
const MEMORY_MS = 8000;

interface State {
  /** Null: no entry. */
  value: number | null;
  /** When it was acknowledged; Infinity while it is under way. */
  doneMs: number;
  /** Through which sidecar, if through one. */
  through: string | undefined;
}

export class Ledger {
  #states: State[] = [{ value: null, doneMs: 0, through: undefined }];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A write begins: from now on it may be seen. Returns what says that it is done, and since when. */
  begin(value: number | null, through?: string): (doneMs?: number) => void {
    const state: State = { value, doneMs: Number.POSITIVE_INFINITY, through };
    this.#states.push(state);
    return (doneMs = this.#now()) => {
      state.doneMs = doneMs;
      const old = this.#states.findLastIndex((one) => one.doneMs < this.#now() - MEMORY_MS);
      if (old > 0) this.#states.splice(0, old);
    };
  }

  /**
   * What is wrong with having read this value, if anything is.
   * @param through the sidecar that was read through
   * @param fromMs when the read began
   */
  fault(value: number | null, through: string, fromMs: number): string | undefined {
    const must = this.#states.findLastIndex(
      (state) => state.doneMs <= fromMs - BOUND_MS || (state.through === through && state.doneMs <= fromMs),
    );
    if (this.#states.slice(must).some((state) => state.value === value)) return undefined;
    const at = this.#states.findLastIndex((state) => state.value === value);
    const over = this.#states[at + 1];
    const own = this.#states[must]?.through === through ? ', and behind an own write' : '';
    return `read ${value}, which was over ${Math.round(fromMs - (over?.doneMs ?? 0))} ms before the read began${own}`;
  }
}
