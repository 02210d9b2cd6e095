// What the rules (cache.ts) need from below: the types of operations and results, and how to make a plain one.
// Implemented by bridge.ts and by the fake of the tests; both pass the same contract suite (test/contract.ts).
// Knows nothing of HTTP, frames or .NET. Times are milliseconds.

import { ERRORS, type ErrorCode, type Outcome } from './errors.js';

/**
 * What an operation does. `ping` asks whether the backend answers; its key is empty. `list` asks for one page of the
 * keys that begin with `key`; its answer is UTF-8 JSON, a KeyPage. `increment` adds `extras.by` to the decimal number that
 * the value is, and answers the new one in digits; `append` and `prepend` answer the new length in digits. `lock` reads
 * the entry and takes its lock, for `ttlMs`, with the token in the extras; with the same token again it renews the lease.
 * `unlock` gives the lock up, and gives the entry a life if one is named: where there is none a miss, and unlocked as well. `clear` removes
 * what a `list` of the same operation would have shown; its answer is UTF-8 JSON, a ClearedPage.
 */
export type Verb =
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

/**
 * When a put, delete or touch may take effect.
 * `none`: always; `absent`: only if there is no entry (put); `present`: only if there is one (put, delete);
 * `etag`: only if the entry's value has the SHA-1 in `Operation.etag`.
 */
export type Condition = 'none' | 'absent' | 'present' | 'etag';

/**
 * The life an entry gets. `default`: not said (cache.ts puts its default in; on a get: the life is left alone);
 * `for`: `ttlMs` from now; `never`: no expiry; `keep`: the life it has, or `ttlMs` when there is no entry. A get counts as
 * a use of an entry that slides, unless it keeps: then it only looks. With `extras.slidingMs` this is the absolute cap.
 */
export type TtlKind = 'default' | 'for' | 'never' | 'keep';

/** One page of a list. */
export interface KeyPage {
  /** Without the key prefix; in no order. A key can be on two pages, and a page can be empty before the end. */
  keys: string[];
  /** Where the next page begins; absent on the last one. */
  cursor?: string | undefined;
}

/** What one page of a clear has come to. */
export interface ClearedPage {
  /** Keys that were there and are gone. */
  removed: number;
  /** Where the next page begins; absent on the last one. */
  cursor?: string | undefined;
}

/** What few operations need. Each verb takes its own, and none but these. */
export interface Extras {
  /** Milliseconds that the entry lives on from each use (put); such an entry is always a hash. */
  slidingMs?: number;
  /** The entry is laid out as ASP.NET Core's IDistributedCache does it (put). */
  hash?: true;
  /** Of a lock, 16 bytes. A put or delete with it takes effect only while the lock is held with it, and unlocks. */
  token?: Buffer;
  /** How much is added; 64 bits, signed. */
  by?: bigint;
  /** What a number is counted from where there is none; 64 bits, signed. */
  initial?: bigint;
  /** Up to 100, each 1 to 255 bytes of UTF-8 without NUL. A put without leaves those of the entry alone. */
  tags?: string[];
  /** A lock is wanted also where there is no entry. */
  absent?: true;
  /** Of what carries all of the tags, not any (list, clear). */
  all?: true;
  /** The entry's tags are taken away (put). */
  untagged?: true;
}

/** One operation on one entry, or on a page of them: list and clear. */
export interface Operation {
  verb: Verb;
  /** UTF-8 bytes, 1 to 1,024, without NUL; of list and clear 0 to 1,024. The key prefix is added below. */
  key: Buffer;
  /** The bytes to put or add; of list and clear the cursor, empty = from the start; undefined for the other verbs. */
  value: Buffer | undefined;
  condition: Condition;
  /** The 20 bytes of SHA-1 for `condition: 'etag'`. */
  etag: Buffer | undefined;
  /** On put and touch: the life to give. On get: the life to give while reading. On increment: of a new number. */
  ttlKind: TtlKind;
  /** Milliseconds; 0 when `ttlKind` needs none. Of list and clear: about how many keys a page has, 1 to 1,000; 0 = 1,000. */
  ttlMs: number;
  /** What few operations need. */
  extras: Extras | undefined;
  /** How long the asker waits, in milliseconds; 0 = the sidecar's own deadline. */
  deadlineMs: number;
  /** Answer with the SHA-1 of the value (get: of the one read; put: of the one written). */
  wantEtag: boolean;
  /** Answer with the life left (get). */
  wantTtl: boolean;
  /** Ask the backend itself, not the near cache (get). */
  fresh: boolean;
}

/**
 * Results that are no errors. `absent`, `changed` and `exists` say why a condition did not hold; `locked`: the lock is
 * held with another token; `not_held`: it is not held with this one.
 */
export type Answer = 'ok' | 'miss' | 'absent' | 'changed' | 'exists' | 'locked' | 'not_held';

/** The result of one operation. A backend never rejects: failures are results too. */
export interface Result {
  status: Answer | ErrorCode;
  outcome: Outcome;
  /** The value read; with `changed`, the value that is there now. A lock of no entry has none. */
  value: Buffer | undefined;
  /** 20 bytes of SHA-1, when it was asked for, and always with `changed`. */
  etag: Buffer | undefined;
  /** Life left in milliseconds; with `locked`, what is left of the lease; Infinity = never expires; undefined = not asked for. */
  ttlMs: number | undefined;
  /** The value read lies in a hash of IDistributedCache, whose life a read can move. Default false. */
  sliding?: boolean;
  /** With an error: what was tried and the state that explains it. Never a key, a value or a credential. */
  detail: string | undefined;
}

/** Something the backend tells unasked. */
export interface BackendEvent {
  level: 'debug' | 'info' | 'warn' | 'error';
  /** Machine-readable name, for instance `connection_failed`. */
  event: string;
  message: string;
}

export interface Backend {
  /** Operations on one key take effect in the order of these calls. Resolves by the deadline; never rejects. */
  run(operation: Operation): Promise<Result>;
  /** Ends every connection; operations still under way end first or with `shutting_down`. */
  close(): Promise<void>;
}

/** What a watched backend tells unasked, in the order in which it happened. */
export type Change =
  /** These keys have changed, by whomever: also by ourselves, and by expiry. */
  | { kind: 'keys'; keys: Buffer[] }
  /** Any key may have changed; what is read from now on is watched. */
  | { kind: 'everything' }
  /** Changes may happen that are not told. */
  | { kind: 'lost' }
  /** All that changed before this mark was asked for has been told. */
  | { kind: 'proof'; mark: number };

/** A backend that also tells of changes. Silence proves nothing: who relies on them asks for marks. */
export interface Watched extends Backend {
  /** Nobody else can write to it: there are no changes but our own, and none are told. */
  readonly alone: boolean;
  /** Calls `listener` for every change from now on; it must not throw. */
  watch(listener: (change: Change) => void): void;
  /**
   * Asks for a mark among the changes, which comes back as `proof`, or never. Where changes are not told, or do not seem
   * to be, this also makes the backend try to.
   * @param mark 1 to 4294967295, more than the one before
   */
  mark(mark: number): void;
}

/** The outcome when no answer comes: a read changes nothing, unless it renews the life; of a write nobody knows. */
export function lostOutcome({ verb, ttlKind }: Operation): Outcome {
  const renews = ttlKind === 'for' || ttlKind === 'never';
  const reads = verb === 'ping' || verb === 'list' || (verb === 'get' && !renews);
  return reads ? 'not_applied' : 'unknown';
}

/** A result that says why an operation was not done. */
export function failure(code: ErrorCode, detail?: string, outcome: Outcome = 'not_applied'): Result {
  return {
    status: code,
    outcome,
    value: undefined,
    etag: undefined,
    ttlMs: undefined,
    detail: detail ?? ERRORS[code].message,
  };
}

/** An operation with nothing asked for but its verb and key. */
export function operation(verb: Operation['verb'], key: Buffer): Operation {
  return {
    verb,
    key,
    value: undefined,
    condition: 'none',
    etag: undefined,
    extras: undefined,
    ttlKind: 'default',
    ttlMs: 0,
    deadlineMs: 0,
    wantEtag: false,
    wantTtl: false,
    fresh: false,
  };
}
