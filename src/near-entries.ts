// Copies of entries, bounded in bytes: those used longest ago make room. Used by near-cache.ts, which says what may be
// kept and served. Knows nothing of operations.
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** What a copy takes beside its key and value: objects, its place in the map and in the order. Measured: 340, with ETag 580. */
const OVERHEAD_BYTES = 600;
/** A copy that takes more than this part of the bound would push out too many others. */
const LARGEST_PART = 8;
/** Keys that were read once are remembered in so many places: 256 KiB. */
const ONCE_PLACES = 2 ** 16;

export interface NearEntry {
  readonly value: Buffer;
  /** By the clock of the caller; Infinity = never. */
  readonly endsAtMs: number;
  /** Once it was asked for. */
  etag: Buffer | undefined;
}

export class NearEntries {
  readonly #entries: LRUCache<string, NearEntry>;
  readonly #once = new Uint32Array(ONCE_PLACES);

  /** @param maxBytes all that the copies take together */
  constructor(maxBytes: number) {
    this.#entries = new LRUCache({ maxSize: maxBytes, maxEntrySize: Math.ceil(maxBytes / LARGEST_PART) });
  }

  get(name: string): NearEntry | undefined {
    return this.#entries.get(name);
  }

  /** Copies value and etag, which are views of all that arrived with them. What is too large is not kept. */
  set(name: string, value: Buffer, etag: Buffer | undefined, endsAtMs: number): void {
    const size = name.length + value.length + OVERHEAD_BYTES;
    if (size > this.#entries.maxEntrySize) return;
    const entry = { value: copyOf(value), endsAtMs, etag: etag && copyOf(etag) };
    this.#entries.set(name, entry, { size });
  }

  delete(name: string): void {
    this.#entries.delete(name);
  }

  clear(): void {
    this.#entries.clear();
  }

  /**
   * Whether this key was asked for before; it is from now on. Remembers the last of the keys that fall on one place, by
   * their hash: for two with the same it errs, which costs a copy that nobody needs.
   */
  readBefore(name: string): boolean {
    const hash = hashOf(name);
    const place = hash % ONCE_PLACES;
    if (this.#once[place] === hash) return true;
    this.#once[place] = hash;
    return false;
  }
}

/** Computed once. */
export function etagOf(entry: NearEntry): Buffer {
  entry.etag ??= sha1(entry.value);
  return entry.etag;
}

export function sha1(value: Buffer): Buffer {
  return createHash('sha1').update(value).digest();
}

/** Of its own: a small piece of a larger buffer would keep all of that alive. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** FNV-1a; never 0, which is an empty place. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0 || 1;
}
