// The store for koa-session. Its calls bring the context of their request, on which what a get has read waits for the
// save; a call without one reads and writes all the same, but cannot tell whose changes are whose. What it calls is in
// its src/context.ts (7.0). The rules are session/sessions.ts'.
import { EventEmitter } from 'node:events';
import { AzureCacheError } from '../errors.js';
import { PARTS, type SessionRecord } from './callback-store.js';
import { koaDates } from './dates.js';
import { Held, type Stored } from './held.js';
import { savedByKoa, takeOwnAway } from './koa-fields.js';
import { checkOptions, type StoreOptions } from './options.js';
import { loadedSnapshot, type Serializer, takeSnapshot } from './snapshot.js';
import { newStamp } from './stamp.js';
import { Answers, countIn, tell } from './store-answers.js';

/** So much longer than its cookie koa-session has a store keep a session. */
const KOA_EXTRA_MS = 10_000;

/** Of the options of a store: koa-session calls no touch, and has no way to go on without a session. */
const NOT_HERE = ['disableTouch', 'signalReadiness'] as const;

/** What koa-session gives with each call. */
export interface KoaCall {
  ctx?: object;
}

export type KoaStoreOptions = Omit<StoreOptions, (typeof NOT_HERE)[number]>;

/** For the option `store` of koa-session. */
export class AzureCacheKoaStore extends EventEmitter {
  readonly prefix: string;
  /** Saves that found their session ended, and saves that met another one, since the store was made. */
  readonly counts = { dropped: 0, merged: 0 };
  readonly #serializer: Serializer;
  readonly #transport;
  readonly #sessions;
  readonly #lifeOf;
  readonly #answers;
  /** What was read, by the context of the request and the key. */
  readonly #held = newStamp<Map<string, Held>>();

  /** @param parts what stands below it; tests put something else there */
  constructor(options: KoaStoreOptions = {}, parts = PARTS) {
    super();
    for (const name of NOT_HERE)
      if ((options as StoreOptions | null)?.[name])
        throw new AzureCacheError('options_invalid', `The store of koa-session has no option ${name}.`);
    const rules = checkOptions(options, ({ _maxAge }) => (typeof _maxAge === 'number' ? _maxAge : undefined));
    this.prefix = rules.prefix;
    this.#serializer = rules.serializer;
    this.#lifeOf = rules.lifeOf;
    this.#answers = new Answers((error) => tell(this, 'error', error));
    this.#transport = parts.openTransport(options);
    this.#sessions = new parts.Sessions(this.#transport, { ...rules, dates: koaDates, tell: countIn(this) });
  }

  /** The session under this key; undefined when there is none. */
  get(key: string, _maxAge?: unknown, call?: KoaCall): Promise<SessionRecord | undefined> {
    return this.#answers.give(async () => {
      const loaded = await this.#sessions.load(key).catch(noneUnder);
      if (!loaded) return undefined;
      const { session, stored } = loaded;
      const stands = Object.keys(session).length;
      takeOwnAway(session);
      if (call?.ctx) this.#heldOn(call.ctx).set(key, this.#heldOf(key, stored, session, stands));
      return session;
    });
  }

  /** @param maxAge milliseconds that a store is to keep it; koa-session gives ten seconds more than it has to live */
  set(key: string, session: SessionRecord, maxAge?: unknown, call?: KoaCall): Promise<void> {
    return this.#answers.give(async () => {
      // All of it before anything is awaited.
      const now = takeSnapshot(session, this.#serializer, koaDates);
      const life = this.#lifeOf(
        typeof maxAge === 'number' ? { ...session, _maxAge: lifeMs(session, maxAge) } : session,
      );
      if (!call?.ctx) return this.#sessions.put(key, now.text, life);
      const on = this.#heldOn(call.ctx);
      const held = on.get(key) ?? new Held(key);
      on.set(key, held);
      return this.#sessions.save(held, now, life);
    });
  }

  destroy(key: string, _call?: KoaCall): Promise<void> {
    return this.#answers.give(() => this.#sessions.destroy(key));
  }

  /** Ends every session that has this tag (the option `tag`), or one of these: log out everywhere. Answers how many. */
  destroyByTag(tag: string | readonly string[]): Promise<number> {
    return this.#answers.give(() => this.#sessions.destroyByTag(tag));
  }

  /** Every session, each with its key as `id`. */
  all(): Promise<SessionRecord[]> {
    return this.#answers.give(() => this.#sessions.all());
  }

  ids(): Promise<string[]> {
    return this.#answers.give(() => this.#sessions.ids());
  }

  length(): Promise<number> {
    return this.#answers.give(() => this.#sessions.length());
  }

  /** Ends all sessions under the prefix of this store. */
  clear(): Promise<void> {
    return this.#answers.give(() => this.#sessions.clear());
  }

  /** Waits for what is under way, then gives the connection back. Calls from then on fail with `closed`. */
  async close(): Promise<void> {
    await this.#answers.end();
    await this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #heldOn(ctx: object): Map<string, Held> {
    const on = this.#held.get(ctx) ?? new Map();
    this.#held.set(ctx, on);
    return on;
  }

  /** @param stands how many fields the stored text has */
  #heldOf(key: string, stored: Stored, session: SessionRecord, stands: number): Held {
    const seen = savedByKoa(session);
    const whole = Object.keys(seen).length === stands;
    return new Held(
      key,
      stored,
      whole
        ? loadedSnapshot(stored.text, session, this.#serializer, koaDates)
        : takeSnapshot(seen, this.#serializer, koaDates),
      whole,
    );
  }
}

/** What koa-session adds is taken off again where it is seen to have added it: others mean what they say. */
function lifeMs({ _maxAge }: SessionRecord, maxAge: number): number {
  return maxAge === _maxAge + KOA_EXTRA_MS ? _maxAge : maxAge;
}

/**
 * Nothing lies under what cannot be a key. Visitors bring such: where the cookie is not signed, and where it has the
 * whole session, since koa-session had no store before.
 */
function noneUnder(error: AzureCacheError | undefined): undefined {
  if (error?.code !== 'key_invalid' && error?.code !== 'key_too_long') throw error;
}
