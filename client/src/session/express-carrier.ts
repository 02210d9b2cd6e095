// Carries what a get has read to the save of the object that the middleware makes of it. What is kept hangs on the
// objects themselves, so it goes when the request does. Called by express-store.ts.
import type { Carrier } from './callback-store.js';
import { cookieDates } from './dates.js';
import { Held, type Loaded } from './held.js';
import type { Fields } from './merge.js';
import { loadedSnapshot, readSession, type Serializer, takeSnapshot } from './snapshot.js';
import { newStamp } from './stamp.js';

export class ExpressCarrier implements Carrier {
  readonly #serializer: Serializer;
  /** By what a get has answered. */
  readonly #loaded = newStamp<{ id: string; stored: Loaded['stored'] }>();
  /** By what has been made of that, or been saved. */
  readonly #held = newStamp<Held>();
  readonly #coming = newStamp<Promise<Held> | undefined>();

  constructor(serializer: Serializer) {
    this.#serializer = serializer;
  }

  /** Answers the session, as a get does. */
  loaded(id: string, { session, stored }: Loaded): Loaded['session'] {
    this.#loaded.set(session, { id, stored });
    return session;
  }

  /** A Session has been made of `plain`. */
  made(id: string, plain: object, session: Fields): void {
    const loaded = this.#loaded.get(plain);
    if (loaded?.id !== id) return;
    // A field named like a method of Session, or like what else it has by birth (`id`, `req`), is left out of it, but
    // stays in what is stored.
    const whole = Object.keys(plain).every((name) =>
      Object.prototype.propertyIsEnumerable.call(session, name),
    );
    const seen = whole
      ? loadedSnapshot(loaded.stored.text, session, this.#serializer, cookieDates)
      : this.#snapshot(session);
    this.#held.set(session, new Held(id, loaded.stored, seen, whole));
  }

  /** What stands behind an object that this store has met before, and under this id. */
  known(id: string, session: object): Held | undefined {
    const held = this.#held.get(session);
    return held?.id === id ? held : undefined;
  }

  /** The same, of one to be saved; undefined = nobody has read what it is to replace. */
  heldOf(id: string, session: Fields): Held | Promise<Held> | undefined {
    const known = this.#held.get(session);
    if (known) return known.id === id ? known : undefined;
    const loaded = this.#loaded.get(session);
    if (loaded?.id === id) return this.#heldOfPlain(session, loaded);
    // A Session (it alone has a request) that no get has brought forth is new.
    if (typeof session.req !== 'object' || session.id !== id) return undefined;
    const held = new Held(id);
    this.#held.set(session, held);
    return held;
  }

  #snapshot(session: Fields) {
    return takeSnapshot(session, this.#serializer, cookieDates);
  }

  /** For an application that changes what `get` answered and sets that. One for all saves of this tick. */
  #heldOfPlain(session: Fields, { id, stored }: { id: string; stored: Loaded['stored'] }): Promise<Held> {
    const coming = this.#coming.get(session) ?? this.#readAgain(id, stored);
    this.#coming.set(session, coming);
    coming.then((held) => this.#held.set(session, held)).catch(() => this.#coming.set(session, undefined));
    return coming;
  }

  async #readAgain(id: string, stored: Loaded['stored']): Promise<Held> {
    const seen = await readSession(stored.text, { serializer: this.#serializer, dates: cookieDates });
    return new Held(id, stored, this.#snapshot(seen ?? {}));
  }
}
