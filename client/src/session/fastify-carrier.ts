// Carries what a get has read to the save of the Session that @fastify/session makes of it. That has no hook in which
// the two could be brought together, but keeps the cookie that was read, spread with its symbols, on the Session that it
// makes (lib/session.js, 11.1): what was read hangs on the cookie, under a symbol of ours. So each Session has what it
// was made of, also after `reload` and with two of them in one request (docs/decisions/0012). Called by fastify-store.ts.
import type { Carrier, SessionRecord } from './callback-store.js';
import { cookieDates } from './dates.js';
import { Held, type Loaded } from './held.js';
import type { Fields } from './merge.js';
import { loadedSnapshot, type Serializer, takeSnapshot } from './snapshot.js';
import { newStamp } from './stamp.js';
import { COOKIE_DATES, usableCookie } from './usable-cookie.js';

/**
 * Names that a Session has by birth and does not take from what was read, and those that the plugin calls on it: it
 * copies whatever it finds over its own methods, and `__proto__` over all of them.
 */
const OWN_NAMES = [
  ...['sessionId', 'encryptedSessionId', '__proto__'],
  ...['save', 'isModified', 'isSaved', 'regenerate'],
];

export class FastifyCarrier implements Carrier {
  readonly #serializer: Serializer;
  /** On the cookie of what a get has read. Of this store: in another one that is a session like any. */
  readonly #read = Symbol('azurecache.held');
  /** By the Sessions that have been here. */
  readonly #held = newStamp<Held>();

  constructor(serializer: Serializer) {
    this.#serializer = serializer;
  }

  loaded(id: string, { session, stored }: Loaded): SessionRecord {
    const plain: SessionRecord = session;
    plain.cookie = usableCookie(plain.cookie, COOKIE_DATES);
    const whole = !OWN_NAMES.some((name) => Object.hasOwn(plain, name));
    // They stay in what is stored.
    for (const name of OWN_NAMES) delete plain[name];
    const seen = whole
      ? loadedSnapshot(stored.text, plain, this.#serializer, cookieDates)
      : takeSnapshot(plain, this.#serializer, cookieDates);
    plain.cookie[this.#read] = new Held(id, stored, seen, whole);
    return plain;
  }

  known(id: string, session: object): Held | undefined {
    const known = this.#held.get(session);
    if (known) return known.id === id ? known : undefined;
    const read = this.#readOf(id, session);
    if (!read) return undefined;
    const held = isMadeOfNothing(session) ? this.#ofNothing(read) : read;
    this.#held.set(session, held);
    return held;
  }

  heldOf(id: string, session: Fields): Held | undefined {
    const known = this.known(id, session);
    if (known) return known;
    // A Session that no get has brought forth is new; its id is a getter of its class.
    if (session.sessionId !== id || Object.hasOwn(session, 'sessionId')) return undefined;
    const held = new Held(id);
    this.#held.set(session, held);
    return held;
  }

  /**
   * On the plain object that a get has answered, or among what a Session keeps of its cookie; with `regenerate` that of
   * another id.
   */
  #readOf(id: string, session: object): Held | undefined {
    const symbols = Object.getOwnPropertySymbols(session);
    const places = [(session as SessionRecord).cookie, ...symbols.map((symbol) => under(session, symbol))];
    for (const place of places) {
      const held = typeof place === 'object' && place !== null ? under(place, this.#read) : undefined;
      if (held instanceof Held && held.id === id) return held;
    }
    return undefined;
  }

  /** Of a Session that has the cookie of what was read, and nothing else of it: what it lacks it has not deleted. */
  #ofNothing({ id, stored, seen }: Held): Held {
    const { cookie } = seen.dated;
    return new Held(id, stored, takeSnapshot({ cookie }, this.#serializer, cookieDates), false);
  }
}

/**
 * Whether it is a Session that was given no fields. A `reload` that finds nothing, or fails, makes such a one with the
 * cookie and the id of the Session before it. A Session knows what it was made of (or saved as) by a hash, which
 * `isModified` compares with what it has: here with nothing.
 */
function isMadeOfNothing(session: object): boolean {
  const bare = Object.create(Object.getPrototypeOf(session));
  for (const symbol of Object.getOwnPropertySymbols(session)) bare[symbol] = under(session, symbol);
  return typeof bare.isModified === 'function' && !bare.isModified();
}

const under = (object: object, symbol: symbol): unknown => (object as Record<symbol, unknown>)[symbol];
