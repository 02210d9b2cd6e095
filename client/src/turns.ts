// Lets calls with the same name go one after the other. Used by update.ts, so that updates of one key in one process
// need not fight. Knows nothing of what they do: what makes them correct is the compare-and-set.

export class Turns {
  readonly #patienceMs: number;
  /** The end of the last turn of each line. */
  readonly #lastOf = new Map<string, Promise<void>>();

  /** @param patienceMs a turn that lasts longer does not hold up the next (it may be waiting for that) */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#lastOf.get(name);
    let leave = () => {};
    const mine = new Promise<void>((resolve) => {
      leave = resolve;
    });
    this.#lastOf.set(name, mine);
    if (before) await before;
    const timer = setTimeout(leave, this.#patienceMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      leave();
      if (this.#lastOf.get(name) === mine) this.#lastOf.delete(name);
    }
  }
}
