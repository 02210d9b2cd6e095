// Rules of the contract about numbers that are counted: an increment adds to the decimal digits that a value is.
import assert from 'node:assert/strict';
import { entry, isDone, isMiss, isNow, isRefused, isValue, lasting, lives, NEVER } from './entry.js';
import type { Rule } from './rule.js';

const SHORT_MS = 120;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
const CALLERS = 8;
const INCREMENTS = 100;
/** As Redis reads them. What JSON writes of a whole number is one; what is beyond 64 bits is none. */
const NO_NUMBERS = [
  ...[
    '',
    ' 5',
    '5 ',
    '5\n',
    '5.0',
    '05',
    '00',
    '+5',
    '-',
    '--5',
    '-05',
    '-0',
    '1e3',
    '0x10',
    '"5"',
    'five',
    '5\0',
  ],
  ...['9223372036854775808', '-9223372036854775809', '12345678901234567890', '1'.repeat(300)],
];

export const counterRules: Rule[] = [
  {
    title: 'an increment of nothing counts from initial, which is 0, and what it answers is there in digits',
    async holds({ backend, key }) {
      for (const [extras, sum] of [
        [undefined, 1],
        [{ by: 5n }, 5],
        [{ initial: 10n }, 11],
        [{ by: -3n, initial: 2n }, -1],
        [{ by: 0n, initial: 0n }, 0],
      ] as const) {
        const it = entry(backend, key());
        isNow(await it.increment(extras), sum);
        isValue(await it.get(), String(sum));
      }
    },
  },
  {
    title: 'an increment adds to the number that is there, whatever initial says; below 0 it counts down',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put('9'));
      isNow(await it.increment({ initial: MAX }), 10);
      isNow(await it.increment({ by: -11n, initial: 100n }), -1);
      isNow(await it.increment({ by: 0n }), -1);
      isNow(await it.increment({ by: 1n }), 0);
      isValue(await it.get(), '0');
    },
  },
  {
    title: 'a number that has expired or was deleted is none: it is counted from initial again',
    async holds({ backend, key, advance }) {
      const [expired, deleted] = [entry(backend, key()), entry(backend, key())];
      isNow(await expired.increment({ by: 5n }, lasting(SHORT_MS)), 5);
      isNow(await deleted.increment({ by: 5n }), 5);
      isDone(await deleted.delete());
      await advance(SHORT_MS);
      for (const it of [expired, deleted]) isNow(await it.increment({ initial: 10n }), 11);
    },
  },
  {
    title: 'a new number gets the life that is named, and one that is there keeps its own',
    async holds({ backend, key }) {
      const [short, endless, put] = [entry(backend, key()), entry(backend, key()), entry(backend, key())];
      isDone(await short.increment({}, lasting(MINUTE_MS)));
      isDone(await endless.increment({}, NEVER));
      isDone(await put.put('1', lasting(MINUTE_MS)));
      for (const asked of [lasting(HOUR_MS), NEVER, lasting(HOUR_MS)]) {
        await lives(short, MINUTE_MS);
        await lives(put, MINUTE_MS);
        await lives(endless, Number.POSITIVE_INFINITY);
        for (const it of [short, endless, put]) isDone(await it.increment({}, asked));
      }
    },
  },
  {
    title: 'numbers are exact to 64 bits, signed, at both ends',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isNow(await it.increment({ by: MAX }), MAX);
      isNow(await it.increment({ by: -1n }), MAX - 1n);
      isNow(await it.increment({ by: MIN }), -2);
      isNow(await it.increment({ by: MIN + 2n }), MIN);
      isNow(await it.increment({ by: 1n }), MIN + 1n);
      isNow(await entry(backend, key()).increment({ by: 2n, initial: MIN }), MIN + 2n);
      isNow(await entry(backend, key()).increment({ by: -(2n ** 53n), initial: -1n }), -(2n ** 53n) - 1n);
    },
  },
  {
    title: 'a sum beyond 64 bits is refused with number_overflow, and nothing changes',
    async holds({ backend, key }) {
      for (const [there, by] of [
        [MAX, 1n],
        [MAX, MAX],
        [MIN, -1n],
        [MIN, MIN],
      ] as const) {
        const it = entry(backend, key());
        isDone(await it.put(String(there)));
        isRefused(await it.increment({ by }, lasting(HOUR_MS)), 'number_overflow');
        isValue(await it.get(), String(there));
        await lives(it, MINUTE_MS);
        const fresh = entry(backend, key());
        isRefused(await fresh.increment({ by, initial: there }), 'number_overflow');
        isMiss(await fresh.get());
      }
    },
  },
  {
    title: 'what is no number, as Redis reads numbers, is refused with not_a_number, and nothing changes',
    async holds({ backend, key }) {
      for (const text of NO_NUMBERS) {
        const it = entry(backend, key());
        isDone(await it.put(text));
        isRefused(await it.increment({}, lasting(HOUR_MS)), 'not_a_number');
        isValue(await it.get(), text);
        await lives(it, MINUTE_MS);
      }
    },
  },
  {
    title: 'an increment of a list is refused with foreign_type',
    plants: true,
    async holds({ backend, key, plant }) {
      const planted = key();
      await plant(planted);
      isRefused(await entry(backend, planted).increment(), 'foreign_type');
    },
  },
  {
    title: `${CALLERS} × ${INCREMENTS} increments at once lose none, and each answers another number`,
    async holds({ backend, key, connections }) {
      const counter = key();
      const backends = await connections(CALLERS);
      const all = backends.flatMap((one) =>
        Array.from({ length: INCREMENTS }, () => entry(one, counter).increment()),
      );
      const answers = (await Promise.all(all)).map(({ value }) => Number(value));
      const expected = Array.from({ length: CALLERS * INCREMENTS }, (_, place) => place + 1);
      assert.deepEqual(
        answers.sort((a, b) => a - b),
        expected,
      );
      isValue(await entry(backend, counter).get(), String(CALLERS * INCREMENTS));
    },
  },
];
