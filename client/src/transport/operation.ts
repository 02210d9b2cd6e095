// What can be asked on the connection and what is answered, in types, and what cannot even be written down.
// Used by frame.ts and connection.ts. Knows nothing of bytes on the wire. Times are milliseconds.
import { isUint8Array } from 'node:util/types';
import { AzureCacheError, type ErrorCode, type Outcome } from '../errors.js';

/** One operation on one entry. Only `verb` and `key` are always needed. */
export interface Operation {
  /**
   * `ping` asks whether the backend answers; `list` for a page of keys, which is UTF-8 JSON `{keys, cursor}`; `clear`
   * removes such a page, and its answer is UTF-8 JSON `{removed, cursor}`.
   */
  verb:
    | 'get'
    | 'put'
    | 'delete'
    | 'touch'
    | 'ping'
    | 'list'
    | 'increment'
    | 'append'
    | 'prepend'
    | 'lock'
    | 'unlock'
    | 'clear';
  /** 1 to 1,024 bytes of UTF-8, without U+0000; left out with `ping`. With `list` and `clear` what keys begin with; may be empty. */
  key?: string;
  /**
   * The bytes to put, 0 or more, which must not change before the answer; a string stands for its UTF-8, and saves a
   * copy. With `list` and `clear` the cursor of the page before; none: from the start.
   */
  value?: Uint8Array | string;
  /**
   * When a put, delete or touch takes effect. Default `none`: always; `absent`: only if there is no entry (put);
   * `present`: only if there is one (put, delete); `etag`: only if its value has the SHA-1 in `etag`.
   */
  condition?: 'none' | 'absent' | 'present' | 'etag';
  /** 20 bytes, with `condition: 'etag'`. */
  etag?: Uint8Array;
  /**
   * The life to give (on a get: while reading). `for`: `ttlMs` from now; `never`: no expiry; `keep`: the life the
   * entry has, or `ttlMs` when there is none. Default: the sidecar's default; on a get the life is left alone.
   */
  ttlKind?: 'default' | 'for' | 'never' | 'keep';
  /**
   * Milliseconds, with `for` and `keep`; of a `lock` the lease. With `list` and `clear`: about how many keys a page has, 1
   * to 1,000 (the default).
   */
  ttlMs?: number;
  /** Milliseconds to wait for the answer. Default: the connection's. */
  deadlineMs?: number;
  /** Answer with the SHA-1 of the value read or written. */
  wantEtag?: boolean;
  /** Answer with the life left (get). */
  wantTtl?: boolean;
  /** Read past the sidecar's near cache (get). */
  fresh?: boolean;
  /** What few operations need. */
  extras?: Extras;
}

/** What few operations need. Each verb takes its own, and none but these. */
export interface Extras {
  /** Milliseconds that the entry lives on from each use (put). */
  slidingMs?: number;
  /** The entry is laid out as ASP.NET Core's IDistributedCache does it (put). */
  hash?: boolean;
  /** Of a lock, 16 bytes. */
  token?: Uint8Array;
  /** How much is added; 64 bits, signed. */
  by?: bigint;
  /** What a number is counted from where there is none; 64 bits, signed. */
  initial?: bigint;
  /** Up to 100, each 1 to 255 bytes of UTF-8 (put). */
  tags?: readonly string[];
  /** A lock is wanted also where there is no entry. */
  absent?: boolean;
  /** Of what carries all of the tags, not any (list, clear). */
  all?: boolean;
  /** The entry's tags are taken away (put). */
  untagged?: boolean;
}

/**
 * The answer to one operation. `absent`, `changed` and `exists` say why a condition did not hold; `locked`: another
 * holds the lock; `not_held`: it is not held with this token.
 */
export interface Result {
  status: 'ok' | 'miss' | 'absent' | 'changed' | 'exists' | 'locked' | 'not_held';
  outcome: Outcome;
  /** The value read; with `changed`, the one that is there now. A view of what arrived: copy it to keep it long. */
  value: Buffer | undefined;
  /** 20 bytes of SHA-1, when it was asked for, and always with `changed`. */
  etag: Buffer | undefined;
  /** Milliseconds of life left; with `locked` of the lease; Infinity = never expires; undefined = not asked for. */
  ttlMs: number | undefined;
}

/** An answer that is an error. */
export interface Failure {
  status: ErrorCode;
  outcome: Outcome;
  detail: string;
}

/** The verbs that carry a value. */
const CARRIERS: readonly Operation['verb'][] = ['put', 'list', 'append', 'prepend', 'clear'];
/** Those of them that can do without. */
const PAGED: readonly Operation['verb'][] = ['list', 'clear'];
export const ETAG_BYTES = 20;
const MAX_KEY_BYTES = 1024;
const MAX_TAGS = 100;
const MAX_TAG_BYTES = 255;
const MAX_DEADLINE_MS = 0x7fff_ffff;

/** Why an operation cannot be written as a frame; the rules (which lives, which values) are the sidecar's. */
export function refusalOf(operation: Operation): AzureCacheError | undefined {
  const { verb, key = '', value, condition, etag, ttlMs = 0, deadlineMs = 1, extras } = operation;
  // Half a surrogate pair would become U+FFFD, so that two keys could be one entry.
  if (typeof key !== 'string' || !key.isWellFormed())
    return refuse(verb, 'key_invalid', 'a key is a string without half surrogate pairs.');
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    return refuse(
      verb,
      'key_too_long',
      'the key is over 1,024 bytes of UTF-8. Use a shorter one, for instance a hash of it.',
    );
  const bare = value === undefined && (PAGED.includes(verb) || !CARRIERS.includes(verb));
  const isValue = typeof value === 'string' || isUint8Array(value);
  if (!bare && !(isValue && CARRIERS.includes(verb)))
    return refuse(
      verb,
      'frame_invalid',
      'a put, append or prepend needs a value, which is bytes (a Buffer, a Uint8Array) or a string; list and clear take one.',
    );
  if (condition === 'etag' ? !isUint8Array(etag) || etag.length !== ETAG_BYTES : etag !== undefined)
    return refuse(verb, 'etag_invalid', "an etag is 20 bytes and goes with condition 'etag'.");
  if (extras?.tags && !areTags(extras.tags))
    return refuse(
      verb,
      'tag_invalid',
      `tags are 1 to ${MAX_TAGS} strings of 1 to ${MAX_TAG_BYTES} bytes of UTF-8 without NUL.`,
    );
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 0)
    return refuse(verb, 'ttl_invalid', 'ttlMs is a whole number of milliseconds.');
  if (!Number.isInteger(deadlineMs) || deadlineMs < 1 || deadlineMs > MAX_DEADLINE_MS)
    return refuse(verb, 'frame_invalid', 'deadlineMs is a whole number of milliseconds, at least 1.');
  return undefined;
}

function areTags(tags: readonly string[]): boolean {
  const isTag = (tag: string) => {
    const bytes = Buffer.byteLength(tag);
    return bytes > 0 && bytes <= MAX_TAG_BYTES && tag.isWellFormed() && !tag.includes('\0');
  };
  return tags.length > 0 && tags.length <= MAX_TAGS && tags.every(isTag);
}

function refuse(verb: Operation['verb'], code: ErrorCode, why: string): AzureCacheError {
  return new AzureCacheError(code, `${verb}: ${why}`);
}

/** The outcome when no answer comes to an operation that was sent: of a write nobody knows. */
export function lostOutcome({ verb, ttlKind = 'default' }: Operation): Outcome {
  const renews = ttlKind === 'for' || ttlKind === 'never';
  const reads = verb === 'ping' || verb === 'list' || (verb === 'get' && !renews);
  return reads ? 'not_applied' : 'unknown';
}
