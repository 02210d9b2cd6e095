// Rules of the contract about clear: which keys it removes, page by page.
import assert from 'node:assert/strict';
import { type Backend, type ClearedPage, operation, type Result } from '../../src/backend.js';
import { entry, isDone, isMiss, isRefused, isValue, lasting } from './entry.js';
import { list, page, put } from './listing.js';
import type { Rule } from './rule.js';

const MANY = 2500;
const SHORT_MS = 120;

/** One page, from behind `cursor` on. */
export function clearPage(
  backend: Backend,
  prefix: Buffer | string,
  cursor: Buffer | string = '',
  limit = 0,
): Promise<Result> {
  const asked = operation('clear', Buffer.from(prefix as Buffer));
  return backend.run({ ...asked, value: Buffer.from(cursor as Buffer), ttlMs: limit, deadlineMs: 10_000 });
}

export function clearedOf(result: Result): ClearedPage {
  isDone(result);
  assert.ok(result.value, 'a page, be it empty, is a value');
  return JSON.parse(result.value.toString());
}

/** How many were removed, on each page. */
async function clear(backend: Backend, prefix: Buffer | string, limit?: number): Promise<number[]> {
  const removed: number[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const cleared: ClearedPage = clearedOf(await clearPage(backend, prefix, cursor, limit));
    removed.push(cleared.removed);
    cursor = cleared.cursor;
    assert.ok(removed.length < 1000, 'no end after 1000 pages');
  }
  return removed;
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

export const clearRules: Rule[] = [
  {
    title: 'a clear removes the keys that begin with the prefix, says how many, and leaves all others',
    async holds(subject) {
      const { backend } = subject;
      const prefix = await put(subject, ['', 'a', 'ab', 'a\u2028', 'A', 'b', 'ba']);
      assert.equal(sum(await clear(backend, `${prefix}a`)), 3);
      const left = ['', 'A', 'b', 'ba'].map((ending) => prefix + ending).sort();
      assert.deepEqual(await list(backend, prefix), left);
      isMiss(await entry(backend, Buffer.from(`${prefix}ab`)).get());
      isValue(await entry(backend, Buffer.from(`${prefix}b`)).get(), 'v');
      assert.equal(sum(await clear(backend, `${prefix}a`)), 0, 'nothing is left');
    },
  },
  {
    title: 'every character of the prefix of a clear stands for itself, wildcards and backslashes too',
    async holds(subject) {
      const { backend } = subject;
      const endings = ['*', '?', '[ab]', '\\*', '\\', 'a', 'ab', '[', '^'];
      for (const special of ['*', '?', '[ab]', '[a', '[^a]', '\\', '\\*', '^']) {
        const prefix = await put(subject, endings);
        const gone = endings.filter((ending) => ending.startsWith(special));
        assert.equal(sum(await clear(backend, prefix + special)), gone.length, `of ${special}`);
        const left = endings.filter((ending) => !gone.includes(ending)).map((ending) => prefix + ending);
        assert.deepEqual(await list(backend, prefix), left.sort(), `of ${special}`);
      }
    },
  },
  {
    title: `${MANY} keys are cleared in pages of about the size asked for, and none is left`,
    async holds(subject) {
      const { backend } = subject;
      const prefix = await put(
        subject,
        Array.from({ length: MANY }, (_, i) => `${i}`),
      );
      const removed = await clear(backend, prefix, 100);
      assert.equal(sum(removed), MANY);
      assert.ok(Math.max(...removed) < 400, `${Math.max(...removed)} keys on a page of 100`);
      assert.deepEqual(await list(backend, prefix), []);
    },
  },
  {
    title: 'a clear leaves what nobody could ask for, and does not count what has expired',
    async holds(subject) {
      const { backend, advance } = subject;
      const hidden = ['a\0b', 'x'.repeat(1024)];
      const prefix = await put(subject, [...hidden, 'shown']);
      isDone(await entry(backend, Buffer.from(`${prefix}expired`)).put('v', lasting(SHORT_MS)));
      await advance(SHORT_MS);
      assert.equal(sum(await clear(backend, prefix)), 1);
      for (const ending of hidden) isValue(await entry(backend, Buffer.from(prefix + ending)).get(), 'v');
    },
  },
  {
    title: 'a clear removes what is no entry too, as a delete does',
    plants: true,
    async holds({ backend, key, plant }) {
      const planted = key();
      await plant(planted);
      assert.equal(sum(await clear(backend, planted)), 1);
      assert.deepEqual(await list(backend, planted), []);
    },
  },
  {
    title: 'a clear refuses a cursor that is none, and removes nothing then; that of a list leads on as well',
    async holds(subject) {
      const { backend } = subject;
      const endings = Array.from({ length: 500 }, (_, i) => `${i}`);
      const prefix = await put(subject, endings);
      for (const bad of ['0', 'none', ' ', Buffer.alloc(64, 0xff)])
        isRefused(await clearPage(backend, prefix, bad), 'cursor_invalid');
      assert.equal((await list(backend, prefix)).length, endings.length);
      const { cursor } = JSON.parse(String((await page(backend, prefix, '', 10)).value));
      const cleared = clearedOf(await clearPage(backend, prefix, cursor, 10));
      assert.equal((await list(backend, prefix)).length, endings.length - cleared.removed);
    },
  },
];
