// Touches, with compare-and-set on the ETag of what their request has read: it must not shorten a life that another
// request has just made longer. Called by sessions.ts and writer.ts, one at a time for each session object.
import type { AzureCacheError } from '../errors.js';
import type { Life } from '../life.js';
import { type Entries, endOf, stored } from './entries.js';
import type { Held, Try } from './held.js';
import type { SessionRules } from './session-rules.js';
import { readSession } from './snapshot.js';
import { lifeAlone } from './tagging.js';
import { Tries } from './tries.js';

export class Toucher {
  readonly #entries: Entries;
  readonly #rules: SessionRules;

  constructor(entries: Entries, rules: SessionRules) {
    this.#entries = entries;
    this.#rules = rules;
  }

  /**
   * Renews the life. Where others have changed the session, now or before a save that was merged, the life is that of
   * what lies there, which may be a longer one ("remember me") than this request knows of.
   */
  async touch(held: Held, life: Life): Promise<void> {
    const tries = new Tries(this.#entries.deadlineMs);
    while (!held.destroyed) {
      const wanted = held.whole ? life : await this.#lifeOfStored(held);
      // Whose time is over, or what is no session, is not ours to keep alive.
      if (!wanted || this.#tooSoon(held, wanted)) return;
      const end = await this.#renew(held, wanted, tries);
      // A session that has ended needs no life, and nothing of it was lost.
      if (end === 'written' || end === 'gone') return;
      // Whoever changes a session gives it its life: none is missing.
      if (tries.over) return;
      await tries.next();
    }
  }

  async #lifeOfStored({ stored }: Held): Promise<Life | undefined> {
    const theirs = stored && (await readSession(stored.text, this.#rules));
    return theirs && this.#rules.lifeOf(theirs);
  }

  /** Never so late that a session in use would end: half of its life is the most that is waited. */
  #tooSoon({ stored }: Held, life: Life): boolean {
    const end = endOf(life);
    const after = Math.min(this.#rules.touchAfterMs, life.ttlMs / 2);
    return (
      after > 0 && stored?.endsAt !== undefined && end !== undefined && Math.abs(end - stored.endsAt) < after
    );
  }

  async #renew(held: Held, life: Life, tries: Tries): Promise<Try> {
    const { id, stored: before } = held;
    const condition = before && ({ condition: 'etag', etag: before.etag } as const);
    try {
      const answer = await this.#entries.run('touch', id, {
        ...condition,
        ...lifeAlone(life),
        ...tries.limit,
      });
      const { status, value, etag } = answer;
      if (status === 'changed' && etag) return held.meet(stored(etag, String(value), undefined));
      if (status !== 'ok') return 'gone';
      if (before) before.endsAt = endOf(life);
      return 'written';
    } catch (error) {
      const { code, outcome } = error as AzureCacheError;
      if (code === 'too_large_for_condition') {
        await this.#entries.run('touch', id, { ...lifeAlone(life), ...tries.limit });
        return 'written';
      }
      // It can be repeated: twice the same life is the same life.
      if (outcome === 'unknown' && code === 'connection_lost' && !tries.over) return 'again';
      throw error;
    }
  }
}
