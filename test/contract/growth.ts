// Rules of the contract about values that grow: append and prepend.
import assert from 'node:assert/strict';
import { entry, isBytes, isDone, isMiss, isNow, isRefused, isValue, lasting, lives, NEVER } from './entry.js';
import type { Rule } from './rule.js';

const SHORT_MS = 120;
const MINUTE_MS = 60_000;
const LIMIT = 8 * 1024 * 1024;
const CALLERS = 4;
const APPENDS = 100;
const WAYS = ['append', 'prepend'] as const;

export const growthRules: Rule[] = [
  {
    title: 'append adds at the end, prepend at the start; both answer the new length in bytes',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put('b'));
      isNow(await it.append('cé'), 4);
      isNow(await it.prepend('a'), 5);
      isValue(await it.get(), 'abcé');
    },
  },
  {
    title: 'what is added are bytes: NUL, what is no UTF-8, and nothing at all',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      const odd = Buffer.from([0, 0xff, 0xc3, 0x28, 0x0d, 0x0a, 0]);
      isDone(await it.put(''));
      for (const way of WAYS) isNow(await it[way](''), 0);
      isValue(await it.get(), '');
      isNow(await it.append(odd), 7);
      isNow(await it.prepend(odd), 14);
      for (const way of WAYS) isNow(await it[way](''), 14);
      isValue(await it.get(), Buffer.concat([odd, odd]));
    },
  },
  {
    title: 'a number can grow too, and is counted on as what it has become',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isNow(await it.increment({ by: 5n }), 5);
      isNow(await it.append('0'), 2);
      isNow(await it.increment(), 51);
      isNow(await it.prepend('-'), 3);
      isNow(await it.increment(), -50);
    },
  },
  {
    title: 'a value that grows keeps its life',
    async holds({ backend, key }) {
      for (const way of WAYS)
        for (const [given, life] of [
          [lasting(MINUTE_MS), MINUTE_MS],
          [NEVER, Number.POSITIVE_INFINITY],
        ] as const) {
          const it = entry(backend, key());
          isDone(await it.put('v', given));
          isDone(await it[way]('w'));
          await lives(it, life);
        }
    },
  },
  {
    title: 'nothing grows out of nothing: absent, expired and deleted entries are a miss and stay one',
    async holds({ backend, key, advance }) {
      for (const way of WAYS) {
        const [absent, expired, deleted] = [
          entry(backend, key()),
          entry(backend, key()),
          entry(backend, key()),
        ];
        isDone(await expired.put('v', lasting(SHORT_MS)));
        isDone(await deleted.put('v'));
        isDone(await deleted.delete());
        await advance(SHORT_MS);
        for (const it of [absent, expired, deleted]) {
          isRefused(await it[way]('w'), 'miss');
          isRefused(await it[way](''), 'miss');
          isMiss(await it.get());
        }
      }
    },
  },
  {
    title: 'a value grows to its limit of 8 MiB; one byte more is value_too_large, and nothing changes',
    async holds({ backend, key }) {
      for (const way of WAYS) {
        const it = entry(backend, key());
        const value = Buffer.alloc(LIMIT - 1, 'v');
        isDone(await it.put(value));
        isRefused(await it[way]('wx'), 'value_too_large');
        isValue(await it.get(), value);
        isNow(await it[way]('v'), LIMIT);
        isRefused(await it[way]('w'), 'value_too_large');
        isValue(await it.get(), Buffer.alloc(LIMIT, 'v'));
        await lives(it, MINUTE_MS);
      }
    },
  },
  {
    title: 'a list grows by neither: foreign_type',
    plants: true,
    async holds({ backend, key, plant }) {
      const planted = key();
      await plant(planted);
      for (const way of WAYS) isRefused(await entry(backend, planted)[way]('v'), 'foreign_type');
    },
  },
  {
    title: `${CALLERS} × ${APPENDS} additions at once lose none`,
    async holds({ backend, key, connections }) {
      const grown = key();
      isDone(await entry(backend, grown).put(''));
      const backends = await connections(CALLERS);
      const all = backends.flatMap((one, who) =>
        Array.from({ length: APPENDS }, (_, n) => entry(one, grown)[n % 2 ? 'append' : 'prepend'](`${who}`)),
      );
      const lengths = (await Promise.all(all)).map(({ value }) => Number(value)).sort((a, b) => a - b);
      assert.deepEqual(
        lengths,
        Array.from({ length: CALLERS * APPENDS }, (_, place) => place + 1),
      );
      const { value } = await entry(backend, grown).get();
      const expected = backends.map((_, who) => `${who}`.repeat(APPENDS)).join('');
      isBytes(value && Buffer.from([...value.toString()].sort().join('')), expected);
    },
  },
  {
    title:
      'puts, increments and additions of one key, sent without waiting, take effect in the order of the calls',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      const answers = Array.from({ length: 20 }, () => [
        it.put('1'),
        it.increment(),
        it.append('0'),
        it.prepend('1'),
        it.increment({ by: -20n }),
        it.get(),
        it.delete(),
      ]).flat();
      const told = (await Promise.all(answers)).map(({ value }) => value && String(value));
      const once = [undefined, '2', '2', '3', '100', '100', undefined];
      assert.deepEqual(told, Array.from({ length: 20 }, () => once).flat());
    },
  },
];
