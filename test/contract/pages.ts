// Rules of the contract about the pages of a list, and the cursors that lead from one to the next.
import assert from 'node:assert/strict';
import type { Result } from '../../src/backend.js';
import { entry, isDone, isRefused } from './entry.js';
import { keysOf, list, page, pages, put } from './listing.js';
import type { Rule } from './rule.js';

const MANY = 5000;

export const pageRules: Rule[] = [
  {
    title: `${MANY} keys come in pages of about the size asked for, and none is missing`,
    async holds(subject) {
      const endings = Array.from({ length: MANY }, (_, i) => `${i}`);
      const prefix = await put(subject, endings);
      for (const [limit, size] of [
        [100, 100],
        [0, 1000],
      ] as const) {
        const found = await pages(subject.backend, prefix, limit);
        const listed = new Set(found.flat());
        // Not deepEqual: to say how two lists of thousands differ takes seconds.
        assert.equal(listed.size, MANY);
        for (const ending of endings) assert.ok(listed.has(prefix + ending), `${ending} is missing`);
        const largest = Math.max(...found.map(({ length }) => length));
        assert.ok(largest > size / 4 && largest < size * 4, `${largest} keys on a page of ${size}`);
      }
    },
  },
  {
    title: 'a key that is there all the time is listed, whatever is put and deleted between the pages',
    async holds(subject) {
      const { backend } = subject;
      const prefix = await put(
        subject,
        Array.from({ length: MANY }, (_, i) => `${i}`),
      );
      const each = async (from: number, run: (key: Buffer) => Promise<Result>) => {
        const keys = Array.from({ length: MANY / 2 }, (_, i) => Buffer.from(`${prefix}${from + 2 * i}`));
        for (const result of await Promise.all(keys.map(run))) isDone(result);
      };
      const found = await pages(backend, prefix, 100, async () => {
        await each(1, (key) => entry(backend, key).delete());
        await each(0, (key) => entry(backend, key).put('a longer value'));
        await each(MANY, (key) => entry(backend, key).put('v'));
      });
      const listed = new Set(found.flat());
      for (let i = 0; i < MANY; i += 2) assert.ok(listed.has(`${prefix}${i}`), `${i} is missing`);
      const deleted = (ending: string) => Number(ending) < MANY && Number(ending) % 2 === 1;
      const after = await list(backend, prefix);
      assert.equal(
        after.filter((key) => deleted(key.slice(prefix.length))).length,
        0,
        'no deleted one is listed',
      );
    },
  },
  {
    title: 'a cursor that no list has given is refused, and a position made up gives no more than keys',
    async holds(subject) {
      const { backend } = subject;
      const prefix = await put(
        subject,
        Array.from({ length: 500 }, (_, i) => `${i}`),
      );
      const { cursor = '' } = keysOf(await page(backend, prefix, '', 10));
      assert.match(cursor, /^[\w-]{1,64}$/, 'it goes into a URL as it is');
      const [, server = ''] = /^(.+-)\d+$/.exec(cursor) ?? [];
      const forged = [
        '0',
        '1',
        'none',
        '-1',
        ' ',
        server,
        `${cursor} `,
        `${cursor}x`,
        `x${cursor}`,
        cursor.slice(1),
      ];
      const hostile = [
        `${server}-1`,
        `${server}+1`,
        `${server}1e3`,
        `${server}0x1`,
        `${server}${'9'.repeat(20)}`,
      ];
      const bytes = [Buffer.alloc(64), Buffer.alloc(64, 0xff), Buffer.alloc(64, '9')];
      for (const bad of [...forged, ...hostile, ...bytes])
        isRefused(await page(backend, prefix, bad), 'cursor_invalid');
      for (const position of [
        '1',
        '64',
        '65',
        '4194304',
        '1099511627776',
        '9223372036854775807',
        '18446744073709551615',
      ]) {
        const result = await page(backend, prefix, server + position, 10);
        if (result.status === 'cursor_invalid') continue;
        for (const key of keysOf(result).keys) assert.match(key.slice(prefix.length), /^\d{1,3}$/);
      }
      const rest = await page(backend, prefix, cursor, 10);
      assert.ok(keysOf(rest).cursor !== cursor, 'a right one goes on');
    },
  },
];
