// The store for @fastify/session, which calls get, set and destroy, and set for every request when `rolling` is on:
// what has not changed becomes a touch (writer.ts). What it calls is in its lib/ (11.1).
import { EventEmitter } from 'node:events';
import { callbackStoreOn, PARTS } from './callback-store.js';
import { FastifyCarrier } from './fastify-carrier.js';

/** Makes the store class; tests put other parts below it. */
export function fastifyStore(parts: typeof PARTS = PARTS) {
  return callbackStoreOn(EventEmitter, parts, (serializer) => new FastifyCarrier(serializer));
}
