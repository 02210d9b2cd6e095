// How the rules about lists (lists.ts, pages.ts) ask for pages and read them.
import assert from 'node:assert/strict';
import { type Backend, type KeyPage, operation, type Result } from '../../src/backend.js';
import { entry, isDone, isStatus } from './entry.js';
import type { Subject } from './rule.js';

/** A list that has not ended by then does not end. Room for all that the other rules have left behind. */
const MAX_PAGES = 1000;

/** One page, from behind `cursor` on. */
export function page(
  backend: Backend,
  prefix: Buffer | string,
  cursor?: Buffer | string,
  limit = 0,
): Promise<Result> {
  const asked = operation('list', Buffer.from(prefix as Buffer));
  return backend.run({
    ...asked,
    value: Buffer.from((cursor ?? '') as Buffer),
    ttlMs: limit,
    deadlineMs: 10_000,
  });
}

export function keysOf(result: Result): KeyPage {
  isStatus(result, 'ok');
  assert.equal(result.outcome, 'not_applied', 'a list changes nothing');
  assert.equal(result.etag, undefined);
  assert.ok(result.value, 'a page, be it empty, is a value');
  return JSON.parse(result.value.toString());
}

/** Every page up to the last. `between` is called after the first. */
export async function pages(
  backend: Backend,
  prefix: Buffer | string,
  limit?: number,
  between?: () => Promise<void>,
): Promise<string[][]> {
  const found: string[][] = [];
  let cursor: string | undefined;
  do {
    const { keys, cursor: next } = keysOf(await page(backend, prefix, cursor, limit));
    if (found.push(keys) === 1) await between?.();
    cursor = next;
    assert.ok(found.length < MAX_PAGES, `no end after ${MAX_PAGES} pages`);
  } while (cursor !== undefined);
  return found;
}

/** Every key, each once: a list may give one twice. */
export async function list(backend: Backend, prefix: Buffer | string, limit?: number): Promise<string[]> {
  return [...new Set((await pages(backend, prefix, limit)).flat())].sort();
}

/** Puts an entry under each of these endings of one prefix, which it answers. */
export async function put({ backend, key }: Subject, endings: (string | Buffer)[]): Promise<string> {
  const prefix = key().toString();
  const keys = endings.map((ending) => Buffer.concat([Buffer.from(prefix), Buffer.from(ending as Buffer)]));
  for (const result of await Promise.all(keys.map((one) => entry(backend, one).put('v')))) isDone(result);
  return prefix;
}
