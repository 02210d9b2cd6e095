// The store for express-session. A get answers plain data; from that the middleware makes a Session through
// `createSession`, which is where what was read and what will be saved are brought together (express-carrier.ts).
// The rules are session/sessions.ts'; what the middleware calls is in its index.js (express-session 1.19).
import type { EventEmitter } from 'node:events';
import type { Callback } from '../callback.js';
import { openTransport } from '../transport/transport.js';
import { cookieDates } from './dates.js';
import { Carrier } from './express-carrier.js';
import { checkOptions, type StoreOptions } from './options.js';
import { Sessions } from './sessions.js';
import { Answers } from './store-answers.js';

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
) => AzureCacheStore & InstanceType<Base>;

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
    readonly #carrier;
    readonly #answers;

    constructor(options: StoreOptions = {}) {
      super();
      const rules = checkOptions(options);
      this.prefix = rules.prefix;
      this.ttl = options.ttl;
      this.serializer = rules.serializer;
      this.disableTouch = options.disableTouch ?? false;
      this.disableTTL = options.disableTTL ?? false;
      this.#lifeOf = rules.lifeOf;
      this.#carrier = new Carrier(rules.serializer);
      this.#answers = new Answers((error) => {
        // Without a listener it would end the process.
        if (this.listenerCount('error') > 0) this.#tell('error', error);
      });
      this.#transport = parts.openTransport(options);
      this.#sessions = new parts.Sessions(this.#transport, {
        ...rules,
        dates: cookieDates,
        tell: (event, id) => {
          this.counts[event] += 1;
          this.#tell(event, id);
        },
      });
      if (options.signalReadiness)
        this.#transport.onReadiness((reachable) => this.emit(reachable ? 'connect' : 'disconnect'));
    }

    get(sid: string, callback?: Callback<SessionRecord | null>) {
      return this.#answers.give(async () => {
        const loaded = await this.#sessions.load(sid);
        return loaded ? this.#carrier.loaded(sid, loaded) : null;
      }, callback);
    }

    set(sid: string, session: SessionRecord, callback?: Callback<void>) {
      return this.#answers.give(() => this.#set(sid, session), callback);
    }

    touch(sid: string, session: SessionRecord, callback?: Callback<void>) {
      return this.#answers.give(() => this.#touch(sid, session), callback);
    }

    destroy(sid: string, callback?: Callback<void>) {
      return this.#answers.give(() => this.#sessions.destroy(sid), callback);
    }

    all(callback?: Callback<SessionRecord[]>) {
      return this.#answers.give(async () => {
        const found = await this.#sessions.all();
        return found.map(({ id, session }) => ({ ...session, id }));
      }, callback);
    }

    ids(callback?: Callback<string[]>) {
      return this.#answers.give(() => this.#sessions.ids(), callback);
    }

    length(callback?: Callback<number>) {
      return this.#answers.give(async () => (await this.#sessions.ids()).length, callback);
    }

    clear(callback?: Callback<void>) {
      return this.#answers.give(() => this.#sessions.clear(), callback);
    }

    async close(): Promise<void> {
      await this.#answers.end();
      await this.#transport.close();
    }

    [Symbol.asyncDispose](): Promise<void> {
      return this.close();
    }

    /** Called by the middleware with what `get` has answered; also by load and reload, not by generate. */
    override createSession(request: { sessionID: string }, plain: SessionRecord): SessionRecord {
      plain.cookie = usableCookie(plain.cookie);
      const session = super.createSession(request, plain);
      this.#carrier.made(request.sessionID, plain, session);
      return session;
    }

    async #set(sid: string, session: SessionRecord): Promise<void> {
      // All of it before anything is awaited: the request goes on changing the session, and may destroy it.
      const now = this.#carrier.snapshot(session);
      const life = this.#lifeOf(session);
      const held = this.#carrier.heldOf(sid, session);
      return held
        ? this.#sessions.save(held instanceof Promise ? await held : held, now, life)
        : this.#sessions.put(sid, now.text, life);
    }

    async #touch(sid: string, session: SessionRecord): Promise<void> {
      if (this.disableTouch) return;
      const life = this.#lifeOf(session);
      const held = this.#carrier.known(sid, session);
      return held
        ? this.#sessions.touch(
            held,
            this.#carrier.dated(session),
            () => this.#carrier.snapshot(session),
            life,
          )
        : this.#sessions.renew(sid, life);
    }

    /** What a listener throws is an uncaught exception, as from any emitter, and no failure of the call. */
    #tell(event: string, about: unknown): void {
      try {
        this.emit(event, about);
      } catch (error) {
        process.nextTick(() => {
          throw error;
        });
      }
    }
  }
  Object.defineProperty(ExpressStore, 'name', { value: 'AzureCacheStore' });
  return ExpressStore as unknown as StoreClass<Base>;
}

/**
 * A cookie that express-session takes: of what is not, it throws, and in `load` and `reload` that ends the process.
 * What cannot be used of it is as if it were not there.
 */
function usableCookie(cookie: unknown): SessionRecord {
  if (typeof cookie !== 'object' || cookie === null || Array.isArray(cookie)) return {};
  const usable: SessionRecord = cookie;
  for (const name of ['maxAge', 'originalMaxAge']) if (!isAge(usable[name] ?? 0)) delete usable[name];
  return usable;
}

/** From which express-session can compute a date. */
function isAge(ms: unknown): boolean {
  return typeof ms === 'number' && !Number.isNaN(new Date(Date.now() + ms).getTime());
}
