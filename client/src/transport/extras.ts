// The extras of an operation as bytes: EXTRAS in frame.ts, which calls this.
import type { Extras } from './operation.js';

const HEAD_BYTES = 3;
const NOTHING = Buffer.alloc(0);

/** All of them, as they stand in the frame. */
export function extrasOf(extras: Extras): Buffer {
  const { slidingMs, hash, token, by, initial, tags = [], absent, all, untagged } = extras;
  const parts: Buffer[] = [];
  const add = (kind: number, content: Uint8Array) => {
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = kind;
    head.writeUInt16LE(content.length, 1);
    parts.push(head, Buffer.from(content));
  };
  if (slidingMs !== undefined) add(1, int64(BigInt(slidingMs)));
  if (hash) add(2, NOTHING);
  if (token) add(3, token);
  if (by !== undefined) add(4, int64(by));
  if (initial !== undefined) add(5, int64(initial));
  for (const tag of tags) add(6, Buffer.from(tag));
  if (absent) add(7, NOTHING);
  if (all) add(8, NOTHING);
  if (untagged) add(9, NOTHING);
  return Buffer.concat(parts);
}

function int64(number: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(number);
  return bytes;
}
