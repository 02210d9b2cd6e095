// How long entries of the fake live that lie in a hash (fake-store.ts), with a use, a touch or a put. Called by
// fake-verbs.ts.
import type { Operation } from '../src/backend.js';
import type { Entry, HashLife } from './fake-store.js';

const NEVER = Number.POSITIVE_INFINITY;

/** The life that a put with `sliding` or `hash` gives; undefined for any other put. */
export function hashOf({ extras, ttlKind, ttlMs }: Operation, nowMs: number): HashLife | undefined {
  if (!extras?.hash && extras?.slidingMs === undefined) return undefined;
  return { capAt: ttlKind === 'never' ? NEVER : nowMs + ttlMs, slidingMs: extras.slidingMs ?? NEVER };
}

export function endOf({ capAt, slidingMs }: HashLife, nowMs: number): number {
  return Math.min(capAt, nowMs + slidingMs);
}

/** A read, or a put that keeps the life, lets what slides live on; answers whether it slides. */
export function use(entry: Entry, nowMs: number): boolean {
  if (!entry.hash || entry.hash.slidingMs === NEVER) return false;
  entry.expiresAt = endOf(entry.hash, nowMs);
  return true;
}

/** A touch gives a hash another cap, up to which it goes on to slide. */
export function give(entry: Entry, expiresAt: number, nowMs: number): void {
  if (entry.hash) entry.hash = { ...entry.hash, capAt: expiresAt };
  entry.expiresAt = entry.hash ? endOf(entry.hash, nowMs) : expiresAt;
}
