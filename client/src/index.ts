// What require('azurecache') gives: a function, as in 2013, which carries the rest. For `import` there is index.mts.
import type * as api from './cache/azure-cache.js';
import * as cache from './cache/cache.js';
import type * as options from './cache/call-options.js';
import type * as events from './cache/events.js';
import type * as locking from './cache/locking.js';
import type * as many from './cache/many.js';
import * as errors from './errors.js';
import type * as store from './session/callback-store.js';
import * as expressStore from './session/express-store.js';
import type * as storeOptions from './session/options.js';
import * as sessions from './session/session-module.js';

/**
 * Makes the class of a session store, `new AzureCacheStore(options)`, for the option `store` of express-session.
 * @param session the module express-session, or an express up to 3
 */
function azurecache<Base extends expressStore.StoreBase>(
  session: sessions.SessionModule<Base>,
): expressStore.StoreClass<Base> {
  return expressStore.storeOn(sessions.storeBaseOf(session) as Base);
}

namespace azurecache {
  export import create = cache.create;
  export import AzureCacheError = errors.AzureCacheError;

  export type AzureCache = api.AzureCache;
  export type CacheOptions = cache.CacheOptions;
  export type Ttl = options.Ttl;
  export type Entry<T> = options.Entry<T>;
  export type CallOptions = options.CallOptions;
  export type PutOptions = options.PutOptions;
  export type PutManyOptions = options.PutManyOptions;
  export type GetOptions = options.GetOptions;
  export type GetManyOptions = options.GetManyOptions;
  export type HasOptions = options.HasOptions;
  export type RemoveOptions = options.RemoveOptions;
  export type TouchOptions = options.TouchOptions;
  export type UpdateOptions = options.UpdateOptions;
  export type ByTagOptions = options.ByTagOptions;
  export type IncrementOptions = options.IncrementOptions;
  export type EventsOptions = events.EventsOptions;
  export type CacheEvent = events.CacheEvent;
  export type LockHandle = locking.LockHandle;
  export type Locked<T> = locking.Locked<T>;
  export type LockOptions = locking.LockOptions;
  export type UnlockOptions = locking.UnlockOptions;
  export type Load<T> = locking.Load<T>;
  export type GetOrSetOptions = locking.GetOrSetOptions;
  export type AzureCacheStore = store.AzureCacheStore;
  export type StoreOptions = storeOptions.StoreOptions;
  export type ErrorCode = errors.ErrorCode;
  export type Outcome = errors.Outcome;
  export type ManyError = many.ManyError;
}

export = azurecache;
