// What `import … from 'azurecache'` gives: the CommonJS module, so that a process has one connection however it asks.
import azurecache from './index.js';

export default azurecache;
export const { create, AzureCacheError } = azurecache;
export type AzureCacheError = azurecache.AzureCacheError;
export type AzureCache = azurecache.AzureCache;
export type CacheOptions = azurecache.CacheOptions;
export type Ttl = azurecache.Ttl;
export type Entry<T> = azurecache.Entry<T>;
export type CallOptions = azurecache.CallOptions;
export type PutOptions = azurecache.PutOptions;
export type PutManyOptions = azurecache.PutManyOptions;
export type GetOptions = azurecache.GetOptions;
export type GetManyOptions = azurecache.GetManyOptions;
export type HasOptions = azurecache.HasOptions;
export type RemoveOptions = azurecache.RemoveOptions;
export type TouchOptions = azurecache.TouchOptions;
export type UpdateOptions = azurecache.UpdateOptions;
export type IncrementOptions = azurecache.IncrementOptions;
export type EventsOptions = azurecache.EventsOptions;
export type CacheEvent = azurecache.CacheEvent;
export type AzureCacheStore = azurecache.AzureCacheStore;
export type StoreOptions = azurecache.StoreOptions;
export type ErrorCode = azurecache.ErrorCode;
export type Outcome = azurecache.Outcome;
export type ManyError = azurecache.ManyError;
