// What is remembered of a session between its being read and its being saved. Made by the stores, kept up to date by
// writer.ts.
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

/** What stands behind one session object. */
export class Held {
  readonly id: string;
  /** Undefined = it was never stored. */
  stored: Stored | undefined;
  /** What the request has seen or saved: what it has beyond that are its own changes. */
  seen: Snapshot;
  /** The stored text says the same as `seen`: no field was left out when the object was made, nothing merged in. */
  whole: boolean;
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
}
