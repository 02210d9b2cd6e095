// The store for @fastify/session, which calls get, set and destroy, and set for every request when `rolling` is on:
// what has not changed becomes a touch (writer.ts). What it calls is in its lib/ (11.1).
import { EventEmitter } from 'node:events';
import type { Callback } from '../callback.js';
import { type AzureCacheStore, callbackStoreOn, PARTS, type SessionRecord } from './callback-store.js';
import { FastifyCarrier } from './fastify-carrier.js';
import type { StoreOptions } from './options.js';

/** As every store; a callback of @fastify/session expects its own type of session. */
export interface FastifyStore extends Omit<AzureCacheStore, 'get'>, EventEmitter {
  // biome-ignore lint/suspicious/noExplicitAny: what an application declares to be in its sessions is its own
  get(sid: string, callback?: Callback<any>): Promise<SessionRecord | null>;
}

/** Makes the store class; tests put other parts below it. */
export function fastifyStore(parts: typeof PARTS = PARTS): new (options?: StoreOptions) => FastifyStore {
  return callbackStoreOn(EventEmitter, parts, (serializer) => new FastifyCarrier(serializer));
}
