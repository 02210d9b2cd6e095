// The extras of an operation as bytes: EXTRAS in frame.ts, which calls this.
import type { Extras } from './operation.js';

const HEAD_BYTES = 3;
const INT64_BYTES = 8;
const KINDS: readonly [kind: number, name: keyof Extras][] = [
  [1, 'by'],
  [2, 'initial'],
];

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
