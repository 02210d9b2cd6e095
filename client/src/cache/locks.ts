// What the calls on locks mean: from key, handle and options to an operation, and from its result to the answer. Called by
// cache.ts, calls.ts and get-or-set.ts; knows nothing of callbacks or connections. Whatever is wrong rejects. The types
// are in locking.ts.
import { randomBytes } from 'node:crypto';
import { AzureCacheError } from '../errors.js';
import { lifeOf } from '../life.js';
import type { Operation, Result } from '../transport/operation.js';
import type { Transport } from '../transport/transport.js';
import type { PutOptions } from './call-options.js';
import {
  checked,
  checkedWithTtl,
  etagText,
  LOCK,
  PUT,
  tokenOf,
  UNLOCK,
  withCondition,
  withDeadline,
} from './call-rules.js';
import { movedLife, putting } from './calls.js';
import type { Locked, LockHandle, LockOptions, UnlockOptions } from './locking.js';
import type { Scope } from './scope.js';
import { fromBytes, toBytes } from './value.js';

const TOKEN_BYTES = 16;
const DEFAULT_LEASE_S = 30;
const MAX_LEASE_S = 3600;

/** Nobody else has one. */
export const newToken = () => randomBytes(TOKEN_BYTES);

export async function getAndLock(
  scope: Scope,
  key: unknown,
  given: unknown,
): Promise<Locked<unknown> | null> {
  const options = checked<LockOptions>('getAndLock', given, LOCK);
  const token = newToken();
  const name = scope.key('getAndLock', key);
  const operation = locking(name, token, leaseOf('getAndLock', options.lease), options.absent);
  operation.wantEtag = true;
  const result = await lock(scope.transport, withDeadline(operation, options), options.signal);
  if (result.status === 'miss') return null;
  if (result.status === 'locked') throw isLocked(result);
  return {
    ...(await entryOf(scope, operation, result, options.raw)),
    lock: token.toString('hex') as LockHandle,
  };
}

/** Milliseconds. @throws AzureCacheError `lease_invalid` */
export function leaseOf(call: string, lease: unknown = DEFAULT_LEASE_S): number {
  if (typeof lease === 'number' && lease > 0 && lease <= MAX_LEASE_S) return lifeOf(lease).ttlMs;
  throw new AzureCacheError(
    'lease_invalid',
    `${call}: a lease is a number of seconds above 0, up to an hour.`,
  );
}

export function locking(key: string, token: Buffer, leaseMs: number, absent: boolean | undefined): Operation {
  const extras = absent ? { token, absent } : { token };
  return { verb: 'lock', key, ttlKind: 'for', ttlMs: leaseMs, extras };
}

/**
 * An answer that was lost is asked for again: with the same token it is the same lock. One that is not awaited any more is
 * given up, as far as that goes.
 */
export async function lock(
  transport: Transport,
  operation: Operation,
  signal: AbortSignal | undefined,
): Promise<Result> {
  try {
    return await transport.run(operation, signal).catch((error: AzureCacheError) => {
      if (error.code !== 'connection_lost') throw error;
      return transport.run(operation, signal);
    });
  } catch (error) {
    if ((error as AzureCacheError).outcome === 'unknown') void release(transport, operation);
    throw error;
  }
}

/** Gives up the lock that an operation has taken. Where that fails it ends by its lease. */
export async function release(transport: Transport, { key, extras, deadlineMs }: Operation): Promise<void> {
  const unlock: Operation = {
    verb: 'unlock',
    key: key as string,
    extras: { token: extras?.token as Buffer },
  };
  await transport.run(withDeadline(unlock, { deadlineMs })).catch(() => {});
}

/** @throws NotJson, and then the lock is given up: nobody would have its handle */
async function entryOf(
  { transport }: Scope,
  operation: Operation,
  { value, etag }: Result,
  raw: boolean | undefined,
) {
  if (!value || !etag) return { value: null, etag: null };
  try {
    return { value: fromBytes(value, raw), etag: etagText(etag) };
  } catch (error) {
    await release(transport, operation);
    throw error;
  }
}

function isLocked({ ttlMs }: Result): AzureCacheError {
  const message = `getAndLock: another holds the lock, for ${ttlMs} ms at most. Try again when it is given up, or go on without it.`;
  return new AzureCacheError('locked', message);
}

export async function putAndUnlock(
  scope: Scope,
  key: unknown,
  value: unknown,
  handle: unknown,
  given: unknown,
): Promise<boolean | string> {
  const token = tokenOf('putAndUnlock', handle);
  const options = checkedWithTtl<PutOptions>('putAndUnlock', given, PUT);
  const bytes = toBytes(value, options.raw);
  const operation = withCondition('putAndUnlock', putting(scope, 'putAndUnlock', key, options), options);
  operation.value = bytes;
  operation.extras = { ...operation.extras, token };
  const { status, etag } = await scope.transport.run(withDeadline(operation, options), options.signal);
  if (status !== 'ok') return false;
  return options.etag && etag ? etagText(etag) : true;
}

export async function unlock(scope: Scope, key: unknown, handle: unknown, given: unknown): Promise<boolean> {
  const token = tokenOf('unlock', handle);
  const options = checked<UnlockOptions>('unlock', given, UNLOCK);
  const { ttl } = options;
  const life = ttl === undefined || ttl === null ? {} : movedLife('unlock', ttl);
  const operation: Operation = { verb: 'unlock', key: scope.key('unlock', key), ...life, extras: { token } };
  const { status } = await scope.transport.run(withDeadline(operation, options), options.signal);
  // A miss: it was held, and there is no entry to have the life.
  return status !== 'not_held';
}
