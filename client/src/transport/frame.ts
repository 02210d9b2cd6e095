// The frames of the stream, as the client needs them: writes operations, reads results. Called by connection.ts;
// knows nothing of sockets. The block below is the sidecar's (src/frame.ts), word for word; a test compares them.
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
import { SIDECAR_ERRORS } from '../errors.js';
import { extrasOf } from './extras.js';
import { ETAG_BYTES, type Failure, type Operation, type Result } from './operation.js';

/** The id of frames that answer no operation. */
export const UNASKED = 0;
export const LAST_ID = 0xffff_ffff;

const OPERATION_HEADER_BYTES = 30;
const RESULT_HEADER_BYTES = 20;
/** A longer result is none: no sidecar takes such a value. */
const MAX_RESULT_BYTES = 128 * 1024 * 1024;
const EVENT_STATUS = 255;
const TWO_32 = 2 ** 32;

const VERB_BYTE = {
  ...{ get: 1, put: 2, delete: 3, touch: 4, ping: 5, list: 6 },
  ...{ increment: 7, append: 8, prepend: 9, lock: 10, unlock: 11, clear: 12 },
} as const satisfies Record<Operation['verb'], number>;
const CONDITION_BYTE = { none: 0, absent: 1, present: 2, etag: 3 } as const;
const TTL_BYTE = { default: 0, for: 1, never: 2, keep: 3 } as const;
const ANSWERS = ['ok', 'miss', 'absent', 'changed', 'exists', 'locked', 'not_held'] as const;
const OUTCOMES = ['not_applied', 'applied', 'unknown'] as const;

const OPERATION_ETAG = 1;
const OPERATION_TTL = 2;
const OPERATION_FRESH = 4;
const RESULT_ETAG = 1;
const RESULT_TTL = 2;
const RESULT_NEVER = 4;
const RESULT_VALUE = 8;

/** What has arrived is not of this format: nothing more can be read from the connection. */
export class FrameError extends Error {
  override name = 'FrameError';
}

/** Bytes that `writeOperation` will write. */
export function operationBytes({ key = '', etag, extras, value }: Operation): number {
  const valueBytes = typeof value === 'string' ? Buffer.byteLength(value) : (value?.length ?? 0);
  const restBytes = (etag?.length ?? 0) + (extras ? extrasOf(extras).length : 0) + valueBytes;
  return OPERATION_HEADER_BYTES + Buffer.byteLength(key) + restBytes;
}

/** Writes one OPERATION frame at `offset`; answers the offset behind it. `deadlineMs` is what the sidecar is told. */
export function writeOperation(
  into: Buffer,
  offset: number,
  id: number,
  operation: Operation,
  deadlineMs: number,
): number {
  const { key = '', etag, extras, value, ttlMs = 0 } = operation;
  const keyLength = into.write(key, offset + OPERATION_HEADER_BYTES);
  let end = offset + OPERATION_HEADER_BYTES + keyLength;
  if (etag) {
    into.set(etag, end);
    end += etag.length;
  }
  const extrasStart = end;
  if (extras) end += extrasOf(extras).copy(into, end);
  into.writeUInt16LE(end - extrasStart, offset + 28);
  if (typeof value === 'string') end += into.write(value, end);
  else if (value) {
    into.set(value, end);
    end += value.length;
  }
  into.writeUInt32LE(end - offset - 4, offset);
  into.writeUInt32LE(id, offset + 4);
  into[offset + 8] = VERB_BYTE[operation.verb];
  into[offset + 9] =
    (operation.wantEtag ? OPERATION_ETAG : 0) |
    (operation.wantTtl ? OPERATION_TTL : 0) |
    (operation.fresh ? OPERATION_FRESH : 0);
  into[offset + 10] = CONDITION_BYTE[operation.condition ?? 'none'];
  into[offset + 11] = TTL_BYTE[operation.ttlKind ?? 'default'];
  into.writeUInt32LE(deadlineMs, offset + 12);
  into.writeUInt32LE(ttlMs % TWO_32, offset + 16);
  into.writeUInt32LE(Math.floor(ttlMs / TWO_32), offset + 20);
  into.writeUInt16LE(keyLength, offset + 24);
  into.writeUInt16LE(etag?.length ?? 0, offset + 26);
  return end;
}

/** Reads the id of a whole frame. */
export function frameId(frame: Buffer): number {
  return frame.readUInt32LE(4);
}

/**
 * Reads one whole RESULT frame; undefined for an event. Value and etag are views of `frame`.
 * @throws FrameError when the content does not fit the form
 */
export function readResult(frame: Buffer): Result | Failure | undefined {
  if (frame.length < RESULT_HEADER_BYTES) throw new FrameError('A result is shorter than its header.');
  const number = frame[8] as number;
  const flags = frame[9] as number;
  const outcome = OUTCOMES[frame[10] as number];
  const etagEnd = RESULT_HEADER_BYTES + (flags & RESULT_ETAG ? ETAG_BYTES : 0);
  if (outcome === undefined) throw new FrameError('The outcome of a result is not known.');
  if (etagEnd > frame.length) throw new FrameError('An ETag is longer than its result.');
  if (number === EVENT_STATUS) return undefined;
  const status = ANSWERS[number];
  if (status === undefined) {
    // A newer sidecar may have errors that this client has no name for.
    const [code] = SIDECAR_ERRORS[number as keyof typeof SIDECAR_ERRORS] ?? ['internal'];
    return { status: code, outcome, detail: frame.toString('utf8', etagEnd) };
  }
  return {
    status,
    outcome,
    value: flags & RESULT_VALUE ? frame.subarray(etagEnd) : undefined,
    etag: flags & RESULT_ETAG ? frame.subarray(RESULT_HEADER_BYTES, etagEnd) : undefined,
    ttlMs: readLife(frame, flags),
  };
}

function readLife(frame: Buffer, flags: number): number | undefined {
  if (flags & RESULT_NEVER) return Number.POSITIVE_INFINITY;
  return flags & RESULT_TTL ? frame.readUInt32LE(12) + frame.readUInt32LE(16) * TWO_32 : undefined;
}

/**
 * Cuts incoming bytes into whole frames, one at a time.
 * Memory grows with the bytes that have arrived, not with the length that a frame claims.
 */
export class FrameReader {
  #parts: Buffer[] = [];
  #held = 0;

  /** Takes the next bytes; they are not copied. */
  push(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#held += chunk.length;
  }

  /**
   * The next whole frame, or undefined when it has not all arrived. The frame is a view of the bytes pushed.
   * @throws FrameError when a length is none: where the next frame begins is not known
   */
  next(): Buffer | undefined {
    if (this.#held < 8) return undefined;
    let head = this.#parts[0] as Buffer;
    if (head.length < 8) head = this.#join();
    const bytes = head.readUInt32LE(0) + 4;
    if (bytes < 8 || bytes > MAX_RESULT_BYTES) throw new FrameError('The length of a frame is none.');
    if (this.#held < bytes) return undefined;
    if (head.length < bytes) head = this.#join();
    if (head.length > bytes) this.#parts[0] = head.subarray(bytes);
    else this.#parts.shift();
    this.#held -= bytes;
    return head.subarray(0, bytes);
  }

  /** Makes one buffer of all that is held. */
  #join(): Buffer {
    const joined = Buffer.concat(this.#parts, this.#held);
    this.#parts = [joined];
    return joined;
  }
}
