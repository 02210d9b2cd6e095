// One entry of a backend under test, as the rules of the contract speak to it, and the asserts they share.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type Backend, type Extras, type Operation, operation, type Result } from '../../src/backend.js';

/** Room for 8 MiB on a busy machine. */
const DEADLINE_MS = 10_000;
const MINUTE_MS = 60_000;
/** How far a life may lie below what was given: the time that the test itself takes. */
const SLACK_MS = 15_000;

type Asked = Partial<Omit<Operation, 'verb' | 'key' | 'value'>>;

export interface EntryUnderTest {
  /** For a minute, if nothing else is said. */
  put(value: Buffer | string, asked?: Asked): Promise<Result>;
  get(asked?: Asked): Promise<Result>;
  delete(asked?: Asked): Promise<Result>;
  touch(asked: Asked): Promise<Result>;
  /** A new number lives for a minute, if nothing else is said. */
  increment(extras?: Extras, asked?: Asked): Promise<Result>;
  append(value: Buffer | string): Promise<Result>;
  prepend(value: Buffer | string): Promise<Result>;
  /** For a minute, if nothing else is said. */
  lock(token: Buffer, extras?: Extras, asked?: Asked): Promise<Result>;
  unlock(token: Buffer, asked?: Asked): Promise<Result>;
}

export function entry(backend: Backend, key: Buffer): EntryUnderTest {
  const run = (verb: Operation['verb'], asked: Partial<Operation>) =>
    backend.run({ ...operation(verb, key), deadlineMs: DEADLINE_MS, ...asked });
  return {
    put: (value, asked) =>
      run('put', { value: Buffer.from(value as Buffer), ttlKind: 'for', ttlMs: MINUTE_MS, ...asked }),
    get: (asked = {}) => run('get', asked),
    delete: (asked = {}) => run('delete', asked),
    touch: (asked) => run('touch', asked),
    increment: (extras, asked) => run('increment', { extras, ttlKind: 'for', ttlMs: MINUTE_MS, ...asked }),
    append: (value) => run('append', { value: Buffer.from(value as Buffer) }),
    prepend: (value) => run('prepend', { value: Buffer.from(value as Buffer) }),
    lock: (token, extras, asked) =>
      run('lock', { extras: { token, ...extras }, ttlKind: 'for', ttlMs: MINUTE_MS, ...asked }),
    unlock: (token, asked) => run('unlock', { extras: { token }, ...asked }),
  };
}

/** A life as operations carry it. */
export const lasting = (ttlMs: number) => ({ ttlKind: 'for', ttlMs }) as const;
export const NEVER = { ttlKind: 'never' } as const;
/** The life it has, or `ttlMs` when there is nothing to keep. */
export const keeping = (ttlMs: number) => ({ ttlKind: 'keep', ttlMs }) as const;
/** What lies in a hash as IDistributedCache lays it down; with a life of its own from each use. */
export const asHash = { extras: { hash: true } } as const;
export const sliding = (slidingMs: number) => ({ ...NEVER, extras: { slidingMs } }) as const;
/** With a get: it is no use, and leaves the life alone. */
export const LOOK = { ttlKind: 'keep' } as const;
export const ifAbsent = { condition: 'absent' } as const;
export const ifPresent = { condition: 'present' } as const;
export const ifEtag = (etag: Buffer) => ({ condition: 'etag', etag }) as const;

export function sha1(value: Buffer | string): Buffer {
  return createHash('sha1').update(value).digest();
}

export function isStatus(result: Result, status: Result['status']): void {
  assert.equal(
    result.status,
    status,
    `${result.status} instead of ${status}: ${result.detail ?? 'no detail'}`,
  );
}

/** The operation took effect, and says so. */
export function isDone(result: Result): void {
  isStatus(result, 'ok');
  assert.equal(result.outcome, 'applied');
}

/** The operation took no effect, and says so. */
export function isRefused(result: Result, status: Result['status']): void {
  isStatus(result, status);
  assert.equal(result.outcome, 'not_applied');
}

/** The condition did not hold. The answer tells what is there now, so that a merge costs one round trip. */
export function isChanged(result: Result, current: string): void {
  isRefused(result, 'changed');
  isBytes(result.value, current);
  isBytes(result.etag, sha1(current));
}

/** Without printing megabytes when it is another value. */
export function isValue(result: Result, value: Buffer | string): void {
  isStatus(result, 'ok');
  isBytes(result.value, value);
}

/** What was added to is now this, and the operation says so. */
export function isNow(result: Result, value: bigint | number): void {
  isDone(result);
  isBytes(result.value, String(value));
}

export function isBytes(actual: Buffer | undefined, expected: Buffer | string): void {
  const bytes = Buffer.from(expected as Buffer);
  assert.ok(actual, `no bytes instead of ${bytes.length}`);
  const shown = (some: Buffer) => `${some.length} bytes, ${some.subarray(0, 40).toString('hex')}…`;
  assert.ok(actual.equals(bytes), `${shown(actual)} instead of ${shown(bytes)}`);
}

export function isMiss(result: Result): void {
  isStatus(result, 'miss');
  assert.equal(result.value, undefined);
}

/** The life left is `ttlMs`, less the time since; Infinity = never expires. It is no use of what slides. */
export async function lives(found: EntryUnderTest, ttlMs: number): Promise<void> {
  const result = await found.get({ ...LOOK, wantTtl: true });
  isStatus(result, 'ok');
  const left = result.ttlMs ?? Number.NaN;
  const right = ttlMs === left || (left <= ttlMs && left > ttlMs - SLACK_MS);
  assert.ok(right, `a life of ${left} ms instead of ${ttlMs}`);
}
