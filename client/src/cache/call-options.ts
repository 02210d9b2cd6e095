// The options of calls, as applications write them. Checked by call-rules.ts.

declare const HANDLE: unique symbol;

/** Shows who holds a lock: 32 hex digits, the Lock-Token of HTTP. Can be handed to another process. */
export type LockHandle = string & { readonly [HANDLE]: true };

/** Seconds (above 0, at most ten years; parts of a millisecond are rounded up), `never`, or `keep` the life there is. */
export type Ttl = number | 'never' | 'keep';

/** How an entry lies in Redis, where it is not in a plain string (with `ttl: 'keep'` it lies as it does), and its tags. */
export interface LayoutOptions {
  /**
   * Seconds that the entry lives on from each use: a get, an update, a put with `ttl: 'keep'`; not `has`, nor a get with
   * `touch: 'keep'`. A `ttl` beside it is the end that no use moves; without one there is none, whatever `create` says.
   * Such an entry lies in a hash, as IDistributedCache of ASP.NET Core has it.
   */
  sliding?: number | null | undefined;
  /** `hash`: as IDistributedCache of ASP.NET Core has it, which can read it then. Default: a plain string. */
  layout?: 'hash' | undefined;
  /**
   * What the entry is found by (`keysByTag`, `removeByTag`), in place of the tags it has: up to 100, each up to 255 bytes.
   * `[]` takes them away. Default: they stay as they are.
   */
  tags?: readonly string[] | null | undefined;
}

/** A value with its ETag, which is what `ifMatch` takes. */
export interface Entry<T> {
  value: T;
  etag: string;
  /** Seconds left, with `ttl: true`. */
  ttl?: number | 'never';
}

export interface CallOptions {
  /** Ends the waiting, with code `aborted`. What was sent may happen all the same: `outcome` says so. */
  signal?: AbortSignal | undefined;
  /** Milliseconds until the call fails. Default: the option of `create`. */
  deadlineMs?: number | undefined;
}

export interface ByTagOptions extends CallOptions {
  /** Of several tags all are wanted. Default false: any. */
  all?: boolean | undefined;
}

export interface PutManyOptions extends CallOptions, LayoutOptions {
  /** Default: the option of `create`, else AZURE_CACHE_TTL_SECONDS, else what the sidecar is set to (one day). */
  ttl?: Ttl | null | undefined;
  /** Values are bytes and stored as they are; they must not change before the answer. Default false: JSON. */
  raw?: boolean | undefined;
  /** Write only where there is nothing. */
  ifNoneMatch?: '*' | undefined;
}

export interface PutOptions extends PutManyOptions {
  /** Write only over the value with this ETag; `*`: only over some value. */
  ifMatch?: string | undefined;
  /** Answer with the ETag of what was written instead of with true. Default false. */
  etag?: boolean | undefined;
}

export interface HasOptions extends CallOptions {
  /** Read past the near cache of the sidecar. Default false. */
  fresh?: boolean | undefined;
}

export interface GetManyOptions extends HasOptions {
  /** Answer with bytes. Default false: JSON. */
  raw?: boolean | undefined;
  /**
   * The life that an entry has from this read on; of one that slides, the end that no use moves. `keep`: to look is no
   * use. Default: reading lets live on what slides, and leaves the life of others alone.
   */
  touch?: Ttl | null | undefined;
}

export interface GetOptions extends GetManyOptions {
  /** Answer with `{ value, etag }`. Default false. */
  etag?: boolean | undefined;
  /** With `etag: true`: answer with the life left as well. Default false. */
  ttl?: boolean | undefined;
  /** With `etag: true`: the ETag that the caller has. Where the value still is this one, the answer is false. */
  ifNoneMatch?: string | undefined;
}

export interface RemoveOptions extends CallOptions {
  /** Remove only the value with this ETag. */
  ifMatch?: string | undefined;
  /**
   * Remove only while this lock is held, and give it up in the same step, also where there is no entry any more. To remove
   * without a lock leave it out: `undefined` is refused with `token_invalid`.
   */
  lock?: LockHandle;
}

export interface TouchOptions extends Omit<RemoveOptions, 'lock'> {
  /** As in PutManyOptions; there is no `keep`. Of an entry that slides it is the end that no use moves. */
  ttl?: number | 'never' | null | undefined;
}

export interface TouchManyOptions extends CallOptions {
  /** As in TouchOptions. */
  ttl?: number | 'never' | null | undefined;
}

export interface IncrementOptions extends CallOptions {
  /** How much is added, or with decrement taken away: a safe integer, or a bigint of 64 bits, signed. Default 1. */
  by?: number | bigint | undefined;
  /** What is counted from where there is no number: the first answer is `initial` with `by` added. Default 0. */
  initial?: number | bigint | undefined;
  /** The life of a new number, as in PutManyOptions; one that is there keeps its own. */
  ttl?: number | 'never' | null | undefined;
}

export interface UpdateOptions extends CallOptions {
  /** Default `keep`; where there is nothing to keep, as in PutManyOptions. */
  ttl?: Ttl | null | undefined;
  /** Values are bytes. Default false: JSON. */
  raw?: boolean | undefined;
}
