// `create()`: checks the options and makes a cache of the calls in calls.ts, many-calls.ts, counters.ts,
// regions.ts, locks.ts and get-or-set.ts, with callbacks.

import { type Callback, settle } from '../callback.js';
import { AzureCacheError } from '../errors.js';
import { defaultLife } from '../life.js';
import { openTransport, type TransportOptions, warnOfOthers } from '../transport/transport.js';
import type { AzureCache } from './azure-cache.js';
import type { Ttl } from './call-options.js';
import * as calls from './calls.js';
import * as counters from './counters.js';
import { events } from './events.js';
import { getOrSet } from './get-or-set.js';
import * as locks from './locks.js';
import * as manyCalls from './many-calls.js';
import * as regions from './regions.js';
import { Scope } from './scope.js';
import { NotJson } from './value.js';

export interface CacheOptions extends TransportOptions {
  /**
   * Seconds that entries live, or `never`. Default: AZURE_CACHE_TTL_SECONDS, else AZURE_CACHE_TTL, else what the
   * sidecar is set to (one day).
   */
  ttl?: Exclude<Ttl, 'keep'> | null | undefined;
  /** Stands before each key. Default: nothing. */
  prefix?: string | undefined;
  /** Options of 2013, checked and not used: the settings of the sidecar name the cache. */
  identifier?: string | null | undefined;
  token?: string | null | undefined;
}

/**
 * Makes a cache. It connects with the first call; caches of one process and place share one connection.
 * @throws AzureCacheError `options_invalid`, `ttl_invalid`
 */
export function create(options?: CacheOptions | null): AzureCache {
  const given = options ?? {};
  if (typeof given !== 'object') throw invalid('The options of create are an object.');
  warnOfOthers('create', given, ['ttl', 'prefix'], ['identifier', 'token']);
  // As in 2013, whatever counts as false is as good as nothing.
  for (const name of ['identifier', 'token'] as const)
    if (given[name] && typeof given[name] !== 'string')
      throw invalid(`The options.${name} must be a string.`);
  const { prefix = '' } = given;
  if (typeof prefix !== 'string') throw invalid('The options.prefix must be a string.');
  const life = defaultLife(given.ttl);
  return cacheOn(openTransport(given), prefix, life);
}

function invalid(message: string): AzureCacheError {
  return new AzureCacheError('options_invalid', message);
}

/** One that stands on any transport. */
export function cacheOn(...place: ConstructorParameters<typeof Scope>): AzureCache {
  const scope = new Scope(...place);
  const close = (callback?: Callback<void>) => settle(scope.transport.close(), callback);
  // Functions without `this`, as in 2013, so that `var put = cache.put` works. Their types are in azure-cache.ts.
  const cache = {
    put: onTwo(scope, calls.put),
    get: onOne(scope, calls.get, withText),
    remove: onOne(scope, calls.remove),
    has: onOne(scope, calls.has),
    touch: onOne(scope, calls.touch),
    getMany: onOne(scope, manyCalls.getMany),
    putMany: onOne(scope, manyCalls.putMany),
    touchMany: onOne(scope, manyCalls.touchMany),
    removeMany: onOne(scope, manyCalls.removeMany),
    update: onTwo(scope, calls.update),
    increment: onOneOrTwo(scope, counters.increment),
    decrement: onOneOrTwo(scope, counters.decrement),
    append: onTwo(scope, counters.append),
    prepend: onTwo(scope, counters.prepend),
    getAndLock: onOne(scope, locks.getAndLock),
    putAndUnlock: onThree(scope, locks.putAndUnlock),
    unlock: onTwo(scope, locks.unlock),
    getOrSet: onTwo(scope, getOrSet),
    keys: (prefix: unknown, given: unknown) => regions.keys(scope, prefix, given),
    count: onOne(scope, regions.count),
    clear: onOne(scope, regions.clear),
    keysByTag: (tag: unknown, given: unknown) => regions.keysByTag(scope, tag, given),
    removeByTag: onOne(scope, regions.removeByTag),
    events: (prefix: unknown, given: unknown) => events(scope, prefix ?? '', given),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
  return cache as unknown as AzureCache;
}

type Settled = Callback<unknown>;

/** A function of a key or keys: options may be left out before the callback. */
function onOne(
  scope: Scope,
  call: (scope: Scope, subject: unknown, given: unknown) => Promise<unknown>,
  told: (callback: Settled) => Settled = (callback) => callback,
) {
  return (subject: unknown, given: unknown, callback?: Settled) =>
    typeof given === 'function'
      ? settle(call(scope, subject, undefined), told(given as Settled))
      : settle(call(scope, subject, given), callback && told(callback));
}

/** The same, where a value or a function comes after the key. */
function onTwo(
  scope: Scope,
  call: (scope: Scope, subject: unknown, value: unknown, given: unknown) => Promise<unknown>,
) {
  return (subject: unknown, value: unknown, given: unknown, callback?: Settled) =>
    typeof given === 'function'
      ? settle(call(scope, subject, value, undefined), given as Settled)
      : settle(call(scope, subject, value, given), callback);
}

/** The same, with something more after that. */
function onThree(
  scope: Scope,
  call: (scope: Scope, subject: unknown, value: unknown, more: unknown, given: unknown) => Promise<unknown>,
) {
  return (subject: unknown, value: unknown, more: unknown, given: unknown, callback?: Settled) =>
    typeof given === 'function'
      ? settle(call(scope, subject, value, more, undefined), given as Settled)
      : settle(call(scope, subject, value, more, given), callback);
}

/** The same, where what comes after the key may be left out. */
function onOneOrTwo(...call: Parameters<typeof onTwo>) {
  const two = onTwo(...call);
  return (subject: unknown, value: unknown, given: unknown, callback?: Settled) =>
    typeof value === 'function' ? two(subject, undefined, value) : two(subject, value, given, callback);
}

/** As in 2013, the callback of a get is told the text of what is no JSON. */
function withText(callback: Settled): Settled {
  return (error, value) => callback(error, error ? NotJson.textOf(error) : value);
}
