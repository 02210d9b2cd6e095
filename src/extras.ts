// The extras of an operation as bytes: EXTRAS in frame.ts, which calls this. Checks the form only;
// that other verbs take none is said in cache.ts.
import type { Extras } from './backend.js';
import { FrameError } from './frame-error.js';

const HEAD_BYTES = 3;
const INT64_BYTES = 8;
const KINDS: readonly [kind: number, name: keyof Extras][] = [
  [1, 'by'],
  [2, 'initial'],
];
/** No operation has more. */
export const MAX_EXTRAS_BYTES = KINDS.length * (HEAD_BYTES + INT64_BYTES);

/** Bytes that `writeExtras` will write. */
export function extrasBytes(extras: Extras | undefined): number {
  if (!extras) return 0;
  return KINDS.filter(([, name]) => extras[name] !== undefined).length * (HEAD_BYTES + INT64_BYTES);
}

/** Answers the offset behind them. */
export function writeExtras(into: Buffer, offset: number, extras: Extras): number {
  let at = offset;
  for (const [kind, name] of KINDS) {
    const number = extras[name];
    if (number === undefined) continue;
    into[at] = kind;
    into.writeUInt16LE(INT64_BYTES, at + 1);
    at = into.writeBigInt64LE(number, at + HEAD_BYTES);
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
  for (let at = 0; at < bytes.length; at += HEAD_BYTES + INT64_BYTES) {
    if (bytes.length - at < HEAD_BYTES + INT64_BYTES) throw new FrameError(id, 'An extra is cut off.');
    const name = KINDS.find(([kind]) => kind === bytes[at])?.[1];
    if (name === undefined) throw new FrameError(id, 'A kind of extra is not known.');
    if (bytes.readUInt16LE(at + 1) !== INT64_BYTES)
      throw new FrameError(id, 'An extra has not the length of its kind.');
    if (extras[name] !== undefined) throw new FrameError(id, 'An extra is given twice.');
    extras[name] = bytes.readBigInt64LE(at + HEAD_BYTES);
  }
  return extras;
}
