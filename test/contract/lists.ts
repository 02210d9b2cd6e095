// Rules of the contract about lists: which keys they have.
import assert from 'node:assert/strict';
import { entry, isDone, lasting } from './entry.js';
import { list, put } from './listing.js';
import type { Rule } from './rule.js';

const SHORT_MS = 120;
const SPECIAL = ['*', '?', '[', ']', '[a-z]', '[^a]', '\\', '\\*', '-', '^'];

export const listRules: Rule[] = [
  {
    title: 'a list has the keys that begin with the prefix, as they are, and no others',
    async holds(subject) {
      const endings = ['', 'a', 'ab', 'A', 'b', 'ba', 'é', '🗝️', ' ', '"\\/<&>\n\u2028\u007f'];
      const prefix = await put(subject, endings);
      const expect = async (asked: string, expected: string[]) =>
        assert.deepEqual(
          await list(subject.backend, prefix + asked),
          expected.map((ending) => prefix + ending).sort(),
        );
      await expect('', endings);
      await expect('a', ['a', 'ab']);
      await expect('A', ['A']);
      await expect('🗝', ['🗝️']);
      await expect('c', []);
    },
  },
  {
    title: 'every character of a prefix stands for itself, wildcards and backslashes too',
    async holds(subject) {
      const { backend } = subject;
      const prefix = await put(subject, ['', 'a', '\\a', 'ab', ...SPECIAL.map((special) => `${special}end`)]);
      for (const special of SPECIAL) {
        const expected = SPECIAL.filter((other) => `${other}end`.startsWith(special));
        if (special === '\\') expected.push('\\a');
        assert.deepEqual(
          await list(backend, prefix + special),
          expected.map((one) => (one === '\\a' ? `${prefix}\\a` : `${prefix}${one}end`)).sort(),
          `of ${special}`,
        );
      }
    },
  },
  {
    title: 'an empty prefix lists every key',
    async holds(subject) {
      const prefixes = [await put(subject, ['']), await put(subject, [''])];
      const all = new Set(await list(subject.backend, ''));
      for (const prefix of prefixes) assert.ok(all.has(prefix));
    },
  },
  {
    title: 'an entry that has expired or was deleted is not listed',
    async holds(subject) {
      const { backend, advance } = subject;
      const prefix = await put(subject, ['lives', 'deleted']);
      isDone(await entry(backend, Buffer.from(`${prefix}expired`)).put('v', lasting(SHORT_MS)));
      isDone(await entry(backend, Buffer.from(`${prefix}deleted`)).delete());
      await advance(SHORT_MS);
      assert.deepEqual(await list(backend, prefix), [`${prefix}lives`]);
    },
  },
  {
    title: 'keys that nobody could ask for are left out: no UTF-8, NUL in them, over 1,024 bytes',
    async holds(subject) {
      const hidden = [
        Buffer.from([0xff]),
        Buffer.from([0xed, 0xa0, 0x80]),
        '\0lock',
        'a\0b',
        'x'.repeat(1024),
      ];
      const prefix = await put(subject, [...hidden, 'shown']);
      assert.deepEqual(await list(subject.backend, prefix), [`${prefix}shown`]);
    },
  },
  {
    title: 'what is no entry is listed too, as every key is',
    plants: true,
    async holds({ backend, key, plant }) {
      const planted = key();
      await plant(planted);
      assert.deepEqual(await list(backend, planted), [String(planted)]);
    },
  },
];
