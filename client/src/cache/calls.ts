// What the calls on one entry mean: from key, value and options to an operation, and from its result to the answer.
// Called by cache.ts; knows nothing of callbacks or connections. Whatever is wrong rejects.

import { AzureCacheError } from '../errors.js';
import { type Life, lifeOf } from '../life.js';
import type { Operation, Result } from '../transport/operation.js';
import type {
  CallOptions,
  GetOptions,
  PutOptions,
  RemoveOptions,
  TouchOptions,
  UpdateOptions,
} from './call-options.js';
import {
  bytesOfEtag,
  checked,
  checkedWithTtl,
  etagText,
  GET,
  HAS,
  invalid,
  PUT,
  REMOVE,
  TOUCH,
  tokenOf,
  UPDATE,
  withCondition,
  withDeadline,
} from './call-rules.js';
import { type Laid, laid } from './layout.js';
import type { Scope } from './scope.js';
import { type Change, update as compareAndSet } from './update.js';
import { fromBytes, toBytes } from './value.js';

export async function put(
  scope: Scope,
  key: unknown,
  value: unknown,
  given: unknown,
): Promise<boolean | string> {
  // Without options nothing is spread or looked up: this is what most calls are.
  const options = typeof given === 'object' && given ? checked<PutOptions>('put', given, PUT) : undefined;
  if (!options) {
    const { ttlKind, ttlMs } = scope.lifeOf(given);
    const bytes = toBytes(value, false);
    const operation: Operation = { verb: 'put', key: scope.key('put', key), value: bytes, ttlKind, ttlMs };
    return (await scope.transport.run(operation)).status === 'ok';
  }
  const operation = putting(scope, 'put', key, options);
  operation.value = toBytes(value, options.raw);
  const { status, etag } = await run(scope, withCondition('put', operation, options), options);
  if (status !== 'ok') return false;
  return options.etag && etag ? etagText(etag) : true;
}

/** A put without its value. @throws AzureCacheError `ttl_invalid`, `key_invalid`, `key_empty` */
export function putting(scope: Scope, call: string, key: unknown, options: PutOptions): Operation {
  const { ttlKind, ttlMs, extras }: Laid = laid(scope, call, options);
  const operation: Operation = { verb: 'put', key: scope.key(call, key), ttlKind, ttlMs };
  if (extras) operation.extras = extras;
  if (options.etag) operation.wantEtag = true;
  return operation;
}

export async function get(scope: Scope, key: unknown, given: unknown): Promise<unknown> {
  const name = scope.key('get', key);
  if (given === undefined || given === null) {
    const { value } = await scope.transport.run({ verb: 'get', key: name });
    return value ? fromBytes(value, false) : null;
  }
  const options = checked<GetOptions>('get', given, GET);
  if (options.ttl && !options.etag)
    throw invalid('get: ttl: true goes with etag: true. To give a new life there is the option touch.');
  if (options.ifNoneMatch !== undefined && !options.etag)
    throw invalid(
      'get: ifNoneMatch goes with etag: true, and false is the answer where nothing has changed.',
    );
  const known = options.ifNoneMatch === undefined ? undefined : bytesOfEtag('get', options.ifNoneMatch);
  const result = await run(scope, reading(name, options), options);
  return known && result.etag?.equals(known) ? false : answerOf(result, options);
}

function answerOf({ value: bytes, etag, ttlMs }: Result, options: GetOptions): unknown {
  if (!bytes) return null;
  const value = fromBytes(bytes, options.raw);
  if (!options.etag || !etag) return value;
  if (ttlMs === undefined) return { value, etag: etagText(etag) };
  return { value, etag: etagText(etag), ttl: ttlMs === Number.POSITIVE_INFINITY ? 'never' : ttlMs / 1000 };
}

export function reading(key: string, { etag, ttl, touch, fresh }: GetOptions): Operation {
  const operation: Operation = { verb: 'get', key };
  if (etag) operation.wantEtag = true;
  if (ttl) operation.wantTtl = true;
  if (fresh) operation.fresh = true;
  if (touch !== undefined && touch !== null) Object.assign(operation, lifeOf(touch));
  return operation;
}

/**
 * The life that a touch gives: the default one where none is named.
 * @throws AzureCacheError `ttl_invalid`
 */
export function givenLife(scope: Scope, call: string, ttl: unknown): Life {
  return ttl === undefined || ttl === null ? scope.life : movedLife(call, ttl);
}

/** @throws AzureCacheError `ttl_invalid`: there is no sense in a touch that keeps the life */
export function movedLife(call: string, ttl: unknown): Life {
  const life = lifeOf(ttl);
  if (life.ttlKind !== 'keep') return life;
  throw new AzureCacheError('ttl_invalid', `${call}: a touch gives a new life, so its ttl cannot be 'keep'.`);
}

export async function remove(scope: Scope, key: unknown, given: unknown): Promise<boolean> {
  const options = checked<RemoveOptions>('remove', given, REMOVE);
  const operation: Operation = { verb: 'delete', key: scope.key('remove', key) };
  // Also where it is undefined, as of a getAndLock that found nothing: to remove without the lock is not what was meant.
  if ('lock' in options) operation.extras = { token: tokenOf('remove', options.lock) };
  return (await run(scope, withCondition('remove', operation, options), options)).status === 'ok';
}

/** The value travels all the same: there is no verb that asks less. To look is no use. */
export async function has(scope: Scope, key: unknown, given: unknown): Promise<boolean> {
  const options = checked<GetOptions>('has', given, HAS);
  return (
    (await run(scope, { ...reading(scope.key('has', key), options), ttlKind: 'keep' }, options)).status ===
    'ok'
  );
}

export async function touch(scope: Scope, key: unknown, given: unknown): Promise<boolean> {
  const options = checkedWithTtl<TouchOptions>('touch', given, TOUCH);
  const life = givenLife(scope, 'touch', options.ttl);
  const operation: Operation = { verb: 'touch', key: scope.key('touch', key), ...life };
  // Only what is there is touched anyway.
  if (options.ifMatch !== '*') withCondition('touch', operation, options);
  return (await run(scope, operation, options)).status === 'ok';
}

export async function update(scope: Scope, key: unknown, change: unknown, given: unknown): Promise<unknown> {
  if (typeof change !== 'function')
    throw invalid('update: after the key comes a function that makes the new value of the current one.');
  const options = checkedWithTtl<UpdateOptions>('update', given, UPDATE);
  const present = scope.lifeOf(options.ttl ?? 'keep');
  const { raw, signal, deadlineMs = scope.transport.deadlineMs } = options;
  const lives = { present, absent: present === scope.keep ? scope.life : present };
  const asked = { key: scope.key('update', key), lives, raw, signal, deadlineMs };
  return scope.turns.take(asked.key, asked, () =>
    compareAndSet(scope.transport, asked, change as Change<unknown>),
  );
}

function run({ transport }: Scope, operation: Operation, options: CallOptions): Promise<Result> {
  return transport.run(withDeadline(operation, options), options.signal);
}
