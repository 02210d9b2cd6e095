// Lets the saves of one session that have met others go one after the other: in one process they would mostly be in
// each other's way. Called by writer.ts. What makes them correct is the compare-and-set, not this.

export class Line {
  /** The last one of each session, by its id. */
  readonly #lastOf = new Map<string, Promise<unknown>>();

  /** @param work is told whether it had to wait; ends by itself: nobody else goes on before */
  wait<T>(id: string, work: (waited: boolean) => Promise<T>): Promise<T> {
    const before = this.#lastOf.get(id);
    const next = () => work(true);
    const mine = before ? before.then(next, next) : work(false);
    this.#lastOf.set(id, mine);
    const leave = () => {
      if (this.#lastOf.get(id) === mine) this.#lastOf.delete(id);
    };
    mine.then(leave, leave);
    return mine;
  }
}
