// The verbs of the fake backend (fake-backend.ts), as the contract wants them, on a store in memory.
// Knows nothing of ways to break.
import { createHash } from 'node:crypto';
import {
  type ClearedPage,
  type Extras,
  failure,
  type KeyPage,
  type Operation,
  type Result,
} from '../src/backend.js';
import { checkKey, MAX_PAGE_KEYS } from '../src/cache.js';
import type { Outcome } from '../src/errors.js';
import { answered } from './fake-answer.js';
import { endOf, give, hashOf, use } from './fake-hash.js';
import type { Entry, FakeStore } from './fake-store.js';

/** From here on an ETag condition is refused; DESIGN, "How entries lie in Redis". */
const CONDITION_LIMIT_BYTES = 1024 * 1024;
/** Of a value that grows: the default of the setting. */
const MAX_VALUE_BYTES = 8 * 1024 * 1024;

export class FakeVerbs {
  readonly #store: FakeStore;

  constructor(store: FakeStore) {
    this.#store = store;
  }

  /** Does what it is asked, at once. */
  run(operation: Operation): Result {
    switch (operation.verb) {
      case 'ping':
        return answered('ok', 'not_applied');
      case 'list':
        return this.#list(operation);
      case 'clear':
        return this.#clear(operation);
      case 'get':
        return this.#get(operation);
      case 'put':
        return this.#guarded(operation, () => this.#refusal(operation) ?? this.#put(operation));
      case 'delete':
        return this.#guarded(operation, () => this.#refusal(operation) ?? this.#delete(operation));
      case 'touch':
        return this.#refusal(operation) ?? this.#touch(operation);
      case 'increment':
        return this.#increment(operation);
      case 'append':
      case 'prepend':
        return this.#extend(operation);
      case 'lock':
        return this.#lock(operation);
      case 'unlock':
        return this.#unlock(operation);
    }
  }

  #guarded(operation: Operation, work: () => Result): Result {
    return this.#store.locks.guard(operation, work);
  }

  #lock(operation: Operation): Result {
    const entry = this.#store.get(operation.key);
    const result = this.#store.locks.lock(operation, entry);
    if (result.status !== 'ok' || !entry?.value) return result;
    use(entry, this.#store.clock.nowMs);
    const etag = operation.wantEtag ? sha1(entry.value) : undefined;
    return { ...result, value: Buffer.from(entry.value), etag };
  }

  #unlock(operation: Operation): Result {
    return this.#guarded(operation, () => {
      return operation.ttlKind === 'default' ? answered('ok', 'applied') : this.#touch(operation);
    });
  }

  #list(operation: Operation): Result {
    const page = this.#page(operation);
    if (!page) return failure('cursor_invalid');
    const { keys, cursor } = page;
    return paged('not_applied', { keys: keys.map(String), cursor });
  }

  #clear(operation: Operation): Result {
    const page = this.#page(operation);
    if (!page) return failure('cursor_invalid');
    for (const key of page.keys) this.#store.delete(key);
    return paged('applied', { removed: page.keys.length, cursor: page.cursor });
  }

  /** Undefined: the cursor is none. */
  #page({
    key: prefix,
    value,
    ttlMs,
    extras,
  }: Operation): { keys: Buffer[]; cursor: string | undefined } | undefined {
    const cursor = value?.toString() ?? '';
    const start = extras?.tags ? `fake-${listOf(prefix, extras)}-` : 'fake-';
    if (cursor !== '' && !(cursor.startsWith(start) && /^\d{1,15}$/.test(cursor.slice(start.length))))
      return undefined;
    const from = Number(cursor.slice(start.length));
    const { keys, last } = this.#store.keysAfter(from, ttlMs || MAX_PAGE_KEYS);
    const named = keys.filter((key) => key.subarray(0, prefix.length).equals(prefix) && !checkKey(key));
    const found = extras?.tags ? named.filter((key) => this.#carries(key, extras)) : named;
    return { keys: found, cursor: last === undefined ? undefined : `${start}${last}` };
  }

  #carries(key: Buffer, { tags: asked = [], all }: Extras): boolean {
    const tags = new Set(this.#store.get(key)?.tags);
    return all ? asked.every((tag) => tags.has(tag)) : asked.some((tag) => tags.has(tag));
  }

  /** Those that an entry has after a put. */
  #tags({ key, extras }: Operation): readonly string[] | undefined {
    return extras?.untagged ? undefined : (extras?.tags ?? this.#store.get(key)?.tags);
  }

  #get(operation: Operation): Result {
    const entry = this.#store.get(operation.key);
    if (!entry) return answered('miss', 'not_applied');
    if (!entry.value) return failure('foreign_type');
    const renews = operation.ttlKind === 'for' || operation.ttlKind === 'never';
    const { nowMs } = this.#store.clock;
    if (renews) give(entry, this.#expiry(operation, entry), nowMs);
    const moves = renews || (operation.ttlKind === 'default' && use(entry, nowMs));
    return {
      ...answered('ok', moves ? 'applied' : 'not_applied'),
      value: Buffer.from(entry.value),
      etag: operation.wantEtag ? sha1(entry.value) : undefined,
      ttlMs: operation.wantTtl ? entry.expiresAt - nowMs : undefined,
      sliding: entry.hash !== undefined,
    };
  }

  #put(operation: Operation): Result {
    const value = Buffer.from(operation.value ?? []);
    const { nowMs } = this.#store.clock;
    const there = this.#store.get(operation.key);
    const hash = operation.ttlKind === 'keep' ? there?.hash : hashOf(operation, nowMs);
    const expiresAt =
      hash && operation.ttlKind !== 'keep' ? endOf(hash, nowMs) : this.#expiry(operation, there);
    const entry = { value, expiresAt, hash, tags: this.#tags(operation) };
    if (operation.ttlKind === 'keep') use(entry, nowMs);
    this.#store.set(operation.key, entry);
    return { ...answered('ok', 'applied'), etag: operation.wantEtag ? sha1(value) : undefined };
  }

  #delete({ key }: Operation): Result {
    if (!this.#store.get(key)) return answered('miss', 'not_applied');
    this.#store.delete(key);
    return answered('ok', 'applied');
  }

  #touch(operation: Operation): Result {
    const entry = this.#store.get(operation.key);
    if (!entry) return answered('miss', 'not_applied');
    give(entry, this.#expiry(operation, entry), this.#store.clock.nowMs);
    return answered('ok', 'applied');
  }

  #increment(operation: Operation): Result {
    const { key, extras: { by = 1n, initial = 0n } = {} } = operation;
    const entry = this.#store.get(key);
    if (entry && (!entry.value || entry.hash)) return failure('foreign_type');
    const text = entry?.value?.toString() ?? String(initial);
    if (!isInt64(text)) return failure('not_a_number');
    const sum = BigInt(text) + by;
    if (BigInt.asIntN(64, sum) !== sum) return failure('number_overflow');
    const value = Buffer.from(String(sum));
    const expiresAt = entry?.expiresAt ?? this.#expiry(operation, undefined);
    this.#store.set(key, { value, expiresAt, tags: entry?.tags });
    return { ...answered('ok', 'applied'), value };
  }

  #extend({ verb, key, value: more = Buffer.alloc(0) }: Operation): Result {
    const entry = this.#store.get(key);
    if (!entry) return answered('miss', 'not_applied');
    if (!entry.value || entry.hash) return failure('foreign_type');
    const value = Buffer.concat(verb === 'append' ? [entry.value, more] : [more, entry.value]);
    if (value.length > MAX_VALUE_BYTES) return failure('value_too_large');
    this.#store.set(key, { ...entry, value });
    return { ...answered('ok', 'applied'), value: Buffer.from(String(value.length)) };
  }

  /** Why the condition of a put, delete or touch does not hold; undefined when it does. */
  #refusal({ key, condition, etag, value }: Operation): Result | undefined {
    const entry = this.#store.get(key);
    if (condition === 'none') return undefined;
    if (condition === 'absent') return entry ? answered('exists', 'not_applied') : undefined;
    if (condition === 'etag' && value && value.length > CONDITION_LIMIT_BYTES)
      return failure('too_large_for_condition');
    if (!entry) return answered('absent', 'not_applied');
    if (!entry.value) return failure('foreign_type');
    if (condition === 'present') return undefined;
    if (entry.value.length > CONDITION_LIMIT_BYTES) return failure('too_large_for_condition');
    const current = sha1(entry.value);
    if (etag?.equals(current)) return undefined;
    return { ...answered('changed', 'not_applied'), value: Buffer.from(entry.value), etag: current };
  }

  #expiry({ ttlKind, ttlMs }: Operation, entry: Entry | undefined): number {
    if (ttlKind === 'never') return Number.POSITIVE_INFINITY;
    return ttlKind === 'keep' && entry ? entry.expiresAt : this.#store.clock.nowMs + ttlMs;
  }
}

function paged(outcome: Outcome, page: KeyPage | ClearedPage): Result {
  return { ...answered('ok', outcome), value: Buffer.from(JSON.stringify(page)) };
}

/** As Redis reads one: no sign but -, no leading zero, no space. */
function isInt64(text: string): boolean {
  return /^(0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

function sha1(value: Buffer): Buffer {
  return createHash('sha1').update(value).digest();
}

/** Tells lists by tag apart. */
function listOf(prefix: Buffer, { tags, all }: Extras): string {
  return sha1(Buffer.from(JSON.stringify([prefix.toString(), tags, all === true]))).toString('hex', 0, 4);
}
