// What the calls on many entries mean. Called by cache.ts; knows nothing of callbacks or connections. All operations are
// made before the first is sent, so that what is wrong in one of them here leaves nothing half done.

import { AzureCacheError } from '../errors.js';
import type { Operation, Result } from '../transport/operation.js';
import type { CallOptions, GetOptions, PutOptions, TouchManyOptions } from './call-options.js';
import {
  checked,
  checkedWithTtl,
  GET_MANY,
  PUT_MANY,
  REMOVE_MANY,
  TOUCH_MANY,
  withCondition,
  withDeadline,
} from './call-rules.js';
import { givenLife, reading } from './calls.js';
import { laid } from './layout.js';
import { ManyError, runMany } from './many.js';
import type { Scope } from './scope.js';
import { fromBytes, toBytes } from './value.js';

/** Those that are there, in the order of `keys`. */
export async function getMany(scope: Scope, keys: unknown, given: unknown): Promise<Map<string, unknown>> {
  const options = checked<GetOptions>('getMany', given, GET_MANY);
  const names = keysOf('getMany', keys);
  const get = withDeadline(reading('', options), options);
  const operations = prepared(names, (key) => ({ ...get, key: scope.key('getMany', key) }));
  // Each in an array of its own, so that a value of null is no miss.
  const found = await runMany(scope.transport, operations, options.signal, ({ value }) =>
    value ? [fromBytes(value, options.raw)] : undefined,
  );
  const values = new Map<string, unknown>();
  for (const [place, hit] of found.entries()) if (hit) values.set(names[place] as string, hit[0]);
  return values;
}

/** How many were written: all, unless there is a condition. */
export async function putMany(scope: Scope, entries: unknown, given: unknown): Promise<number> {
  const options = checkedWithTtl<PutOptions>('putMany', given, PUT_MANY);
  const put: Operation = { verb: 'put', ...laid(scope, 'putMany', options) };
  withDeadline(withCondition('putMany', put, options), options);
  const operations = prepared(entriesOf(entries), ([key, value]) => {
    return { ...put, key: scope.key('putMany', key), value: toBytes(value, options.raw) };
  });
  return countDone(await runMany(scope.transport, operations, options.signal, isDone));
}

/** How many were there. */
export async function touchMany(scope: Scope, keys: unknown, given: unknown): Promise<number> {
  const options = checkedWithTtl<TouchManyOptions>('touchMany', given, TOUCH_MANY);
  const touch = withDeadline({ verb: 'touch', ...givenLife(scope, 'touchMany', options.ttl) }, options);
  const operations = prepared(keysOf('touchMany', keys), (key) => ({
    ...touch,
    key: scope.key('touchMany', key),
  }));
  return countDone(await runMany(scope.transport, operations, options.signal, isDone));
}

/** How many were there. */
export async function removeMany(scope: Scope, keys: unknown, given: unknown): Promise<number> {
  const options = checked<CallOptions>('removeMany', given, REMOVE_MANY);
  const operations = prepared(keysOf('removeMany', keys), (key) =>
    withDeadline({ verb: 'delete', key: scope.key('removeMany', key) }, options),
  );
  return countDone(await runMany(scope.transport, operations, options.signal, isDone));
}

const isDone = ({ status }: Result) => status === 'ok';
const countDone = (done: readonly boolean[]) => done.filter((yes) => yes).length;

function prepared<Item>(items: readonly Item[], prepare: (item: Item) => Operation): Operation[] {
  return items.map((item, place) => {
    try {
      return prepare(item);
    } catch (error) {
      throw error instanceof AzureCacheError ? new ManyError([{ place, error }], items.length) : error;
    }
  });
}

function keysOf(call: string, keys: unknown): string[] {
  if (isIterable(keys)) return [...keys] as string[];
  throw new AzureCacheError(
    'key_invalid',
    `${call}: keys are an array, a Set or another iterable of strings.`,
  );
}

function entriesOf(entries: unknown): [string, unknown][] {
  if (isIterable(entries)) {
    const pairs = [...entries];
    if (pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) return pairs as [string, unknown][];
  } else if (typeof entries === 'object' && entries !== null) return Object.entries(entries);
  const what = 'a Map, another iterable of [key, value], or an object that has the keys as names';
  throw new AzureCacheError('value_invalid', `putMany: entries are ${what}.`);
}

/** A string is one too, but of its letters. */
function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
