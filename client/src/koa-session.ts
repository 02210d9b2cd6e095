// What 'azurecache/koa-session' gives.
export { AzureCacheKoaStore, type KoaCall, type KoaStoreOptions } from './session/koa-store.js';
