// When sessions end, as far as this process has set it or asked, so that `touchAfter` need not ask at each request. Other
// processes may have touched a session since: it ends later then, and at most a touch too many is sent. If they have
// changed it, it has another ETag. Called by sessions.ts.

/** So many are remembered, 2 MB of memory at most; of those before, the end is asked again. */
const MAX = 10_000;

export class Ends {
  readonly #ends = new Map<string, { etag: string; endsAt: number }>();

  has(id: string): boolean {
    return this.#ends.has(id);
  }

  /** When it ends, in milliseconds since 1970; undefined = not known of what has this ETag. */
  get(id: string, etag: Buffer): number | undefined {
    const known = this.#ends.get(id);
    return known && known.etag === etag.toString('latin1') ? known.endsAt : undefined;
  }

  /** @param endsAt undefined = not known; what was is forgotten */
  set(id: string, etag: Buffer, endsAt: number | undefined): void {
    // Behind all others: the first is the one that was set longest ago.
    this.#ends.delete(id);
    if (endsAt === undefined) return;
    this.#ends.set(id, { etag: etag.toString('latin1'), endsAt });
    if (this.#ends.size > MAX) this.#ends.delete(this.#ends.keys().next().value as string);
  }

  forget(id: string): void {
    this.#ends.delete(id);
  }
}
