// What `create()` answers, in types and in words. Made in cache.ts; what the calls do is in calls.ts and
// many-calls.ts; those that count are in counting.ts, those on all keys with one prefix in regional.ts, those on
// locks in locking.ts.

import type { Callback } from '../callback.js';
import type {
  CallOptions,
  Entry,
  GetManyOptions,
  GetOptions,
  HasOptions,
  PutManyOptions,
  PutOptions,
  RemoveOptions,
  TouchManyOptions,
  TouchOptions,
  Ttl,
  UpdateOptions,
} from './call-options.js';
import type { Counting } from './counting.js';
import type { CacheEvent, EventsOptions } from './events.js';
import type { Locking } from './locking.js';
import type { Regional } from './regional.js';
import type { Change } from './update.js';

type Raw = { raw: true };
type Json = { raw?: false | undefined };
type WithEtag = { etag: true };
type IfChanged = { ifNoneMatch: string };
type WithoutEtag = { etag?: false | undefined };
type Maybe<T> = T | null | undefined;

/**
 * A cache. Every call answers a promise, and takes a callback last as well: where neither is used an error goes
 * unseen, but it does not end the process. A callback is called once, outside of the promise, so that what it throws
 * is an uncaught exception. Errors are AzureCacheError. The functions can be taken off the object.
 */
export interface AzureCache extends Counting, Regional, Locking, AsyncDisposable {
  /**
   * Stores a value as JSON, or with `raw: true` as it is.
   * @param ttl seconds, `never`, `keep`, or options. Default: the option `ttl` of `create`
   * @returns true, or with `etag: true` the new ETag; false when the condition asked for did not hold
   */
  put(key: string, value: unknown, callback?: Callback<boolean>): Promise<boolean>;
  put(
    key: string,
    value: unknown,
    options: PutOptions & WithEtag,
    callback?: Callback<string | false>,
  ): Promise<string | false>;
  put(
    key: string,
    value: unknown,
    ttl: Maybe<Ttl | (PutOptions & WithoutEtag)>,
    callback?: Callback<boolean>,
  ): Promise<boolean>;

  /**
   * Reads a value; null when there is none. What is no JSON is an error, a SyntaxError with code `value_not_json`; a
   * callback then gets the text as its second argument. With `ifNoneMatch` the answer is false where the value still has
   * this ETag. A get is a use of what slides.
   */
  get<T = unknown>(key: string, callback?: Callback<T | null>): Promise<T | null>;
  get(
    key: string,
    options: GetOptions & Raw & WithEtag & IfChanged,
    callback?: Callback<Entry<Buffer> | null | false>,
  ): Promise<Entry<Buffer> | null | false>;
  get<T = unknown>(
    key: string,
    options: GetOptions & Json & WithEtag & IfChanged,
    callback?: Callback<Entry<T> | null | false>,
  ): Promise<Entry<T> | null | false>;
  get(
    key: string,
    options: GetOptions & Raw & WithEtag,
    callback?: Callback<Entry<Buffer> | null>,
  ): Promise<Entry<Buffer> | null>;
  get(
    key: string,
    options: GetOptions & Raw & WithoutEtag,
    callback?: Callback<Buffer | null>,
  ): Promise<Buffer | null>;
  get<T = unknown>(
    key: string,
    options: GetOptions & Json & WithEtag,
    callback?: Callback<Entry<T> | null>,
  ): Promise<Entry<T> | null>;
  get<T = unknown>(
    key: string,
    options: Maybe<GetOptions & Json & WithoutEtag>,
    callback?: Callback<T | null>,
  ): Promise<T | null>;

  /** Removes an entry; true when it was there, and the condition asked for did hold. */
  remove(key: string, callback?: Callback<boolean>): Promise<boolean>;
  remove(key: string, options: Maybe<RemoveOptions>, callback?: Callback<boolean>): Promise<boolean>;

  /** Whether there is an entry. Its value is sent here all the same. It is no use of what slides. */
  has(key: string, callback?: Callback<boolean>): Promise<boolean>;
  has(key: string, options: Maybe<HasOptions>, callback?: Callback<boolean>): Promise<boolean>;

  /**
   * Gives an entry a new life; false when there is none.
   * @param ttl seconds, `never`, or options. Default: the option `ttl` of `create`
   */
  touch(key: string, callback?: Callback<boolean>): Promise<boolean>;
  touch(
    key: string,
    ttl: Maybe<number | 'never' | TouchOptions>,
    callback?: Callback<boolean>,
  ): Promise<boolean>;

  /** Reads many at once. Answers those that are there, in the order of `keys`. Errors are as with putMany. */
  getMany<T = unknown>(keys: Iterable<string>, callback?: Callback<Map<string, T>>): Promise<Map<string, T>>;
  getMany(
    keys: Iterable<string>,
    options: GetManyOptions & Raw,
    callback?: Callback<Map<string, Buffer>>,
  ): Promise<Map<string, Buffer>>;
  getMany<T = unknown>(
    keys: Iterable<string>,
    options: Maybe<GetManyOptions & Json>,
    callback?: Callback<Map<string, T>>,
  ): Promise<Map<string, T>>;

  /**
   * Stores many at once. A key that is no string and a value that is no JSON are found before anything is sent; when
   * others fail it is a ManyError, which names them by their places.
   * @param entries a Map, another iterable of [key, value], or an object that has the keys as names
   * @returns how many were written: all, unless there was a condition
   */
  putMany(entries: Pairs, callback?: Callback<number>): Promise<number>;
  putMany(entries: Named, callback?: Callback<number>): Promise<number>;
  putMany(entries: Pairs, ttl: Maybe<Ttl | PutManyOptions>, callback?: Callback<number>): Promise<number>;
  putMany(entries: Named, ttl: Maybe<Ttl | PutManyOptions>, callback?: Callback<number>): Promise<number>;

  /**
   * Gives many entries a new life at once; answers how many were there. Errors are as with putMany.
   * @param ttl seconds, `never`, or options. Default: the option `ttl` of `create`
   */
  touchMany(keys: Iterable<string>, callback?: Callback<number>): Promise<number>;
  touchMany(
    keys: Iterable<string>,
    ttl: Maybe<number | 'never' | TouchManyOptions>,
    callback?: Callback<number>,
  ): Promise<number>;

  /** Removes many at once; answers how many were there. Errors are as with putMany. */
  removeMany(keys: Iterable<string>, callback?: Callback<number>): Promise<number>;
  removeMany(
    keys: Iterable<string>,
    options: Maybe<CallOptions>,
    callback?: Callback<number>,
  ): Promise<number>;

  /**
   * Changes a value without losing what others write at the same time: reads it, calls `change` with it (null when
   * there is none), and writes what that answers if nobody has written since; else again, up to 8 times, after which
   * the error is `conflict`. Values up to 1 MiB. Updates of one key by this cache object take turns; the deadline holds
   * for the wait, for each read and for each write.
   * @param ttl seconds, `never`, `keep`, or options. Default: an entry that is there keeps its life
   * @returns the new value; when `change` answered undefined, the one that is there
   */
  update<T = unknown>(key: string, change: Change<T>, callback?: Callback<T | null>): Promise<T | null>;
  update(
    key: string,
    change: Change<Buffer, Uint8Array>,
    options: UpdateOptions & Raw,
    callback?: Callback<Uint8Array | null>,
  ): Promise<Uint8Array | null>;
  update<T = unknown>(
    key: string,
    change: Change<T>,
    ttl: Maybe<Ttl | (UpdateOptions & Json)>,
    callback?: Callback<T | null>,
  ): Promise<T | null>;

  /**
   * What happens to the entries whose keys begin with `prefix` (default: to all of this cache), as it happens, for
   * `for await`. It connects by itself, again after each loss, on a connection that keeps the process alive while it is
   * read. Who reads slower than 256 KiB behind is cut off, and begins anew with `lost` and `reset`.
   */
  events(prefix?: Maybe<string>, options?: Maybe<EventsOptions>): AsyncIterableIterator<CacheEvent, void>;

  /** Waits for what is under way, then gives the connection back. Calls from then on fail with code `closed`. */
  close(callback?: Callback<void>): Promise<void>;
}

// Apart, since TypeScript finds out that `keys.map((key) => [key, 1])` is of pairs only where nothing else is possible.
type Pairs = Iterable<readonly [key: string, value: unknown]>;
type Named = Readonly<Record<string, unknown>>;
