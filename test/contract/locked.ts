// What the rules of the contract about locks have in common: tokens, and the asserts of who holds a lock.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Result } from '../../src/backend.js';
import { type EntryUnderTest, isDone, isRefused } from './entry.js';

const HOUR_MS = 3_600_000;
export const ALSO_ABSENT = { absent: true } as const;

export const newToken = () => randomBytes(16);
export const withToken = (token: Buffer) => ({ extras: { token } });

/** The lock is held with another token, for at most so long. */
export function isLocked(result: Result, leaseMs: number): void {
  isRefused(result, 'locked');
  assert.equal(result.value, undefined);
  const { ttlMs = Number.NaN } = result;
  assert.ok(ttlMs > 0 && ttlMs <= leaseMs, `${ttlMs} ms left of ${leaseMs}`);
}

/** Held with this token: it can be unlocked, once. */
export async function isHeldWith(it: EntryUnderTest, token: Buffer): Promise<void> {
  isLocked(await it.lock(newToken(), ALSO_ABSENT), HOUR_MS);
  isDone(await it.unlock(token));
  await isFree(it);
}

/** Whoever asks gets it. It is free again afterwards. */
export async function isFree(it: EntryUnderTest): Promise<void> {
  const token = newToken();
  isDone(await it.lock(token, ALSO_ABSENT));
  isDone(await it.unlock(token));
}
