// The changes that a backend tells unasked, as bytes: CHANGES in frame.ts. Used by bridge.ts.
import type { Change } from './backend.js';

const KEYS = 1;
const EVERYTHING = 2;
const LOST = 3;

/** Reads the value of a RESULT frame with status 254. Keys are views of it. */
export function readChange(bytes: Buffer): Change {
  const kind = bytes[0];
  if (kind === KEYS) return { kind: 'keys', keys: readKeys(bytes) };
  if (kind === EVERYTHING) return { kind: 'everything' };
  if (kind === LOST) return { kind: 'lost' };
  return { kind: 'proof', mark: bytes.readUInt32LE(1) };
}

function readKeys(bytes: Buffer): Buffer[] {
  const keys: Buffer[] = [];
  for (let at = 1; at < bytes.length; ) {
    const start = at + 2;
    at = start + bytes.readUInt16LE(at);
    keys.push(bytes.subarray(start, at));
  }
  return keys;
}
