// What the stores of frameworks that call back have in common: express-session's and @fastify/session's. A get answers
// plain data; how what was read is found again at the save of the object that the framework makes of it is a carrier's,
// of which each framework has its own. The rules are session/sessions.ts'.
import type { EventEmitter } from 'node:events';
import type { Callback } from '../callback.js';
import { openTransport } from '../transport/transport.js';
import { cookieDates } from './dates.js';
import type { Held, Loaded } from './held.js';
import type { Fields } from './merge.js';
import { checkOptions, type StoreOptions } from './options.js';
import { Sessions } from './sessions.js';
import { type Serializer, takeDated, takeSnapshot } from './snapshot.js';
import { Answers, countIn, tell } from './store-answers.js';

/** What every AzureCacheStore has beyond the store of its framework. Each call takes a callback or answers a promise. */
export interface AzureCacheStore {
  readonly prefix: string;
  /** Saves that found their session ended, and saves that met another one, since the store was made. */
  readonly counts: { readonly dropped: number; readonly merged: number };
  get(sid: string, callback?: Callback<SessionRecord | null>): Promise<SessionRecord | null>;
  set(sid: string, session: object, callback?: Callback<void>): Promise<void>;
  touch(sid: string, session: object, callback?: Callback<void>): Promise<void>;
  destroy(sid: string, callback?: Callback<void>): Promise<void>;
  /**
   * Ends every session that has this tag (the option `tag`), or one of these: log out everywhere. Answers how many.
   */
  destroyByTag(tag: string | readonly string[], callback?: Callback<number>): Promise<number>;
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
/** What a base class of stores gives us. */
type BaseStore = EventEmitter;

/** What stands below a store; tests put something else there. */
export const PARTS = { openTransport, Sessions };

/** Carries what a get has read to the save of what the framework makes of it. */
export interface Carrier {
  /** What a get answers. */
  loaded(id: string, loaded: Loaded): SessionRecord;
  /** What stands behind an object that this store has met before, and under this id. */
  known(id: string, session: object): Held | undefined;
  /** The same, of one to be saved; undefined = nobody has read what it is to replace. */
  heldOf(id: string, session: Fields): Held | Promise<Held> | undefined;
}

/** Makes a store class on one of the framework's. */
export function callbackStoreOn<Base extends BaseStore>(
  base: new () => Base,
  parts: typeof PARTS,
  carrierFor: (serializer: Serializer) => Carrier,
) {
  class CallbackStore extends (base as new () => BaseStore) implements AzureCacheStore {
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
      this.#carrier = carrierFor(rules.serializer);
      this.#answers = new Answers((error) => tell(this, 'error', error));
      this.#transport = parts.openTransport(options);
      this.#sessions = new parts.Sessions(this.#transport, {
        ...rules,
        dates: cookieDates,
        tell: countIn(this),
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

    destroyByTag(tag: string | readonly string[], callback?: Callback<number>) {
      return this.#answers.give(() => this.#sessions.destroyByTag(tag), callback);
    }

    all(callback?: Callback<SessionRecord[]>) {
      return this.#answers.give(() => this.#sessions.all(), callback);
    }

    ids(callback?: Callback<string[]>) {
      return this.#answers.give(() => this.#sessions.ids(), callback);
    }

    length(callback?: Callback<number>) {
      return this.#answers.give(() => this.#sessions.length(), callback);
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

    async #set(sid: string, session: SessionRecord): Promise<void> {
      // All of it before anything is awaited: the request goes on changing the session, and may destroy it.
      const now = takeSnapshot(session, this.serializer, cookieDates);
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
            takeDated(session, this.serializer, cookieDates),
            () => takeSnapshot(session, this.serializer, cookieDates),
            life,
          )
        : this.#sessions.renew(sid, life);
    }
  }
  return CallbackStore as unknown as new (
    options?: StoreOptions,
  ) => AzureCacheStore & Base;
}
