// What 'azurecache/fastify-session' gives.
import { fastifyStore } from './session/fastify-store.js';

export type { AzureCacheStore } from './session/callback-store.js';
export type { StoreOptions } from './session/options.js';

/** For the option `store` of @fastify/session: `new AzureCacheFastifyStore(options)`. */
export class AzureCacheFastifyStore extends fastifyStore() {}
