// What is remembered of a session between its being read and its being saved. Made by the stores, kept up to date by
// writer.ts.
import { createHash } from 'node:crypto';
import { NOTHING, type Snapshot } from './snapshot.js';

/** What lies in the cache, as it was read or written last. */
export interface Stored {
  etag: Buffer;
  text: string;
  /** When the entry ends, by this process' clock; undefined = not known, or never. */
  endsAt: number | undefined;
}

/** A session that was read, before its framework has made an object of it. */
export interface Loaded {
  readonly session: Record<string, unknown>;
  readonly stored: Stored;
}

/** What a request had, and the text that was to be stored for it. */
export interface Written {
  readonly now: Snapshot;
  readonly text: string;
}

/** What became of one try. `again`: nobody else has changed anything, it just was not done. */
export type Try = 'written' | 'changed' | 'gone' | 'again';

/** What stands behind one session object. */
export class Held {
  readonly id: string;
  /** Undefined = it was never stored. */
  stored: Stored | undefined;
  /** What the request has seen or saved: what it has beyond that are its own changes. */
  seen: Snapshot;
  /** The stored text says the same as `seen`: no field was left out when the object was made, nothing merged in. */
  whole: boolean;
  /** The latest write whose answer was lost: found lying there, it was done after all. */
  unsure: Written | undefined;
  /** The session was ended while saves waited here for their turn. */
  destroyed = false;
  /** The last of its saves and touches, which queue behind each other. */
  last: Promise<void> | undefined;

  constructor(id: string, stored?: Stored, seen = NOTHING, whole = true) {
    this.id = id;
    this.stored = stored;
    this.seen = seen;
    this.whole = whole;
  }

  /** This lies in the cache now, and is all that the request has changed so far. */
  take(stored: Stored, { now, text }: Written): void {
    this.stored = stored;
    this.seen = now;
    this.whole = text === now.text;
    this.unsure = undefined;
  }

  /** Something else lies there than did before: from others, or from a write of this request whose answer was lost. */
  meet(found: Stored, now?: Snapshot): Try {
    const { unsure } = this;
    // Equal bytes may be somebody else's, who then has written the same.
    if (unsure && found.etag.equals(etagOf(unsure.text))) {
      this.take(found, unsure);
      return unsure.now === now ? 'written' : 'again';
    }
    this.stored = found;
    this.whole = false;
    return 'changed';
  }
}

/** The ETag of a text: DESIGN, how entries lie in Redis. */
function etagOf(text: string): Buffer {
  return createHash('sha1').update(text).digest();
}
