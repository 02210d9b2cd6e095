// Saves, with compare-and-set on the ETag of what their request has read. When something else lies there by now, the
// changes of this request are put onto that (rebase.ts), and it tries again. Nothing changed: a touch (toucher.ts).
// Called by sessions.ts, one at a time for each session object.
import { AzureCacheError } from '../errors.js';
import { type Entries, endOf, stored } from './entries.js';
import type { Held, Try } from './held.js';
import { Line } from './line.js';
import { rebase } from './rebase.js';
import type { SessionRules } from './session-rules.js';
import { type Snapshot, sameSession } from './snapshot.js';
import type { TaggedLife } from './tagging.js';
import type { Toucher } from './toucher.js';
import { Tries } from './tries.js';

export class Writer {
  readonly #entries: Entries;
  readonly #rules: SessionRules;
  readonly #toucher: Toucher;
  readonly #line = new Line();

  constructor(entries: Entries, rules: SessionRules, toucher: Toucher) {
    this.#entries = entries;
    this.#rules = rules;
    this.#toucher = toucher;
  }

  /** Stores what `now` has and `held.seen` has not. A session that has ended meanwhile stays so. */
  async save(held: Held, now: Snapshot, life: TaggedLife): Promise<void> {
    const { serializer, dates, tell } = this.#rules;
    const tries = new Tries(this.#entries.deadlineMs);
    if (held.stored && (await sameSession(held.seen, now, serializer, dates)))
      return this.#toucher.touch(held, life);
    const first = await this.#try(held, now, life, tries);
    const { end, merged } = isOver(first)
      ? { end: first, merged: false }
      : await this.#line.wait(held.id, (waited) => this.#tryAgain(first, held, now, life, tries, waited));
    if (end === 'gone') tell('dropped', held.id);
    else if (merged) tell('merged', held.id);
  }

  async #tryAgain(first: Try, held: Held, now: Snapshot, life: TaggedLife, tries: Tries, waited: boolean) {
    let end = first;
    let merged = false;
    const note = (found: Try) => {
      merged ||= found === 'changed';
      end = found;
    };
    for (note(first); !isOver(end); ) {
      if (tries.over) throw conflict();
      const paused = await tries.next();
      // What was found before is stale by now.
      if (paused || waited) note(await this.#look(held, now, tries));
      if (!isOver(end)) note(await this.#try(held, now, life, tries));
    }
    return { end, merged };
  }

  async #try(held: Held, now: Snapshot, life: TaggedLife, tries: Tries): Promise<Try> {
    // It may have been created: that is never done twice.
    if (!held.stored && held.unsure && !held.destroyed) return this.#look(held, now, tries);
    const next = held.whole ? { text: now.text, life } : await rebase(held, now, this.#rules);
    if (!next || held.destroyed) return 'gone';
    if (next.life) return this.#write(held, now, next.text, next.life, tries);
    // A merge can leave a cookie whose time is over.
    await this.#entries.run('delete', held.id, tries.limit);
    return 'written';
  }

  async #write(held: Held, now: Snapshot, text: string, life: TaggedLife, tries: Tries): Promise<Try> {
    const { id, stored: before } = held;
    const condition = before
      ? ({ condition: 'etag', etag: before.etag } as const)
      : ({ condition: 'absent' } as const);
    const asked = { value: text, wantEtag: true, ...condition, ...life, ...tries.limit };
    try {
      const { status, etag, value } = await this.#entries.run('put', id, asked);
      if (status === 'exists') return await this.#look(held, now, tries);
      if (!etag || (status !== 'ok' && status !== 'changed')) return 'gone';
      if (status === 'changed') return held.meet(stored(etag, String(value), undefined), now);
      held.take(stored(etag, text, endOf(life)), { now, text });
      return 'written';
    } catch (error) {
      if ((error as AzureCacheError).outcome !== 'unknown') throw error;
      held.unsure = { now, text };
      // Was it done? If what lies there does not tell, or nothing more can be tried, the error stands.
      const end = await this.#look(held, now, tries).catch(() => Promise.reject(error));
      if (end === 'again' && tries.over) throw error;
      return end;
    }
  }

  /**
   * What lies there, after a write of which nobody knows, or after finding a session under a new id (the application
   * makes its own ids).
   */
  async #look(held: Held, now: Snapshot, tries: Tries): Promise<Try> {
    const found = await this.#entries.get(held.id, false, tries.leftMs);
    // Also of a session that was to be created: if it was, it has been ended since, so it is never created twice.
    if (!found) return 'gone';
    return held.stored?.etag.equals(found.etag) ? 'again' : held.meet(found, now);
  }
}

const isOver = (end: Try) => end === 'written' || end === 'gone';

function conflict(): AzureCacheError {
  return new AzureCacheError(
    'conflict',
    'The session was changed by other requests each time this one tried to save it. Nothing of this one was stored.',
  );
}
