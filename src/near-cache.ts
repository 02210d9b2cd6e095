// Copies of entries in the memory of the sidecar, where the backend tells of every change (docs/decisions/0014). A
// Backend over a Watched one; made by sidecar.ts. What may be believed is near-proof.ts's, what is kept near-entries.ts's,
// reads under way are near-flights.ts's; here are the rules:
//
// - Only plain gets are served and kept, from the second read of a key on; that read also asks for the life left.
// - Whatever else is done with a key takes its copy away, before it is sent and again when it is answered.
// - A change that is told takes it away too. Either wins over a read that is under way.
import type { Backend, Change, Operation, Result, Verb, Watched } from './backend.js';
import { etagOf, NearEntries, type NearEntry, sha1 } from './near-entries.js';
import { type Flight, Flights } from './near-flights.js';
import { CLOCK, type Clock, NearProof } from './near-proof.js';

/**
 * What a verb does to copies. `read`: it is served from them, unless it wants more than that; `nothing`: it
 * changes no entry; `key`: it may change its key's; `many`: it may change any.
 */
const EFFECT: Record<Verb, 'read' | 'nothing' | 'key' | 'many'> = {
  ...{ get: 'read', ping: 'nothing', list: 'nothing' },
  ...{ put: 'key', delete: 'key', touch: 'key', increment: 'key', append: 'key', prepend: 'key' },
  ...{ lock: 'key', unlock: 'key', clear: 'many' },
} as const;

/** A write of which nobody knows whether it was done may still be done; where no change is told, not after this. */
const LATE_WRITE_MS = 1000;

export interface NearCacheOptions {
  /** All that the copies may take together, in bytes. */
  maxBytes: number;
  clock?: Clock;
}

export class NearCache implements Backend {
  readonly #backend: Watched;
  readonly #entries: NearEntries;
  readonly #flights = new Flights();
  readonly #proof: NearProof;
  #keepFromMs = Number.NEGATIVE_INFINITY;

  constructor(backend: Watched, { maxBytes, clock = CLOCK }: NearCacheOptions) {
    this.#backend = backend;
    this.#entries = new NearEntries(maxBytes);
    backend.watch((change) => this.#told(change));
    this.#proof = new NearProof(backend, clock, () => this.#empty());
  }

  run(operation: Operation): Promise<Result> {
    const effect = EFFECT[operation.verb];
    if (effect === 'nothing') return this.#backend.run(operation);
    if (effect === 'many') return this.#change(operation, () => this.#empty());
    const name = operation.key.toString('latin1');
    if (effect === 'key' || renews(operation)) return this.#change(operation, () => this.#drop(name));
    return isPlain(operation) ? this.#read(name, operation) : this.#readPast(name, operation);
  }

  /**
   * The copy that a plain get of this key would be answered from, for who needs no operation made; undefined when there
   * is none to be served.
   * @param name the key's bytes as latin1
   */
  hit(name: string): NearEntry | undefined {
    const nowMs = this.#proof.now();
    return this.#proof.holds(nowMs) ? this.#living(name, nowMs) : undefined;
  }

  #living(name: string, nowMs: number): NearEntry | undefined {
    const entry = this.#entries.get(name);
    if (!entry || entry.endsAtMs - nowMs >= 1) return entry;
    this.#drop(name);
    return undefined;
  }

  async close(): Promise<void> {
    this.#proof.close();
    await this.#backend.close();
    this.#empty();
  }

  #read(name: string, asked: Operation): Promise<Result> {
    const nowMs = this.#proof.now();
    if (!this.#proof.holds(nowMs)) return this.#backend.run(asked);
    const entry = this.#living(name, nowMs);
    if (entry) return Promise.resolve(answerOf(entry, asked, Math.floor(entry.endsAtMs - nowMs)));
    const flight = this.#flights.joinable(name, asked, nowMs) ?? this.#take(name, asked, nowMs);
    return flight.landed.then((result) => shaped(result, asked, nowMs - flight.begunMs));
  }

  /** Begins a read for all who ask meanwhile. */
  #take(name: string, asked: Operation, nowMs: number): Flight {
    const keeps = this.#entries.readBefore(name);
    const wantTtl = asked.wantTtl || keeps;
    const endsMs = nowMs + asked.deadlineMs;
    const landed = this.#backend
      .run(wantTtl === asked.wantTtl ? asked : { ...asked, wantTtl })
      .then((result) => {
        this.#flights.landed(name, flight);
        if (keeps && !flight.spoiled) this.#keep(name, result, flight);
        return result;
      });
    const looks = asked.ttlKind === 'keep';
    const flight: Flight = { begunMs: nowMs, endsMs, wantTtl, looks, spoiled: false, landed };
    this.#flights.add(name, flight);
    return flight;
  }

  #keep(name: string, result: Result, { begunMs }: Flight): void {
    const { status, value, etag, ttlMs } = result;
    if (status !== 'ok' || !value || ttlMs === undefined || begunMs < this.#keepFromMs) return;
    // Each read of a sliding entry makes it live on, which only the backend can do.
    if (result.sliding) return;
    // By when the read was sent: the entry itself does not end before.
    this.#entries.set(name, value, etag, begunMs + ttlMs);
  }

  /** What it finds can be newer than the copy, which must not be served after it. */
  async #readPast(name: string, asked: Operation): Promise<Result> {
    const result = await this.#backend.run(asked);
    const held = this.#entries.get(name)?.value;
    if (!held || !result.value?.equals(held)) this.#drop(name);
    return result;
  }

  async #change(operation: Operation, takeAway: () => void): Promise<Result> {
    takeAway();
    const result = await this.#backend.run(operation);
    takeAway();
    if (result.outcome === 'unknown' && this.#backend.alone)
      this.#keepFromMs = this.#proof.now() + LATE_WRITE_MS;
    return result;
  }

  #told(change: Change): void {
    if (change.kind === 'keys') for (const key of change.keys) this.#drop(key.toString('latin1'));
    else if (change.kind !== 'proof') this.#empty();
    this.#proof.told(change);
  }

  #drop(name: string): void {
    this.#entries.delete(name);
    this.#flights.spoil(name);
  }

  #empty(): void {
    this.#entries.clear();
    this.#flights.spoilAll();
  }
}

/** A get that gives the entry a new life. */
function renews({ ttlKind }: Operation): boolean {
  return ttlKind === 'for' || ttlKind === 'never';
}

/** A get that wants the entry and nothing else; `keep` looks at one that slides, which is never held. */
function isPlain({ fresh, ttlKind, extras }: Operation): boolean {
  return !fresh && (ttlKind === 'default' || ttlKind === 'keep') && extras === undefined;
}

function answerOf(entry: NearEntry, { wantEtag, wantTtl }: Operation, ttlMs: number): Result {
  return {
    status: 'ok',
    outcome: 'not_applied',
    value: entry.value,
    etag: wantEtag ? etagOf(entry) : undefined,
    ttlMs: wantTtl ? ttlMs : undefined,
    detail: undefined,
  };
}

/**
 * What was found for another, or with more than was asked for, as it was asked for.
 * @param agoMs how much earlier the read began
 */
function shaped(result: Result, { wantEtag, wantTtl }: Operation, agoMs: number): Result {
  const { value, etag, ttlMs } = result;
  if (!value) return result;
  if ((etag !== undefined) === wantEtag && (ttlMs !== undefined) === wantTtl && agoMs === 0) return result;
  return {
    ...result,
    etag: wantEtag ? (etag ?? sha1(value)) : undefined,
    ttlMs: wantTtl && ttlMs !== undefined ? Math.max(1, Math.floor(ttlMs - agoMs)) : undefined,
  };
}
