// Lets the saves of one session that have met others go one after the other: in one process they would mostly be in
// each other's way. Called by writer.ts. What makes them correct is the compare-and-set, not this.

export class Line {
  /** The last one of each session, by its id. */
  readonly #lastOf = new Map<string, Promise<unknown>>();

  /** @param work ends by itself: nobody else goes on before */
  wait<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#lastOf.get(id) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#lastOf.set(id, mine);
    const leave = () => {
      if (this.#lastOf.get(id) === mine) this.#lastOf.delete(id);
    };
    mine.then(leave, leave);
    return mine;
  }
}
