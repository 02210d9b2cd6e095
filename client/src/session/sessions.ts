// Sessions in the cache, safe under concurrent requests: what is destroyed stays destroyed, and a change to one field
// never undoes a change to another. Called by the stores, each of which carries what was read to what is saved in the
// way of its framework. Knows nothing of frameworks; how a save finds its place among others is writer.ts's.
import { AzureCacheError } from '../errors.js';
import type { Life } from '../life.js';
import { clearAll, listPages } from '../transport/listing.js';
import type { Transport } from '../transport/transport.js';
import { Ends } from './ends.js';
import { Entries } from './entries.js';
import type { Held, Loaded, Stored } from './held.js';
import type { Fields } from './merge.js';
import type { SessionRules } from './session-rules.js';
import { readSession, type Snapshot, sameSettings } from './snapshot.js';
import { lifeAlone, type TaggedLife } from './tagging.js';
import { Toucher } from './toucher.js';
import { Writer } from './writer.js';

export class Sessions {
  readonly #rules: SessionRules;
  readonly #transport: Transport;
  readonly #entries: Entries;
  readonly #toucher: Toucher;
  readonly #writer: Writer;
  readonly #ends = new Ends();
  /** Those with saves under way, by session id. */
  readonly #saving = new Map<string, Set<Held>>();

  constructor(transport: Transport, rules: SessionRules) {
    this.#rules = rules;
    this.#transport = transport;
    this.#entries = new Entries(transport, rules.prefix, rules.fresh);
    this.#toucher = new Toucher(this.#entries, rules);
    this.#writer = new Writer(this.#entries, rules, this.#toucher);
  }

  /**
   * Reads a session, its dates renewed; undefined when there is none, or something that is no session.
   * @throws AzureCacheError, and what a serializer of the application's own throws
   */
  async load(id: string): Promise<Loaded | undefined> {
    const stored = await this.#read(id).catch((error: AzureCacheError) => {
      if (error.code === 'foreign_type') return undefined;
      throw error;
    });
    const session = stored && (await readSession(stored.text, this.#rules, stored.endsAt));
    return session && { session, stored };
  }

  /**
   * Saves what the session object behind `held` is `now`.
   * @throws AzureCacheError `conflict` after eight changes by others; what the function `conflict` throws
   */
  save(held: Held, now: Snapshot, life: TaggedLife | undefined): Promise<void> {
    if (!life) return this.destroy(held.id);
    return this.#inTurn(held, () => this.#writer.save(held, now, life));
  }

  /**
   * Renews the life; saves if more of the dated fields has changed than the date.
   * @param dated a copy of these fields
   * @param take takes a snapshot of the session; called at once, if at all
   */
  touch(held: Held, dated: Fields, take: () => Snapshot, life: TaggedLife | undefined): Promise<void> {
    if (!life) return this.destroy(held.id);
    const isSame = () => sameSettings(held.seen.dated, dated, this.#rules.dates);
    // With nothing before it in the queue it is known now, and no text need be written.
    if (!held.last && isSame()) return this.#inTurn(held, () => this.#toucher.touch(held, life));
    const now = take();
    return this.#inTurn(held, () =>
      isSame() ? this.#toucher.touch(held, life) : this.#writer.save(held, now, life),
    );
  }

  /** Writes over whatever lies there: for callers that have read nothing. */
  async put(id: string, text: string, life: TaggedLife | undefined): Promise<void> {
    if (!life) return this.destroy(id);
    this.#ends.forget(id);
    await this.#entries.run('put', id, { value: text, ...life });
  }

  /** Renews the life of whatever lies there. */
  async renew(id: string, life: Life | undefined): Promise<void> {
    if (!life) return this.destroy(id);
    this.#ends.forget(id);
    await this.#entries.run('touch', id, lifeAlone(life));
  }

  /** Ends a session. Saves of it that wait here for their turn are dropped. */
  async destroy(id: string): Promise<void> {
    for (const held of this.#saving.get(id) ?? []) held.destroyed = true;
    this.#ends.forget(id);
    await this.#entries.run('delete', id, {});
  }

  /**
   * Ends every session that has this tag, or one of these, in that moment; answers how many there were. A save that is
   * under way finds its session ended, as after a destroy.
   */
  async destroyByTag(tag: unknown): Promise<number> {
    const tags = [tag].flat();
    if (tags.length === 0 || !tags.every((one) => typeof one === 'string'))
      throw new AzureCacheError(
        'tag_invalid',
        'destroyByTag: a tag is a text; several are an array of them.',
      );
    return clearAll(this.#transport, { verb: 'clear', key: this.#rules.prefix, extras: { tags } });
  }

  /** The ids of all sessions there are, each once. One that comes or goes meanwhile may be missing or there. */
  async ids(): Promise<string[]> {
    const { prefix } = this.#rules;
    const ids = new Set<string>();
    for await (const keys of listPages(this.#transport, prefix))
      for (const key of keys) ids.add(key.slice(prefix.length));
    return [...ids];
  }

  /** Every session that can be read, with its `id`. */
  async all(): Promise<Record<string, unknown>[]> {
    const ids = await this.ids();
    const loaded = await Promise.all(ids.map(async (id) => ({ id, found: await this.load(id) })));
    return loaded.flatMap(({ id, found }) => (found ? [{ ...found.session, id }] : []));
  }

  async length(): Promise<number> {
    return (await this.ids()).length;
  }

  /** Ends all sessions there are. */
  async clear(): Promise<void> {
    await Promise.all((await this.ids()).map((id) => this.destroy(id)));
  }

  async #read(id: string): Promise<Stored | undefined> {
    const { touchAfterMs, dates } = this.#rules;
    if (dates.byEnd || touchAfterMs === 0) return this.#entries.get(id, dates.byEnd === true);
    const isKnown = this.#ends.has(id);
    const stored = await this.#entries.get(id, !isKnown);
    if (stored && isKnown) stored.endsAt = this.#ends.get(id, stored.etag);
    if (stored) this.#ends.set(id, stored.etag, stored.endsAt);
    return stored;
  }

  /** Saves and touches of one session object queue behind each other. */
  #inTurn(held: Held, work: () => Promise<void>): Promise<void> {
    const turn = held.last ? held.last.then(work, work) : work();
    held.last = turn;
    const saving = this.#saving.get(held.id) ?? new Set();
    this.#saving.set(held.id, saving.add(held));
    const leave = () => {
      if (held.last !== turn) return;
      held.last = undefined;
      if (this.#rules.touchAfterMs > 0 && held.stored)
        this.#ends.set(held.id, held.stored.etag, held.stored.endsAt);
      saving.delete(held);
      if (saving.size === 0) this.#saving.delete(held.id);
    };
    turn.then(leave, leave);
    return turn;
  }
}
