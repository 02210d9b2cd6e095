// The calls of AzureCache (azure-cache.ts) on all keys with one prefix, or with tags, in types and in words. What they do is in
// regions.ts. A prefix is what a key begins with, each of its characters literally; '' stands for every key of this cache.
import type { Callback } from '../callback.js';
import type { ByTagOptions, CallOptions } from './call-options.js';

type Maybe<T> = T | null | undefined;

export interface Regional {
  /**
   * The keys that begin with `prefix`, as they are given to `get`, page by page while they are read. In no order; a key
   * that comes or goes meanwhile may be missing or there, and one may come twice. The deadline holds for each page.
   */
  keys(prefix: string, options?: Maybe<CallOptions>): AsyncIterableIterator<string, void>;

  /** How many keys begin with `prefix`: every one of them is listed for it, so it is no call for each request. */
  count(prefix: string, callback?: Callback<number>): Promise<number>;
  count(prefix: string, options: Maybe<CallOptions>, callback?: Callback<number>): Promise<number>;

  /**
   * Removes every entry whose key begins with `prefix`, page by page: what is put meanwhile may stay. The deadline holds
   * for each page. After an error part of them is gone; call again.
   * @returns how many were removed
   */
  clear(prefix: string, callback?: Callback<number>): Promise<number>;
  clear(prefix: string, options: Maybe<CallOptions>, callback?: Callback<number>): Promise<number>;

  /**
   * The keys of this cache whose entries carry the tag, or any of several, or with `all: true` all of them; tags are an
   * option of `put`. Read page by page, as `keys`; of several tags each
   * key comes once, for which the keys are remembered until the end.
   */
  keysByTag(
    tag: string | readonly string[],
    options?: Maybe<ByTagOptions>,
  ): AsyncIterableIterator<string, void>;

  /**
   * Removes every entry of this cache that carries the tag, or any or all of several, at the moment it is come to.
   * @returns how many were removed
   */
  removeByTag(tag: string | readonly string[], callback?: Callback<number>): Promise<number>;
  removeByTag(
    tag: string | readonly string[],
    options: Maybe<ByTagOptions>,
    callback?: Callback<number>,
  ): Promise<number>;
}
