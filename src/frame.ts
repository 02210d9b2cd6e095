// The binary form of operations and results: between client and sidecar (stream.ts), and between
// sidecar and .NET (bridge.ts, gateway-dotnet/Frames.cs). Knows nothing of who sends them.
//
// FORMAT (v1). Integers are unsigned and little-endian; a frame follows the last without padding.
//
// OPERATION
//   offset size field
//   0      4    length      bytes that follow this field: 26 + keyLength + etagLength + extrasLength + those of the value
//   4      4    id          chosen by the sender, 1 to 4294967295, unique among its unanswered frames
//   8      1    verb        1 get, 2 put, 3 delete, 4 touch, 5 ping, 6 list, 7 increment, 8 append, 9 prepend,
//                           10 lock, 11 unlock, 12 clear
//   9      1    flags       1 answer with the ETag, 2 answer with the life left, 4 read past the near cache
//   10     1    condition   0 none, 1 absent, 2 present, 3 etag
//   11     1    ttlKind     0 default, 1 for, 2 never, 3 keep
//   12     4    deadlineMs  how long the sender waits; 0 = as the sidecar is set
//   16     8    ttlMs       milliseconds, below 2^53; the life for `for`, and for `keep` when nothing is there to keep.
//                           List and clear have no life: here, about how many keys a page has, 1 to 1000; 0 = 1000.
//                           Of a lock: its lease
//   24     2    keyLength   bytes of the key; of list and clear: of what the keys begin with, which may be nothing
//   26     2    etagLength  20 with condition 3, else 0
//   28     2    extrasLength
//   30     ...  key, etag (SHA-1 of the value, raw), extras, value (put, append, prepend: may be empty; list, clear: the
//               cursor of the page before, empty = from the start; no other verb)
//
// EXTRAS: what few operations need, in any order: kind (1 byte), length (2), then so many bytes. Each at most once, but tags
//   1 sliding   8 bytes: milliseconds, below 2^53, that the entry lives on from each use
//   2 hash      0 bytes: the entry is laid out as ASP.NET Core's IDistributedCache does it
//   3 token     16 bytes: of a lock
//   4 by        8 bytes, signed: how much is added
//   5 initial   8 bytes, signed: what a number is counted from where there is none
//   6 tag       1 to 255 bytes of UTF-8; up to 100 of them
//   7 absent    0 bytes: a lock is wanted also where there is no entry
//   8 all       0 bytes: of a list or clear: of what carries all of the tags, not any
//   9 untagged  0 bytes: a put takes the entry's tags away
//
// RESULT
//   0      4    length      bytes that follow this field
//   4      4    id          of the operation; 0 = an event, or an error that belongs to no operation
//   8      1    status      0 ok, 1 miss, 2 absent, 3 changed, 4 exists, 5 locked, 6 not held; 16 and up: an error, by its
//                           number in errors.ts; 254 changes, told unasked: see CHANGES; 255 an event
//   9      1    flags       1 an ETag follows, 2 ttlMs counts, 4 never expires, 8 a value follows, 16 which lies in a hash of
//                           IDistributedCache: a read can move its life
//   10     1    outcome     0 not_applied, 1 applied, 2 unknown
//   11     1    reserved    0
//   12     8    ttlMs       life left in milliseconds, with flag 2; with status 5: what is left of the lease
//   20     ...  etag (20 bytes, with flag 1), then the rest: with flag 8 the value (may be empty), without it the
//               UTF-8 detail of an error, or for status 255 the UTF-8 JSON {level,event,message} of an event. The value
//               of a list is the UTF-8 JSON {keys,cursor}, of a clear {removed,cursor}, a number of keys; without cursor it
//               was the last page. The value of an increment is the new number in decimal digits, that of append and
//               prepend the new length in bytes
//
// CHANGES: the value of a RESULT with id 0 and status 254. Its first byte is the kind, then follows
//   1 keys        of each key that has changed: length (2), then so many bytes, without the key prefix
//   2 everything  nothing: any key may have changed, and from now on every change is told
//   3 lost        nothing: changes may happen that are not told
//   4 proof       the number (4) of a mark: what changed before it was written has been told
import type { Condition, Operation, Result, TtlKind, Verb } from './backend.js';
import { ERRORS, type ErrorCode, type Outcome } from './errors.js';
import { extrasBytes, readExtras, writeExtras } from './extras.js';
import { FrameError } from './frame-error.js';

export const OPERATION_HEADER_BYTES = 30;
export const RESULT_HEADER_BYTES = 20;
export const ETAG_BYTES = 20;
/** Status byte of changes told unasked; changes.ts reads them. */
export const CHANGES_STATUS = 254;
/** Status byte of an event. */
export const EVENT_STATUS = 255;

const CONDITIONS: Condition[] = ['none', 'absent', 'present', 'etag'];
const TTL_KINDS: TtlKind[] = ['default', 'for', 'never', 'keep'];
const OUTCOMES: Outcome[] = ['not_applied', 'applied', 'unknown'];
const VERB_BYTE = {
  ...{ get: 1, put: 2, delete: 3, touch: 4, ping: 5, list: 6 },
  ...{ increment: 7, append: 8, prepend: 9, lock: 10, unlock: 11, clear: 12 },
} as const satisfies Record<Verb, number>;
const VERBS: (Verb | undefined)[] = [];
for (const [verb, byte] of Object.entries(VERB_BYTE)) VERBS[byte] = verb as Verb;
/** The verbs that carry a value. */
const CARRIERS: readonly Verb[] = ['put', 'list', 'append', 'prepend', 'clear'];
const CONDITION_BYTE = { none: 0, absent: 1, present: 2, etag: 3 } as const;
const TTL_BYTE = { default: 0, for: 1, never: 2, keep: 3 } as const;
const OUTCOME_BYTE = { not_applied: 0, applied: 1, unknown: 2 } as const;

const STATUSES: (Result['status'] | undefined)[] = ['ok', 'miss', 'absent', 'changed', 'exists'];
const STATUS_BYTE = { ok: 0, miss: 1 } as Record<Result['status'], number>;
for (const [code, row] of Object.entries(ERRORS)) {
  STATUSES[row.wire] = code as ErrorCode;
  STATUS_BYTE[code as ErrorCode] = row.wire;
}

const OPERATION_ETAG = 1;
const OPERATION_TTL = 2;
const OPERATION_FRESH = 4;
const OPERATION_FLAGS = OPERATION_ETAG | OPERATION_TTL | OPERATION_FRESH;
const RESULT_ETAG = 1;
const RESULT_TTL = 2;
const RESULT_NEVER = 4;
const RESULT_VALUE = 8;
const RESULT_SLIDING = 16;
const TWO_32 = 2 ** 32;

/** Bytes that `writeOperation` will write. */
export function operationBytes(operation: Operation): number {
  return (
    OPERATION_HEADER_BYTES +
    operation.key.length +
    (operation.etag?.length ?? 0) +
    extrasBytes(operation.extras) +
    (operation.value?.length ?? 0)
  );
}

/** Writes one OPERATION frame at `offset`; answers the offset behind it. */
export function writeOperation(into: Buffer, offset: number, id: number, operation: Operation): number {
  const { key, etag, extras, value } = operation;
  into.writeUInt32LE(id, offset + 4);
  into[offset + 8] = VERB_BYTE[operation.verb];
  into[offset + 9] =
    (operation.wantEtag ? OPERATION_ETAG : 0) |
    (operation.wantTtl ? OPERATION_TTL : 0) |
    (operation.fresh ? OPERATION_FRESH : 0);
  into[offset + 10] = CONDITION_BYTE[operation.condition];
  into[offset + 11] = TTL_BYTE[operation.ttlKind];
  into.writeUInt32LE(operation.deadlineMs, offset + 12);
  writeUInt53LE(into, operation.ttlMs, offset + 16);
  into.writeUInt16LE(key.length, offset + 24);
  into.writeUInt16LE(etag?.length ?? 0, offset + 26);
  let at = offset + OPERATION_HEADER_BYTES;
  at += key.copy(into, at);
  if (etag) at += etag.copy(into, at);
  const extrasStart = at;
  if (extras) at = writeExtras(into, at, extras);
  into.writeUInt16LE(at - extrasStart, offset + 28);
  if (value) at += value.copy(into, at);
  into.writeUInt32LE(at - offset - 4, offset);
  return at;
}

/** Reads the id of a whole OPERATION or RESULT frame. */
export function frameId(frame: Buffer): number {
  return frame.readUInt32LE(4);
}

/**
 * Reads one whole OPERATION frame. Key, etag and value are views of `frame`.
 * Checks the form only; the rules (length of keys, life) are cache.ts's.
 * @throws FrameError when the content does not fit the form
 */
export function readOperation(frame: Buffer): Operation {
  const id = frame.length >= 8 ? frameId(frame) : 0;
  if (frame.length < OPERATION_HEADER_BYTES)
    throw new FrameError(id, 'The frame is shorter than its header.');
  if (id === 0) throw new FrameError(0, 'An operation has id 0; ids start at 1.');
  const verb = VERBS[frame[8] as number];
  const flags = frame[9] as number;
  const condition = CONDITIONS[frame[10] as number];
  const ttlKind = TTL_KINDS[frame[11] as number];
  if (verb === undefined) throw new FrameError(id, 'The verb is not known.');
  if (flags > OPERATION_FLAGS) throw new FrameError(id, 'A flag is not known.');
  if (condition === undefined) throw new FrameError(id, 'The condition is not known.');
  if (ttlKind === undefined) throw new FrameError(id, 'The ttlKind is not known.');
  if (frame.readUInt32LE(20) >= 0x200000) throw new FrameError(id, 'ttlMs is not below 2^53.');
  const keyEnd = OPERATION_HEADER_BYTES + frame.readUInt16LE(24);
  const etagLength = frame.readUInt16LE(26);
  const etagEnd = keyEnd + etagLength;
  const valueStart = etagEnd + frame.readUInt16LE(28);
  if (valueStart > frame.length) throw new FrameError(id, 'Key, ETag and extras are longer than the frame.');
  if (etagLength !== (condition === 'etag' ? ETAG_BYTES : 0))
    throw new FrameError(id, 'An ETag has 20 bytes, and goes with condition 3 only.');
  const carries = CARRIERS.includes(verb);
  if (!carries && valueStart !== frame.length) throw new FrameError(id, 'This verb carries no value.');
  return {
    verb,
    key: frame.subarray(OPERATION_HEADER_BYTES, keyEnd),
    value: carries ? frame.subarray(valueStart) : undefined,
    condition,
    etag: etagLength === 0 ? undefined : frame.subarray(keyEnd, etagEnd),
    extras: valueStart === etagEnd ? undefined : readExtras(id, frame.subarray(etagEnd, valueStart)),
    ttlKind,
    ttlMs: readUInt53LE(frame, 16),
    deadlineMs: frame.readUInt32LE(12),
    wantEtag: (flags & OPERATION_ETAG) !== 0,
    wantTtl: (flags & OPERATION_TTL) !== 0,
    fresh: (flags & OPERATION_FRESH) !== 0,
  };
}

/** Bytes that `writeResult` will write, without the value when that is sent on its own. */
export function resultBytes(result: Result, withValue = true): number {
  const rest = result.value ? (withValue ? result.value.length : 0) : Buffer.byteLength(result.detail ?? '');
  return RESULT_HEADER_BYTES + (result.etag ? ETAG_BYTES : 0) + rest;
}

/**
 * Writes one RESULT frame at `offset`; answers the offset behind it.
 * With `withValue` false the value's bytes are left to the caller, to be sent next without a copy.
 */
export function writeResult(
  into: Buffer,
  offset: number,
  id: number,
  result: Result,
  withValue = true,
): number {
  const { value, etag, ttlMs, detail } = result;
  const length = resultBytes(result) - 4;
  into.writeUInt32LE(length, offset);
  into.writeUInt32LE(id, offset + 4);
  into[offset + 8] = STATUS_BYTE[result.status];
  into[offset + 9] =
    (etag ? RESULT_ETAG : 0) |
    (ttlMs === undefined ? 0 : ttlMs === Number.POSITIVE_INFINITY ? RESULT_NEVER : RESULT_TTL) |
    (value ? RESULT_VALUE : 0) |
    (result.sliding ? RESULT_SLIDING : 0);
  into[offset + 10] = OUTCOME_BYTE[result.outcome];
  into[offset + 11] = 0;
  writeUInt53LE(into, ttlMs === undefined || ttlMs === Number.POSITIVE_INFINITY ? 0 : ttlMs, offset + 12);
  let at = offset + RESULT_HEADER_BYTES;
  if (etag) at += etag.copy(into, at);
  if (value) return withValue ? at + value.copy(into, at) : at;
  return detail ? at + into.write(detail, at) : at;
}

/**
 * Reads one whole RESULT frame. Value and etag are views of `frame`.
 * @throws FrameError when the content does not fit the form
 */
export function readResult(frame: Buffer): Result {
  const id = frame.length >= 8 ? frameId(frame) : 0;
  if (frame.length < RESULT_HEADER_BYTES) throw new FrameError(id, 'The result is shorter than its header.');
  const status = STATUSES[frame[8] as number];
  const flags = frame[9] as number;
  const outcome = OUTCOMES[frame[10] as number];
  if (status === undefined || outcome === undefined) throw new FrameError(id, 'The status is not known.');
  const etagEnd = RESULT_HEADER_BYTES + (flags & RESULT_ETAG ? ETAG_BYTES : 0);
  if (etagEnd > frame.length) throw new FrameError(id, 'The ETag is longer than the result.');
  const hasValue = (flags & RESULT_VALUE) !== 0;
  return {
    status,
    outcome,
    value: hasValue ? frame.subarray(etagEnd) : undefined,
    etag: flags & RESULT_ETAG ? frame.subarray(RESULT_HEADER_BYTES, etagEnd) : undefined,
    ttlMs:
      flags & RESULT_NEVER
        ? Number.POSITIVE_INFINITY
        : flags & RESULT_TTL
          ? readUInt53LE(frame, 12)
          : undefined,
    sliding: (flags & RESULT_SLIDING) !== 0,
    detail: !hasValue && frame.length > etagEnd ? frame.toString('utf8', etagEnd) : undefined,
  };
}

function writeUInt53LE(into: Buffer, value: number, offset: number): void {
  into.writeUInt32LE(value % TWO_32, offset);
  into.writeUInt32LE(Math.floor(value / TWO_32), offset + 4);
}

function readUInt53LE(from: Buffer, offset: number): number {
  return from.readUInt32LE(offset) + from.readUInt32LE(offset + 4) * TWO_32;
}
