// What the calls mean that add to what is there: numbers that are counted, values that grow. Called by cache.ts; knows
// nothing of callbacks or connections. Whatever is wrong rejects. The types are in counting.ts.
import { isUint8Array } from 'node:util/types';
import { AzureCacheError } from '../errors.js';
import type { Life } from '../life.js';
import type { Operation } from '../transport/operation.js';
import type { CallOptions, IncrementOptions } from './call-options.js';
import { checked, GROW, INCREMENT, INT64, invalid, withDeadline } from './call-rules.js';
import type { Scope } from './scope.js';

type Sum = number | bigint;

export async function increment(scope: Scope, key: unknown, by: unknown, given: unknown): Promise<Sum> {
  return count(scope, 'increment', key, by, given);
}

export async function decrement(scope: Scope, key: unknown, by: unknown, given: unknown): Promise<Sum> {
  return count(scope, 'decrement', key, by, given);
}

export async function append(
  scope: Scope,
  key: unknown,
  value: unknown,
  given: unknown,
): Promise<number | null> {
  return grow(scope, 'append', key, value, given);
}

export async function prepend(
  scope: Scope,
  key: unknown,
  value: unknown,
  given: unknown,
): Promise<number | null> {
  return grow(scope, 'prepend', key, value, given);
}

type Count = 'increment' | 'decrement';

async function count(scope: Scope, call: Count, key: unknown, by: unknown, given: unknown): Promise<Sum> {
  const { amount, options } = asked(call, by, given);
  const operation: Operation = {
    verb: 'increment',
    key: scope.key(call, key),
    ...firstLife(scope, call, options.ttl),
    extras: { by: amount, initial: BigInt(options.initial ?? 0) },
  };
  const { value } = await scope.transport.run(withDeadline(operation, options), options.signal);
  const sum = BigInt(String(value));
  return Number.isSafeInteger(Number(sum)) ? Number(sum) : sum;
}

/** How much may be left out, or stand in the options. */
function asked(call: Count, by: unknown, given: unknown): { amount: bigint; options: IncrementOptions } {
  const isAlone = typeof by === 'object' && by !== null;
  if (isAlone && given !== undefined && given !== null)
    throw invalid(`${call}: after the options comes a callback, or nothing.`);
  const options = checked<IncrementOptions>(call, isAlone ? by : given, INCREMENT);
  const before = isAlone ? undefined : (by ?? undefined);
  if (before !== undefined && options.by !== undefined)
    throw invalid(`${call}: how much stands before the options or in them, not in both.`);
  const number = before ?? options.by ?? 1;
  const [isInt64, what] = INT64;
  const amount = isInt64(number) ? BigInt(number as Sum) * (call === 'decrement' ? -1n : 1n) : undefined;
  // The lowest number has no counterpart.
  if (amount === undefined || !isInt64(amount)) throw invalid(`${call}: how much is ${what}.`);
  return { amount, options };
}

/** @throws AzureCacheError `ttl_invalid`: a number that is there keeps its life in any case */
function firstLife(scope: Scope, call: Count, ttl: unknown): Life {
  if (ttl !== 'keep') return scope.lifeOf(ttl);
  const message = `${call}: the ttl is for a new number, so it cannot be 'keep'; one that is there keeps its life.`;
  throw new AzureCacheError('ttl_invalid', message);
}

type Growth = 'append' | 'prepend';

async function grow(
  scope: Scope,
  call: Growth,
  key: unknown,
  value: unknown,
  given: unknown,
): Promise<number | null> {
  const options = checked<CallOptions>(call, given, GROW);
  const operation: Operation = { verb: call, key: scope.key(call, key), value: asIs(call, value) };
  const { status, value: length } = await scope.transport.run(
    withDeadline(operation, options),
    options.signal,
  );
  return status === 'ok' ? Number(length) : null;
}

/** @throws AzureCacheError `value_invalid`, also for half a surrogate pair, which has no bytes in UTF-8 */
function asIs(call: Growth, value: unknown): string | Uint8Array {
  if (isUint8Array(value) || (typeof value === 'string' && value.isWellFormed())) return value;
  const message = `${call}: what is added is a string without half surrogate pairs, or bytes (a Buffer, a Uint8Array).`;
  throw new AzureCacheError('value_invalid', message);
}
