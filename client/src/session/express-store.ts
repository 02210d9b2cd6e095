// The store for express-session: what the middleware makes of a get goes through `createSession`, which is where what
// was read and what will be saved are brought together (express-carrier.ts). What the middleware calls is in its
// index.js (express-session 1.19).
import type { EventEmitter } from 'node:events';
import { type AzureCacheStore, callbackStoreOn, PARTS, type SessionRecord } from './callback-store.js';
import { ExpressCarrier } from './express-carrier.js';
import type { StoreOptions } from './options.js';
import { usableCookie } from './usable-cookie.js';

// biome-ignore lint/suspicious/noExplicitAny: the constructor of a store that this project does not know
export type StoreBase = abstract new (...options: any[]) => object;
/** The class that `azurecache(session)` answers. */
export type StoreClass<Base extends StoreBase> = new (
  options?: StoreOptions,
) => AzureCacheStore & InstanceType<Base>;

/** What a base class of stores gives us. */
interface BaseStore extends EventEmitter {
  createSession(request: { sessionID: string }, session: SessionRecord): SessionRecord;
}

/** Makes the store class on the one of the framework. */
export function storeOn<Base extends StoreBase>(base: Base, parts: typeof PARTS = PARTS): StoreClass<Base> {
  let carrier: ExpressCarrier;
  const CallbackStore = callbackStoreOn(base as unknown as new () => BaseStore, parts, (serializer) => {
    carrier = new ExpressCarrier(serializer);
    return carrier;
  });
  class ExpressStore extends CallbackStore {
    // Made by the constructor that has just run.
    readonly #carrier = carrier;

    /** Called by the middleware with what `get` has answered; also by load and reload, not by generate. */
    override createSession(request: { sessionID: string }, plain: SessionRecord): SessionRecord {
      plain.cookie = usableCookie(plain.cookie);
      const session = super.createSession(request, plain);
      this.#carrier.made(request.sessionID, plain, session);
      return session;
    }
  }
  Object.defineProperty(ExpressStore, 'name', { value: 'AzureCacheStore' });
  return ExpressStore as unknown as StoreClass<Base>;
}
