// What 'azurecache/keyv' gives.
export { AzureCacheKeyv, type KeyvStoreEntry, type KeyvStoreOptions } from './cache/keyv-store.js';
