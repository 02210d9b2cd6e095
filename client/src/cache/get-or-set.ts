// Reads a value, or has it made once for everybody: whoever gets the lock of the key loads it, the others wait. Called by
// cache.ts; the lock is locks.ts's, and that the callers of one process are one is flights.ts's. The types are in
// locking.ts.
import { setTimeout as pause } from 'node:timers/promises';
import { AzureCacheError } from '../errors.js';
import type { Operation, Result } from '../transport/operation.js';
import type { Transport } from '../transport/transport.js';
import { checkedWithTtl, GET_OR_SET, invalid, withDeadline } from './call-rules.js';
import { putting } from './calls.js';
import type { Loaded } from './flights.js';
import type { GetOrSetOptions, Load } from './locking.js';
import { leaseOf, lock, locking, newToken, release } from './locks.js';
import type { Scope } from './scope.js';
import { fromBytes, toBytes } from './value.js';

/** Between two looks at what another loads, longer by half each time, give or take a half. */
const FIRST_PAUSE_MS = 10;
const LAST_PAUSE_MS = 250;

interface Asked {
  /** All of it but the value and the lock. */
  put: Operation;
  load: Load<unknown>;
  raw: boolean | undefined;
  leaseMs: number;
  waitMs: number;
  fresh: boolean | undefined;
}

export async function getOrSet(scope: Scope, key: unknown, load: unknown, given: unknown): Promise<unknown> {
  if (typeof load !== 'function')
    throw invalid('getOrSet: after the key comes a function that makes the value.');
  const options = checkedWithTtl<GetOrSetOptions>('getOrSet', given, GET_OR_SET);
  const { raw, fresh, signal } = options;
  const put = withDeadline(putting(scope, 'getOrSet', key, options), options);
  if (put.ttlKind === 'keep')
    throw new AzureCacheError(
      'ttl_invalid',
      "getOrSet: there is no life to keep, so the ttl cannot be 'keep'.",
    );
  const leaseMs = leaseOf('getOrSet', options.lease);
  const { waitMs = 2 * leaseMs } = options;
  const asked = { put, load: load as Load<unknown>, raw, leaseMs, waitMs, fresh };
  const loaded = await scope.flights.join(`${raw === true}:${put.key}`, signal, (left) =>
    lookUp(scope.transport, asked, left),
  );
  // Each caller has a value of its own, the same that a get would answer.
  if (typeof loaded === 'string') return JSON.parse(loaded);
  return loaded && fromBytes(Buffer.from(loaded.buffer, loaded.byteOffset, loaded.length), raw);
}

/** @param left fires once nobody waits any more */
async function lookUp(transport: Transport, asked: Asked, left: AbortSignal): Promise<Loaded> {
  const { put, leaseMs, waitMs, fresh = false } = asked;
  const { key = '', deadlineMs } = put;
  const get = withDeadline({ verb: 'get', key, fresh }, { deadlineMs });
  const end = performance.now() + waitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_PAUSE_MS)) {
    const found = await unlessAway(transport.run(get, left));
    if (found?.value) return found.value;
    const mine = withDeadline(locking(key, newToken(), leaseMs, true), { deadlineMs });
    const locked = found && (await unlessAway(lock(transport, mine, left)));
    if (locked?.status === 'ok') return await holding(transport, asked, mine, locked, left);
    if (!locked || performance.now() >= end) return await loading(asked, left);
    const wait = Math.min(pauseMs * (0.5 + Math.random()), locked.ttlMs ?? pauseMs);
    await pause(wait, undefined, { signal: left });
  }
}

/** Nobody else loads now, unless the lease passes before the value is there. */
async function holding(
  transport: Transport,
  asked: Asked,
  mine: Operation,
  { value: there }: Result,
  left: AbortSignal,
): Promise<Loaded> {
  let stored = false;
  try {
    // Another has stored it since it was looked for.
    const token = mine.extras?.token as Buffer;
    const value = there ?? (await loading(asked, left));
    if (there || value === undefined) return value;
    // Whoever has put another meanwhile, past the lock, knows better: what was loaded can be older.
    const extras = { ...asked.put.extras, token };
    const put: Operation = { ...asked.put, value, condition: 'absent', extras };
    const result = await unlessAway(transport.run(put));
    // Not held any more: whoever has the lock now stores what it has loaded.
    stored = result?.status === 'ok' || result?.status === 'not_held';
    return value;
  } finally {
    if (!stored) await release(transport, mine);
  }
}

async function loading({ load, raw }: Asked, left: AbortSignal): Promise<Loaded> {
  const value = await load({ signal: left });
  return value === undefined ? undefined : toBytes(value, raw);
}

/** Undefined while the cache cannot be reached, or does not do its work: then the application does without. */
async function unlessAway(result: Promise<Result>): Promise<Result | undefined> {
  try {
    return await result;
  } catch (error) {
    const { status, code } = error as AzureCacheError;
    if (status >= 500 && code !== 'closed') return undefined;
    throw error;
  }
}
