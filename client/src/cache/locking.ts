// The calls of AzureCache (azure-cache.ts) under which one at a time has a key, in types and in words. What they do is in
// locks.ts and get-or-set.ts. A lock is a promise among those who lock: calls without one go on as if there were none.
import type { Callback } from '../callback.js';
import type { CallOptions, LockHandle, PutOptions, Ttl } from './call-options.js';

export type { LockHandle } from './call-options.js';

type Maybe<T> = T | null | undefined;
type Raw = { raw: true };
type Json = { raw?: false | undefined };

/** A lock, and what lies under its key. */
export interface Locked<T> {
  /** Null where there is no entry. */
  value: T | null;
  /** Null where there is no entry. What `ifMatch` takes, to notice writes that passed the lock by. */
  etag: string | null;
  lock: LockHandle;
}

export interface LockOptions extends CallOptions {
  /**
   * Seconds that the lock is held at most, up to an hour: a holder that crashed frees the key by then. Longer than the
   * work under the lock takes. Default 30.
   */
  lease?: number | undefined;
  /** Lock the key where there is no entry, too. Default false. */
  absent?: boolean | undefined;
  /** Answer with bytes. Default false: JSON. */
  raw?: boolean | undefined;
}

export interface UnlockOptions extends CallOptions {
  /** The life that the entry has from now on. Default: it keeps its own. */
  ttl?: number | 'never' | null | undefined;
}

/** Makes the value of a key; undefined is not stored. @param load.signal fires once nobody waits for it any more */
export type Load<T> = (load: { signal: AbortSignal }) => T | Promise<T>;

export interface GetOrSetOptions extends Omit<PutOptions, 'ttl' | 'ifMatch' | 'ifNoneMatch' | 'etag'> {
  /** As in PutOptions; there is no `keep`. */
  ttl?: number | 'never' | null | undefined;
  /** Seconds that `load` may take until others load as well, up to an hour. Default 30. */
  lease?: number | undefined;
  /** Milliseconds to wait for the load of another process before this one loads, too. Default: twice the lease. */
  waitMs?: number | undefined;
  /** Read past the near cache of the sidecar. Default false. */
  fresh?: boolean | undefined;
}

export interface Locking {
  /**
   * Reads a value and takes its lock in one step. The lock ends with `putAndUnlock`, `remove` with it, or `unlock`, and
   * at the latest when its lease is over.
   * @returns null when there is no entry, without `absent: true`: then nothing is locked
   * @throws AzureCacheError `locked` (retryable) while another holds it
   */
  getAndLock<T = unknown>(key: string, callback?: Callback<Locked<T> | null>): Promise<Locked<T> | null>;
  getAndLock(
    key: string,
    options: LockOptions & Raw & { absent: true },
    callback?: Callback<Locked<Buffer>>,
  ): Promise<Locked<Buffer>>;
  getAndLock(
    key: string,
    options: LockOptions & Raw,
    callback?: Callback<Locked<Buffer> | null>,
  ): Promise<Locked<Buffer> | null>;
  getAndLock<T = unknown>(
    key: string,
    options: LockOptions & Json & { absent: true },
    callback?: Callback<Locked<T>>,
  ): Promise<Locked<T>>;
  getAndLock<T = unknown>(
    key: string,
    options: Maybe<LockOptions & Json>,
    callback?: Callback<Locked<T> | null>,
  ): Promise<Locked<T> | null>;

  /**
   * Writes, and gives the lock up in the same step.
   * @param ttl as with `put`
   * @returns as `put`; false also when the lock is not held any more. Then nothing was written; where only a condition did
   * not hold, the lock is still held
   */
  putAndUnlock(key: string, value: unknown, lock: LockHandle, callback?: Callback<boolean>): Promise<boolean>;
  putAndUnlock(
    key: string,
    value: unknown,
    lock: LockHandle,
    options: PutOptions & { etag: true },
    callback?: Callback<string | false>,
  ): Promise<string | false>;
  putAndUnlock(
    key: string,
    value: unknown,
    lock: LockHandle,
    ttl: Maybe<Ttl | (PutOptions & { etag?: false | undefined })>,
    callback?: Callback<boolean>,
  ): Promise<boolean>;

  /** Gives the lock up; false when it was not held any more. */
  unlock(key: string, lock: LockHandle, callback?: Callback<boolean>): Promise<boolean>;
  unlock(
    key: string,
    lock: LockHandle,
    options: Maybe<UnlockOptions>,
    callback?: Callback<boolean>,
  ): Promise<boolean>;

  /**
   * Reads a value, and where there is none makes it: `load` runs once for all who ask meanwhile, in all processes of all
   * hosts; they wait for what it answers. That is stored and answered, as JSON gives it back (with `raw: true` as it is,
   * and not to be changed, for all callers of a process have the same bytes). Null is a value; undefined is answered, and
   * not stored. What `load` throws goes to the callers of its process; others load for themselves then, one by one.
   *
   * When the lease is over, because the process that loads has crashed or is slow, one other loads. While the cache is
   * out of reach everybody loads, and nothing is stored: an outage of it is none of the application.
   * @param ttl seconds, `never`, or options. Default: the option `ttl` of `create`
   */
  getOrSet(
    key: string,
    load: Load<Uint8Array>,
    options: GetOrSetOptions & Raw,
    callback?: Callback<Uint8Array>,
  ): Promise<Uint8Array>;
  getOrSet<T>(key: string, load: Load<T>, callback?: Callback<T>): Promise<T>;
  getOrSet<T>(
    key: string,
    load: Load<T>,
    ttl: Maybe<number | 'never' | (GetOrSetOptions & Json)>,
    callback?: Callback<T>,
  ): Promise<T>;
}
