// Saves and touches, with compare-and-set on the ETag of what their request has read. When something else lies there
// by now, the changes of this request (what it has seen → what it has) are merged onto that, and it tries again.
// Called by sessions.ts, one at a time for each session object.
import { setTimeout as pause } from 'node:timers/promises';
import { AzureCacheError } from '../errors.js';
import type { Life } from '../life.js';
import { type Entries, endOf, etagOf, stored } from './entries.js';
import type { Held } from './held.js';
import { merge, sameValue } from './merge.js';
import type { SessionRules } from './sessions.js';
import { fieldsOf, readSession, type Snapshot, sameSession } from './snapshot.js';

/** A save gives up after so many changes by others. */
const MAX_TRIES = 8;
/** Before each try but the first and second it waits, up to this much longer each time. */
const JITTER_MS = 4;

/** What became of one try. `again`: nobody has changed anything, it just did not arrive. */
type Try = 'written' | 'changed' | 'gone' | 'again';

export class Writer {
  readonly #entries: Entries;
  readonly #rules: SessionRules;

  constructor(entries: Entries, rules: SessionRules) {
    this.#entries = entries;
    this.#rules = rules;
  }

  /** Stores what `now` has and `held.seen` has not. A session that has ended meanwhile stays so. */
  async save(held: Held, now: Snapshot, life: Life): Promise<void> {
    const { serializer, dates, tell } = this.#rules;
    const until = performance.now() + this.#entries.deadlineMs;
    if (held.stored && (await sameSession(held.seen, now, serializer, dates))) return this.touch(held, life);
    let merged = false;
    for (let attempt = 1; ; attempt += 1) {
      const next = held.whole ? { text: now.text, life } : await this.#mergeOnto(held, now);
      // A merge can leave a cookie whose time is over.
      if (!next?.life) return void (await this.#entries.run('delete', held.id, {}));
      const end = held.destroyed
        ? 'gone'
        : await this.#write(held, next.text, next.life, attempt > 1 ? until : 0);
      if (end === 'gone') return tell('dropped', held.id);
      if (end === 'written') {
        held.seen = now;
        held.whole = next.text === now.text;
        return merged ? tell('merged', held.id) : undefined;
      }
      merged ||= end === 'changed';
      if (attempt === MAX_TRIES || performance.now() >= until) throw conflict();
      await pause(Math.random() * JITTER_MS * (attempt - 1));
    }
  }

  /**
   * Renews the life, unless someone has changed the session: then the life is that of what lies there, which may be a
   * longer one ("remember me").
   */
  async touch(held: Held, life: Life): Promise<void> {
    const until = performance.now() + this.#entries.deadlineMs;
    let wanted: Life | undefined = life;
    for (let attempt = 1; !held.destroyed; attempt += 1) {
      if (!wanted) return void (await this.#entries.run('delete', held.id, {}));
      if (this.#tooSoon(held, wanted)) return;
      const end = await this.#renew(held, wanted);
      // A session that has ended needs no life, and nothing of it was lost.
      if (end === 'written' || end === 'gone') return;
      if (attempt === MAX_TRIES || performance.now() >= until) throw conflict();
      if (end === 'again' || !held.stored) continue;
      const theirs = await readSession(held.stored.text, this.#rules);
      if (!theirs) return;
      wanted = this.#rules.lifeOf(theirs);
    }
  }

  /** Never so late that a session in use would end: half of its life is the most that is waited. */
  #tooSoon({ stored }: Held, life: Life): boolean {
    const end = endOf(life);
    const after = Math.min(this.#rules.touchAfterMs, life.ttlMs / 2);
    return (
      after > 0 && stored?.endsAt !== undefined && end !== undefined && Math.abs(end - stored.endsAt) < after
    );
  }

  async #renew(held: Held, life: Life): Promise<Try> {
    const { id, stored: before } = held;
    try {
      const condition = before && ({ condition: 'etag', etag: before.etag } as const);
      const { status, value, etag } = await this.#entries.run('touch', id, { ...condition, ...life });
      if (status === 'ok' && before) before.endsAt = endOf(life);
      if (status !== 'changed' || !value || !etag) return status === 'ok' ? 'written' : 'gone';
      held.stored = stored(etag, value.toString(), undefined);
      held.whole = false;
      return 'changed';
    } catch (error) {
      const { code, outcome } = error as AzureCacheError;
      if (code === 'too_large_for_condition') {
        await this.#entries.run('touch', id, life);
        return 'written';
      }
      // It can be repeated: twice the same life is the same life.
      if (outcome === 'unknown' && code === 'connection_lost') return 'again';
      throw error;
    }
  }

  /** The changes of this request on top of what is stored now, and the life of that; no life = its time is over. */
  async #mergeOnto(held: Held, now: Snapshot): Promise<{ text: string; life: Life | undefined } | undefined> {
    const { serializer, dates, conflict, atomic, lifeOf } = this.#rules;
    const texts = [held.seen.text, now.text, held.stored?.text ?? '{}'] as const;
    const [base, mine, theirs] = await Promise.all(texts.map((text) => fieldsOf(text, serializer)));
    const isDated = (field: string) => dates.fields.includes(field);
    const session = merge(base ?? {}, mine ?? {}, theirs ?? {}, {
      atomic,
      same: (field, a, b) => (isDated(field) ? dates.same(field, a, b) : sameValue(field, a, b)),
      // The framework's own fields are no business of the application's function: the later setting counts.
      conflict:
        typeof conflict === 'function'
          ? (field, ...values) => (isDated(field) ? values[1] : conflict(field, ...values))
          : conflict,
    });
    dates.renew(session, Date.now());
    return { text: serializer.stringify(session), life: lifeOf(session) };
  }

  /** @param until when the save has to end, by performance.now(); 0 = this is its first try */
  async #write(held: Held, text: string, life: Life, until: number): Promise<Try> {
    const { id, stored: before } = held;
    const condition = before
      ? ({ condition: 'etag', etag: before.etag } as const)
      : ({ condition: 'absent' } as const);
    const deadline = until > 0 ? { deadlineMs: Math.max(1, Math.ceil(until - performance.now())) } : {};
    const value = Buffer.from(text);
    try {
      const put = await this.#entries.run('put', id, {
        value,
        wantEtag: true,
        ...condition,
        ...life,
        ...deadline,
      });
      if (put.status === 'exists') return await this.#look(held, undefined);
      if (put.status === 'absent' || !put.etag) return 'gone';
      const changed = put.status === 'changed';
      held.stored = stored(put.etag, changed ? String(put.value) : text, changed ? undefined : endOf(life));
      if (changed) held.whole = false;
      return changed ? 'changed' : 'written';
    } catch (error) {
      if ((error as AzureCacheError).outcome !== 'unknown') throw error;
      // Was it written? If what lies there does not tell, the error stands.
      return this.#look(held, text).catch(() => Promise.reject(error));
    }
  }

  /**
   * What lies there, after a write of `text` of which nobody knows, or after finding a session under a new id (the
   * application makes its own ids): then there is no text, and nothing seen of it.
   */
  async #look(held: Held, text: string | undefined): Promise<Try> {
    const found = await this.#entries.get(held.id, false);
    // Also of a session that was to be created: if it was, it has been ended since, so it is never created twice.
    if (!found) return 'gone';
    if (held.stored?.etag.equals(found.etag)) return 'again';
    held.stored = found;
    // Equal bytes may be somebody else's, who then has written the same.
    if (text !== undefined && found.etag.equals(etagOf(text))) return 'written';
    held.whole = false;
    return 'changed';
  }
}

function conflict(): AzureCacheError {
  return new AzureCacheError(
    'conflict',
    'The session was changed by other requests each time this one tried to save it. Nothing of this one was stored.',
  );
}
