// The extras of an operation as bytes: EXTRAS in frame.ts, which calls this. Checks the form only; which verb takes which
// is cache.ts's.
import { isUtf8 } from 'node:buffer';
import type { Extras } from './backend.js';
import { FrameError } from './frame-error.js';

const SLIDING = 1;
const HASH = 2;
const TOKEN = 3;
const BY = 4;
const INITIAL = 5;
const TAG = 6;
const ABSENT = 7;
const ALL = 8;
const UNTAGGED = 9;

const HEAD_BYTES = 3;
export const TOKEN_BYTES = 16;
export const MAX_TAGS = 100;
export const MAX_TAG_BYTES = 255;
/** No operation has more. */
export const MAX_EXTRAS_BYTES = MAX_TAGS * (HEAD_BYTES + MAX_TAG_BYTES) + 64;

/** The bytes that each kind has; of a tag any number. */
const BYTES_OF = new Map([
  [SLIDING, 8],
  [HASH, 0],
  [TOKEN, TOKEN_BYTES],
  [BY, 8],
  [INITIAL, 8],
  [ABSENT, 0],
  [ALL, 0],
  [UNTAGGED, 0],
]);

/** Bytes that `writeExtras` will write. */
export function extrasBytes(extras: Extras | undefined): number {
  if (!extras) return 0;
  let bytes = 0;
  for (const [, content] of partsOf(extras)) bytes += HEAD_BYTES + content.length;
  return bytes;
}

/** Answers the offset behind them. */
export function writeExtras(into: Buffer, offset: number, extras: Extras): number {
  let at = offset;
  for (const [kind, content] of partsOf(extras)) {
    into[at] = kind;
    into.writeUInt16LE(content.length, at + 1);
    at += HEAD_BYTES + content.copy(into, at + HEAD_BYTES);
  }
  return at;
}

/**
 * Reads all that `bytes` holds.
 * @param id of the operation, for the error
 * @throws FrameError
 */
export function readExtras(id: number, bytes: Buffer): Extras {
  const extras: Extras = {};
  for (let at = 0; at < bytes.length; ) {
    const end =
      at + HEAD_BYTES <= bytes.length ? at + HEAD_BYTES + bytes.readUInt16LE(at + 1) : at + HEAD_BYTES;
    if (end > bytes.length) throw new FrameError(id, 'An extra is longer than the extras.');
    const fault = take(extras, bytes[at] as number, bytes.subarray(at + HEAD_BYTES, end));
    if (fault) throw new FrameError(id, fault);
    at = end;
  }
  return extras;
}

/** Answers what is wrong with it, if anything is. */
function take(extras: Extras, kind: number, content: Buffer): string | undefined {
  if (kind === TAG) return takeTag(extras, content);
  const bytes = BYTES_OF.get(kind);
  if (bytes === undefined) return 'A kind of extra is not known.';
  if (bytes !== content.length) return 'An extra has not the length of its kind.';
  const before = Object.keys(extras).length;
  if (kind === SLIDING) extras.slidingMs = Number(content.readBigUInt64LE());
  if (kind === HASH) extras.hash = true;
  if (kind === TOKEN) extras.token = content;
  if (kind === BY) extras.by = content.readBigInt64LE();
  if (kind === INITIAL) extras.initial = content.readBigInt64LE();
  if (kind === ABSENT) extras.absent = true;
  if (kind === ALL) extras.all = true;
  if (kind === UNTAGGED) extras.untagged = true;
  if (Object.keys(extras).length === before) return 'An extra is given twice.';
  return Number.isSafeInteger(extras.slidingMs ?? 0) ? undefined : 'A sliding life is not below 2^53.';
}

function takeTag(extras: Extras, content: Buffer): string | undefined {
  if (content.length === 0 || content.length > MAX_TAG_BYTES || !isUtf8(content))
    return `A tag is 1 to ${MAX_TAG_BYTES} bytes of UTF-8.`;
  extras.tags ??= [];
  if (extras.tags.push(content.toString()) > MAX_TAGS) return `An entry has up to ${MAX_TAGS} tags.`;
  return undefined;
}

function partsOf(extras: Extras): [number, Buffer][] {
  const { slidingMs, hash, token, by, initial, tags = [], absent, all, untagged } = extras;
  const parts: [number, Buffer][] = [];
  if (slidingMs !== undefined) parts.push([SLIDING, int64(BigInt(slidingMs))]);
  if (hash) parts.push([HASH, NOTHING]);
  if (token) parts.push([TOKEN, token]);
  if (by !== undefined) parts.push([BY, int64(by)]);
  if (initial !== undefined) parts.push([INITIAL, int64(initial)]);
  for (const tag of tags) parts.push([TAG, Buffer.from(tag)]);
  if (absent) parts.push([ABSENT, NOTHING]);
  if (all) parts.push([ALL, NOTHING]);
  if (untagged) parts.push([UNTAGGED, NOTHING]);
  return parts;
}

const NOTHING = Buffer.alloc(0);

function int64(number: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(number);
  return bytes;
}
