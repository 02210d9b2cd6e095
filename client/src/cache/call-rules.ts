// Finds a wrong or misspelt option of a call before anything is sent, and turns conditions into what is sent.
// Called by calls.ts, many-calls.ts, counters.ts, locks.ts, get-or-set.ts, regions.ts and events.ts.

import { AzureCacheError } from '../errors.js';
import type { Operation } from '../transport/operation.js';
import type { CallOptions } from './call-options.js';

type Rule = readonly [allows: (value: unknown) => boolean, what: string];
/** The options that a call knows, by name. */
export type Rules = Readonly<Record<string, Rule>>;

const YES_NO: Rule = [(value) => typeof value === 'boolean', 'true or false'];
/** Checked where it is used: lives and ETags have errors of their own. */
const LATER: Rule = [() => true, ''];
const MAX_DEADLINE_MS = 0x7fff_ffff;
const isDeadline = (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_DEADLINE_MS;
/** Also one that is not Node's own. */
const isSignal = (value: unknown) =>
  value instanceof EventTarget && typeof (value as Partial<AbortSignal>).aborted === 'boolean';
const CALL: Rules = {
  signal: [isSignal, 'an AbortSignal'],
  deadlineMs: [isDeadline, 'a whole number of milliseconds, at least 1'],
};
const isInt64 = (value: unknown) =>
  Number.isSafeInteger(value) || (typeof value === 'bigint' && BigInt.asIntN(64, value) === value);
export const INT64: Rule = [isInt64, 'a whole number: a safe integer, or a bigint of 64 bits, signed'];
const isTexts = (value: unknown) => Array.isArray(value) && value.every((one) => typeof one === 'string');
const LAYOUT: Rules = {
  sliding: LATER,
  layout: [(value) => value === 'hash', "'hash'"],
  tags: [(value) => value === null || isTexts(value), 'an array of strings'],
};
const IF_NONE_MATCH: Rule = [(value) => value === '*', "'*'"];

export const PUT: Rules = {
  ...{ ttl: LATER, raw: YES_NO, ifMatch: LATER, ifNoneMatch: IF_NONE_MATCH, etag: YES_NO },
  ...LAYOUT,
  ...CALL,
};
export const GET: Rules = {
  ...{ raw: YES_NO, etag: YES_NO, ttl: YES_NO, touch: LATER, fresh: YES_NO, ifNoneMatch: LATER },
  ...CALL,
};
export const HAS: Rules = { fresh: YES_NO, ...CALL };
export const REMOVE: Rules = { ifMatch: LATER, lock: LATER, ...CALL };
export const TOUCH: Rules = { ttl: LATER, ifMatch: LATER, ...CALL };
export const UPDATE: Rules = { ttl: LATER, raw: YES_NO, ...CALL };
export const PUT_MANY: Rules = { ttl: LATER, raw: YES_NO, ifNoneMatch: IF_NONE_MATCH, ...LAYOUT, ...CALL };
export const GET_MANY: Rules = { raw: YES_NO, touch: LATER, fresh: YES_NO, ...CALL };
export const REMOVE_MANY: Rules = CALL;
export const TOUCH_MANY: Rules = { ttl: LATER, ...CALL };
export const INCREMENT: Rules = { by: INT64, initial: INT64, ttl: LATER, ...CALL };
export const GROW: Rules = CALL;
export const LOCK: Rules = { lease: LATER, absent: YES_NO, raw: YES_NO, ...CALL };
export const UNLOCK: Rules = { ttl: LATER, ...CALL };
const WAIT: Rule = [(value) => value === 0 || isDeadline(value), 'a whole number of milliseconds'];
export const GET_OR_SET: Rules = {
  ...{ ttl: LATER, lease: LATER, waitMs: WAIT, raw: YES_NO, fresh: YES_NO },
  ...LAYOUT,
  ...CALL,
};
export const EVENTS: Rules = { signal: CALL.signal as Rule };
export const REGION: Rules = CALL;
export const BY_TAG: Rules = { all: YES_NO, ...CALL };

const NONE = Object.freeze({});

/**
 * The options as they were given; none for undefined and null.
 * @throws AzureCacheError `options_invalid`
 */
export function checked<Options extends object>(call: string, given: unknown, rules: Rules): Options {
  if (given === undefined || given === null) return NONE as Options;
  if (typeof given !== 'object') throw invalid(`${call}: options are an object.`);
  // Not Object.entries, which costs as much as all the rest.
  for (const name in given) {
    const value = given[name as keyof typeof given];
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule)
      throw invalid(`${call}: there is no option ${name}. It takes ${Object.keys(rules).join(', ')}.`);
    if (value !== undefined && !rule[0](value))
      throw invalid(`${call}: the option ${name} takes ${rule[1]}.`);
  }
  return given as Options;
}

/** As `checked`; what is no object stands for `{ ttl }`. */
export function checkedWithTtl<Options extends { ttl?: unknown }>(
  call: string,
  given: unknown,
  rules: Rules,
): Options {
  return typeof given === 'object' || given === undefined
    ? checked(call, given, rules)
    : ({ ttl: given } as Options);
}

export function invalid(message: string): AzureCacheError {
  return new AzureCacheError('options_invalid', message);
}

/**
 * Gives the operation the condition asked for.
 * @throws AzureCacheError `etag_invalid`, `options_invalid`
 */
export function withCondition(
  call: string,
  operation: Operation,
  { ifMatch, ifNoneMatch }: { ifMatch?: string | undefined; ifNoneMatch?: '*' | undefined },
): Operation {
  if (ifMatch !== undefined && ifNoneMatch !== undefined)
    throw invalid(`${call}: ifMatch and ifNoneMatch exclude each other.`);
  if (ifNoneMatch) operation.condition = 'absent';
  else if (ifMatch === '*') operation.condition = 'present';
  else if (ifMatch !== undefined) {
    operation.condition = 'etag';
    operation.etag = bytesOfEtag(call, ifMatch);
  }
  return operation;
}

/** Gives the operation its own deadline, if it is to have one. Changes it: a copy of each would be the larger cost. */
export function withDeadline(operation: Operation, { deadlineMs }: CallOptions): Operation {
  if (deadlineMs !== undefined) operation.deadlineMs = deadlineMs;
  return operation;
}

export function bytesOfEtag(call: string, etag: unknown): Buffer {
  if (typeof etag === 'string' && /^"[0-9a-f]{40}"$/i.test(etag))
    return Buffer.from(etag.slice(1, -1), 'hex');
  const message = `${call}: an ETag is 40 hex digits in double quotes, as a get with etag: true answers it.`;
  throw new AzureCacheError('etag_invalid', message);
}

/**
 * The bytes of a lock's handle.
 * @throws AzureCacheError `token_invalid`
 */
export function tokenOf(call: string, handle: unknown): Buffer {
  if (typeof handle === 'string' && /^[0-9a-f]{32}$/i.test(handle)) return Buffer.from(handle, 'hex');
  const message = `${call}: a lock is the handle that getAndLock answers, 32 hex digits; where it answers null there is none.`;
  throw new AzureCacheError('token_invalid', message);
}

/** As HTTP writes it. */
export function etagText(etag: Buffer): string {
  return `"${etag.toString('hex')}"`;
}
