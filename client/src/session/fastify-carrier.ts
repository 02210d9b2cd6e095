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
import { usableCookie } from './usable-cookie.js';

const HELD = Symbol('azurecache.held');
/** Names that a Session has by birth and does not take from what was read. */
const OWN_NAMES = ['sessionId', 'encryptedSessionId'];

export class FastifyCarrier implements Carrier {
  readonly #serializer: Serializer;
  /** By the Sessions that no get has brought forth. */
  readonly #held = newStamp<Held>();

  constructor(serializer: Serializer) {
    this.#serializer = serializer;
  }

  loaded(id: string, { session, stored }: Loaded): SessionRecord {
    const plain: SessionRecord = session;
    plain.cookie = usableCookie(plain.cookie);
    const whole = !OWN_NAMES.some((name) => Object.hasOwn(plain, name));
    // They stay in what is stored.
    for (const name of OWN_NAMES) delete plain[name];
    const seen = whole
      ? loadedSnapshot(stored.text, plain, this.#serializer, cookieDates)
      : takeSnapshot(plain, this.#serializer, cookieDates);
    plain.cookie[HELD] = new Held(id, stored, seen, whole);
    return plain;
  }

  known(id: string, session: object): Held | undefined {
    const held = this.#held.get(session) ?? heldByCookie(session, id);
    return held?.id === id ? held : undefined;
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
}

/** On the plain object that a get has answered, or among what a Session keeps of its cookie; with `regenerate` that of another id. */
function heldByCookie(session: object, id: string): Held | undefined {
  const places: unknown[] = [(session as SessionRecord).cookie];
  for (const symbol of Object.getOwnPropertySymbols(session))
    places.push((session as Record<symbol, unknown>)[symbol]);
  for (const place of places) {
    const held =
      typeof place === 'object' && place !== null ? (place as SessionRecord)[HELD as never] : undefined;
    if ((held as unknown) instanceof Held && (held as Held).id === id) return held;
  }
  return undefined;
}
