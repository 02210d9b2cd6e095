// The store for express-session: carries what a request has read to what it saves. A get answers plain data; from that
// the middleware makes a Session through `createSession`, which is where the two are brought together. What is kept of
// a Session hangs on the object itself (WeakMap), so it goes when the request does.
// The rules are session/sessions.ts'; what the middleware calls is in its index.js (express-session 1.19).
import type { EventEmitter } from 'node:events';
import { type Callback, settle } from './callback.js';
import { AzureCacheError } from './errors.js';
import { cookieDates } from './session/dates.js';
import { Held, type Loaded } from './session/held.js';
import type { Fields } from './session/merge.js';
import { checkOptions, type StoreOptions } from './session/options.js';
import { Sessions } from './session/sessions.js';
import { readSession, takeSnapshot } from './session/snapshot.js';
import { openTransport } from './transport.js';

/** What every AzureCacheStore has beyond the store of its framework. Each call takes a callback or answers a promise. */
export interface AzureCacheStore {
  readonly prefix: string;
  /** Saves that found their session ended, and saves that met another one, since the store was made. */
  readonly counts: { readonly dropped: number; readonly merged: number };
  get(sid: string, callback?: Callback<SessionRecord | null>): Promise<SessionRecord | null>;
  set(sid: string, session: object, callback?: Callback<void>): Promise<void>;
  touch(sid: string, session: object, callback?: Callback<void>): Promise<void>;
  destroy(sid: string, callback?: Callback<void>): Promise<void>;
  /** Every session, each with its `id`. */
  all(callback?: Callback<SessionRecord[]>): Promise<SessionRecord[]>;
  ids(callback?: Callback<string[]>): Promise<string[]>;
  length(callback?: Callback<number>): Promise<number>;
  /** Ends all sessions under the prefix of this store. */
  clear(callback?: Callback<void>): Promise<void>;
  /** Waits for what is under way, then gives the connection back. Calls from then on fail with `closed`. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: what an application keeps in its sessions is its own
export type SessionRecord = Record<string, any>;
// biome-ignore lint/suspicious/noExplicitAny: the constructor of a store that this project does not know
export type StoreBase = abstract new (...options: any[]) => object;
/** The class that `azurecache(session)` answers. */
export type StoreClass<Base extends StoreBase> = new (
  options?: StoreOptions,
) => InstanceType<Base> & AzureCacheStore;

/** What a base class of stores gives us. */
type BaseStore = EventEmitter & {
  createSession(request: { sessionID: string }, session: SessionRecord): SessionRecord;
};

/** What stands below the store; tests put something else there. */
const PARTS = { openTransport, Sessions };

/** Makes the store class on the one of the framework. */
export function storeOn<Base extends StoreBase>(base: Base, parts: typeof PARTS = PARTS): StoreClass<Base> {
  class ExpressStore extends (base as unknown as new () => BaseStore) {
    readonly prefix;
    readonly ttl;
    readonly serializer;
    readonly disableTouch;
    readonly disableTTL;
    readonly counts = { dropped: 0, merged: 0 };
    readonly #transport;
    readonly #sessions;
    readonly #lifeOf;
    /** What a get has answered. */
    readonly #loaded = new WeakMap<object, Loaded & { id: string }>();
    readonly #held = new WeakMap<object, Held>();

    constructor(options: StoreOptions = {}) {
      super();
      const rules = checkOptions(options);
      this.prefix = rules.prefix;
      this.ttl = options.ttl;
      this.serializer = rules.serializer;
      this.disableTouch = options.disableTouch ?? false;
      this.disableTTL = options.disableTTL ?? false;
      this.#lifeOf = rules.lifeOf;
      this.#transport = parts.openTransport(options);
      this.#sessions = new parts.Sessions(this.#transport, {
        ...rules,
        dates: cookieDates,
        tell: (event, id) => {
          this.counts[event] += 1;
          this.emit(event, id);
        },
      });
      if (options.signalReadiness)
        this.#transport.onReadiness((reachable) => this.emit(reachable ? 'connect' : 'disconnect'));
    }

    get(sid: string, callback?: Callback<SessionRecord | null>) {
      return this.#answer(this.#get(sid), callback);
    }

    set(sid: string, session: SessionRecord, callback?: Callback<void>) {
      return this.#answer(this.#set(sid, session), callback);
    }

    touch(sid: string, session: SessionRecord, callback?: Callback<void>) {
      return this.#answer(this.#touch(sid, session), callback);
    }

    destroy(sid: string, callback?: Callback<void>) {
      return this.#answer(this.#sessions.destroy(sid), callback);
    }

    all(callback?: Callback<SessionRecord[]>) {
      const all = this.#sessions.all();
      return this.#answer(
        all.then((found) => found.map(({ id, session }) => ({ ...session, id }))),
        callback,
      );
    }

    ids(callback?: Callback<string[]>) {
      return this.#answer(this.#sessions.ids(), callback);
    }

    length(callback?: Callback<number>) {
      return this.#answer(
        this.#sessions.ids().then(({ length }) => length),
        callback,
      );
    }

    clear(callback?: Callback<void>) {
      return this.#answer(this.#sessions.clear(), callback);
    }

    close(): Promise<void> {
      return this.#transport.close();
    }

    [Symbol.asyncDispose](): Promise<void> {
      return this.close();
    }

    /** Called by the middleware with what `get` has answered; also by load and reload, not by generate. */
    override createSession(request: { sessionID: string }, plain: SessionRecord): SessionRecord {
      const loaded = this.#loaded.get(plain);
      // It is read without a look, and its absence would end the process in `load`.
      if (typeof plain.cookie !== 'object' || plain.cookie === null) plain.cookie = {};
      const session = super.createSession(request, plain);
      if (loaded?.id === request.sessionID) {
        // A field named like a method of Session is left out of it, but stays in what is stored.
        const whole = Object.keys(loaded.session).every((name) => Object.hasOwn(session, name));
        this.#held.set(session, new Held(loaded.id, loaded.stored, this.#snapshot(session), whole));
      }
      return session;
    }

    async #get(sid: string): Promise<SessionRecord | null> {
      const loaded = await this.#sessions.load(sid);
      if (!loaded) return null;
      this.#loaded.set(loaded.session, { id: sid, ...loaded });
      return loaded.session;
    }

    async #set(sid: string, session: SessionRecord): Promise<void> {
      // Before anything is awaited: the request goes on changing it.
      const now = this.#snapshot(session);
      const life = this.#lifeOf(session);
      const held = this.#heldOf(sid, session) ?? (await this.#heldOfPlain(sid, session));
      return held ? this.#sessions.save(held, now, life) : this.#sessions.put(sid, now.text, life);
    }

    async #touch(sid: string, session: SessionRecord): Promise<void> {
      if (this.disableTouch) return;
      const life = this.#lifeOf(session);
      const held = this.#held.get(session);
      return held?.id === sid
        ? this.#sessions.touch(held, this.#snapshot(session), life)
        : this.#sessions.renew(sid, life);
    }

    #heldOf(sid: string, session: SessionRecord): Held | undefined {
      const known = this.#held.get(session);
      if (known) return known.id === sid ? known : undefined;
      // A Session (it alone has a request) that no get has brought forth is new.
      if (typeof session.req !== 'object' || session.id !== sid) return undefined;
      const held = new Held(sid);
      this.#held.set(session, held);
      return held;
    }

    /** For an application that changes what `get` answered and sets that. */
    async #heldOfPlain(sid: string, session: SessionRecord): Promise<Held | undefined> {
      const loaded = this.#loaded.get(session);
      if (loaded?.id !== sid) return undefined;
      const seen = await readSession(loaded.stored.text, { serializer: this.serializer, dates: cookieDates });
      const held = new Held(sid, loaded.stored, this.#snapshot(seen ?? {}));
      this.#held.set(session, held);
      return held;
    }

    #snapshot(session: Fields) {
      return takeSnapshot(session, this.serializer, cookieDates);
    }

    #answer<T>(work: Promise<T>, callback: Callback<T> | undefined): Promise<T> {
      const answer = work.catch((error) => {
        // Whatever it is to the sidecar (401, 413), to the user of the application it is a service that is not there.
        if (error instanceof AzureCacheError) Object.assign(error, { status: 503 });
        if (this.listenerCount('error') > 0) this.emit('error', error);
        throw error;
      });
      return settle(answer, callback);
    }
  }
  Object.defineProperty(ExpressStore, 'name', { value: 'AzureCacheStore' });
  return ExpressStore as unknown as StoreClass<Base>;
}
