// The rules of the cache: which keys, values, lives and conditions are taken, and what is filled in.
// Called by routes/*.ts and stream.ts; calls a Backend. Knows nothing of HTTP, frames or .NET.
import { isUtf8 } from 'node:buffer';
import {
  type Backend,
  type Condition,
  type Extras,
  failure,
  type Operation,
  operation,
  type Result,
  type Verb,
} from './backend.js';
import type { ErrorCode } from './errors.js';
import { MAX_TAG_BYTES, MAX_TAGS } from './extras.js';

export const MAX_KEY_BYTES = 1024;
/** Longer than any cursor of any backend. */
export const MAX_CURSOR_BYTES = 64;
/** Of one page of a list, give or take a few. */
export const MAX_PAGE_KEYS = 1000;
/** Of a lock. */
export const MAX_LEASE_MS = 3_600_000;
/** Ten years of 365 days. */
export const MAX_TTL_MS = 10 * 365 * 86_400_000;

/** The conditions that each verb takes, besides `none`. */
const CONDITIONS_OF: Partial<Record<Verb, readonly Condition[]>> = {
  put: ['absent', 'present', 'etag'],
  delete: ['present', 'etag'],
  touch: ['etag'],
};

/** The extras that each verb takes. */
const EXTRAS_OF: Partial<Record<Verb, readonly (keyof Extras)[]>> = {
  increment: ['by', 'initial'],
  delete: ['token'],
  lock: ['token', 'absent'],
  unlock: ['token'],
  put: ['slidingMs', 'hash', 'token', 'tags', 'untagged'],
  list: ['tags', 'all'],
  clear: ['tags', 'all'],
};
/** The verbs that give an entry its life, the default one where none is named. */
const GIVES_LIFE: readonly Verb[] = ['put', 'touch', 'increment'];
/** The verbs that let it keep the one it has. */
const GROWS: readonly Verb[] = ['append', 'prepend'];

/** What the settings decide; see docs/configuration.md for the defaults. */
export interface CacheRules {
  /** The life of a put that names none, in milliseconds. */
  defaultTtlMs: number;
  /** The largest value taken, in bytes. */
  maxValueBytes: number;
  /** How long an operation may take at most, in milliseconds. */
  deadlineMs: number;
}

export class Cache {
  readonly rules: CacheRules;
  readonly #backend: Backend;

  constructor(backend: Backend, rules: CacheRules) {
    this.#backend = backend;
    this.rules = rules;
  }

  /**
   * Runs one operation by the rules, which fill in what it leaves open. Never rejects; answers by the deadline.
   * Operations on one key take effect in the order of the calls.
   */
  // (3)
  run(asked: Operation): Promise<Result> {
    const refused = this.#check(asked);
    if (refused) return Promise.resolve(refused);
    const { rules } = this;
    // In place: an operation is made for one run, and a copy of each would cost as much as its check.
    asked.deadlineMs = Math.min(asked.deadlineMs || rules.deadlineMs, rules.deadlineMs);
    // What slides needs no other end.
    if (asked.ttlKind === 'default' && asked.extras?.slidingMs !== undefined) asked.ttlKind = 'never';
    if (this.#needsLife(asked)) {
      if (asked.ttlKind !== 'keep') asked.ttlKind = 'for';
      asked.ttlMs = rules.defaultTtlMs;
    }
    return this.#backend.run(asked);
  }

  /** Asks whether the backend answers. */
  ping(): Promise<Result> {
    return this.#backend.run({ ...operation('ping', Buffer.alloc(0)), deadlineMs: this.rules.deadlineMs });
  }

  /** The default life stands in where none was named, and for `keep` where there is none to keep. */
  #needsLife(asked: Operation): boolean {
    if (!GIVES_LIFE.includes(asked.verb)) return false;
    return asked.ttlKind === 'default' || (asked.ttlKind === 'keep' && asked.ttlMs === 0);
  }

  #check(asked: Operation): Result | undefined {
    for (const name in asked.extras)
      if (!EXTRAS_OF[asked.verb]?.includes(name as keyof Extras))
        return name === 'token'
          ? failure('token_invalid', `A lock token does not go with ${asked.verb}.`)
          : failure('frame_invalid', `${name} does not go with the verb ${asked.verb}.`);
    if (asked.extras) {
      const refused = checkTags(asked.extras);
      if (refused) return refused;
    }
    if (asked.verb === 'ping') return undefined;
    if (asked.verb === 'list' || asked.verb === 'clear') return checkPage(asked);
    const keyFault = checkKey(asked.key);
    if (keyFault) return failure(keyFault);
    if (asked.value && asked.value.length > this.rules.maxValueBytes)
      return valueTooLarge(this.rules.maxValueBytes);
    if (asked.verb === 'lock' || asked.verb === 'unlock') {
      const lockFault = checkLock(asked);
      if (lockFault) return failure(lockFault);
    }
    if (asked.ttlKind === 'for' && !isLife(asked.ttlMs)) return failure('ttl_invalid');
    if (asked.ttlKind === 'keep' && !keeps(asked)) return failure('ttl_invalid');
    if (asked.extras && asked.verb === 'put') {
      const fault = checkLayout(asked, asked.extras);
      if (fault) return fault;
    }
    if (asked.ttlKind !== 'default' && GROWS.includes(asked.verb))
      return failure(
        'ttl_invalid',
        `The value keeps its life: ${asked.verb} takes none. Touch the entry instead.`,
      );
    if (asked.condition !== 'none' && !CONDITIONS_OF[asked.verb]?.includes(asked.condition))
      return failure('condition_invalid');
    return undefined;
  }
}

/** Whether keep makes sense: a put keeps the life there is, or gives its own; a get keeps it, which is to only look. */
function keeps({ verb, ttlMs }: Operation): boolean {
  return verb === 'put' ? ttlMs === 0 || isLife(ttlMs) : verb === 'get' && ttlMs === 0;
}

/** What is wrong with a put that says how its entry lies. */
function checkLayout({ ttlKind }: Operation, { slidingMs, hash }: Extras): Result | undefined {
  if (slidingMs === undefined && !hash) return undefined;
  if (slidingMs !== undefined && !isLife(slidingMs)) return failure('ttl_invalid', SLIDING_INVALID);
  return ttlKind === 'keep' ? failure('ttl_invalid', NOTHING_TO_KEEP) : undefined;
}

export const SLIDING_INVALID =
  'sliding is a life above 0 and at most 10 years, such as 60 (seconds) or 1500ms.';
const NOTHING_TO_KEEP =
  'ttl=keep keeps also the layout and the sliding life of the entry that is there, so it goes with neither sliding nor layout=hash.';

/** The fault of a key, if it has one. A key is 1 to 1,024 bytes of UTF-8 without NUL. */
export function checkKey(key: Buffer): ErrorCode | undefined {
  if (key.length === 0) return 'key_empty';
  if (key.length > MAX_KEY_BYTES) return 'key_too_long';
  if (key.includes(0) || !isUtf8(key)) return 'key_invalid';
  return undefined;
}

/** What is wrong with a lock or unlock. The life of a lock is its lease; an unlock takes one for the entry. */
function checkLock({ verb, extras, ttlKind, ttlMs }: Operation): ErrorCode | undefined {
  if (!extras?.token) return 'token_invalid';
  if (verb === 'lock' && (ttlKind !== 'for' || ttlMs < 1 || ttlMs > MAX_LEASE_MS)) return 'lease_invalid';
  return undefined;
}

/** What is wrong with what keys are to begin with, which may be nothing. */
export function checkPrefix(prefix: Buffer): Result | undefined {
  if (prefix.length > MAX_KEY_BYTES)
    return failure('key_too_long', 'The prefix is over 1,024 bytes of UTF-8; no key is as long.');
  if (prefix.includes(0) || !isUtf8(prefix))
    return failure('key_invalid', 'The prefix is not valid: it must be UTF-8 without NUL.');
  return undefined;
}

/** What is wrong with a list or clear: its key is what keys begin with, its value a cursor, its ttlMs the size of a page. */
function checkPage({ key, value, condition, ttlKind, ttlMs }: Operation): Result | undefined {
  const fault = checkPrefix(key);
  if (fault) return fault;
  if (value && value.length > MAX_CURSOR_BYTES) return failure('cursor_invalid');
  if (condition !== 'none') return failure('condition_invalid');
  if (ttlKind !== 'default') return failure('ttl_invalid', 'List and clear give no life.');
  if (ttlMs > MAX_PAGE_KEYS) return failure('query_invalid', 'The limit of a page is 1 to 1,000 keys.');
  return undefined;
}

/** What is wrong with the tags, if anything is; of two that are the same, one is dropped. */
function checkTags(extras: Extras): Result | undefined {
  const { tags, all, untagged } = extras;
  if (!tags) return all ? failure('tag_invalid', 'All of no tags: name some.') : undefined;
  if (untagged) return failure('tag_invalid', 'A put gives an entry tags or takes them all away, not both.');
  extras.tags = [...new Set(tags)];
  const isTag = (tag: string) =>
    tag !== '' && !tag.includes('\0') && tag.isWellFormed() && Buffer.byteLength(tag) <= MAX_TAG_BYTES;
  return extras.tags.length > MAX_TAGS || !tags.every(isTag) ? failure('tag_invalid') : undefined;
}

/** The refusal of a value over `limit` bytes; it names the limit. */
export function valueTooLarge(limit: number): Result {
  return failure(
    'value_too_large',
    `The value is over the limit of ${limit} bytes (AZURE_CACHE_MAX_VALUE_BYTES). Store less, or raise the limit.`,
  );
}

function isLife(ms: number): boolean {
  return Number.isInteger(ms) && ms > 0 && ms <= MAX_TTL_MS;
}
