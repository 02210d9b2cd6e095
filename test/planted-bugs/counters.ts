// Bugs about numbers that are counted, for the rules in contract/counters.ts.
import { failure, type Operation, operation, type Result } from '../../src/backend.js';
import { answers, asks, type PlantedBug, type Run } from './bug.js';

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const counts = ({ verb }: Operation) => verb === 'increment';

/** An increment as an application would do it: a get, then a put of what `sum` says. */
const byHand =
  (sum: (text: string, asked: Operation) => bigint | undefined): PlantedBug['plant'] =>
  (run) =>
  async (asked) => {
    if (!counts(asked)) return run(asked);
    const { value, status } = await run(operation('get', asked.key));
    const next = status === 'ok' ? sum(String(value), asked) : undefined;
    return next === undefined ? run(asked) : putNumber(run, asked, next);
  };

async function putNumber(run: Run, { key }: Operation, number: bigint): Promise<Result> {
  const value = Buffer.from(String(number));
  return { ...(await run({ ...operation('put', key), value, ttlKind: 'keep', ttlMs: 1 })), value };
}

const by = ({ extras }: Operation) => extras?.by ?? 1n;

/** After a refusal of this kind something happens all the same. */
const after =
  (status: Result['status'], next: (asked: Operation) => Operation): PlantedBug['plant'] =>
  (run) =>
  async (asked) => {
    const result = await run(asked);
    if (counts(asked) && result.status === status) await run(next(asked));
    return result;
  };

/** Puts `5` in the place of what is read as a number here. */
const reads = (form: RegExp): PlantedBug['plant'] =>
  byHand((text, asked) => (form.test(text) ? 5n + by(asked) : undefined));

const NOTHING =
  'an increment of nothing counts from initial, which is 0, and what it answers is there in digits';
const THERE = 'an increment adds to the number that is there, whatever initial says; below 0 it counts down';
const LIFE = 'a new number gets the life that is named, and one that is there keeps its own';
const OVERFLOW = 'a sum beyond 64 bits is refused with number_overflow, and nothing changes';
const NO_NUMBER =
  'what is no number, as Redis reads numbers, is refused with not_a_number, and nothing changes';

export const counterBugs: PlantedBug[] = [
  {
    title: 'a new number is initial, and nothing is added',
    breaks: NOTHING,
    plant: (run) => async (asked) => {
      const isNew = counts(asked) && (await run(operation('get', asked.key))).status === 'miss';
      return run(isNew ? { ...asked, extras: { ...asked.extras, by: 0n } } : asked);
    },
  },
  {
    title: 'initial is not known',
    breaks: NOTHING,
    plant: asks((asked) => counts(asked) && { extras: { by: by(asked) } }),
  },
  {
    title: 'an increment does not answer the number',
    breaks: NOTHING,
    plant: answers((_, asked) => counts(asked) && { value: undefined }),
  },
  {
    title: 'an increment begins with initial each time',
    breaks: THERE,
    plant: byHand((_, asked) => by(asked) + (asked.extras?.initial ?? 0n)),
  },
  {
    title: 'a negative number is added as a positive one',
    breaks: THERE,
    plant: asks(
      (asked) => counts(asked) && by(asked) < 0n && { extras: { ...asked.extras, by: -by(asked) } },
    ),
  },
  {
    title: 'an expired number is counted on',
    breaks: 'a number that has expired or was deleted is none: it is counted from initial again',
    plant: (run) => {
      const last = new Map<string, bigint>();
      return async (asked) => {
        const before = last.get(String(asked.key));
        const result = await run(asked);
        if (!counts(asked) || result.status !== 'ok') return result;
        const number = before === undefined ? BigInt(String(result.value)) : before + by(asked);
        last.set(String(asked.key), number);
        return { ...result, value: Buffer.from(String(number)) };
      };
    },
  },
  {
    title: 'a new number never expires',
    breaks: LIFE,
    plant: asks((asked) => counts(asked) && { ttlKind: 'never' }),
  },
  {
    title: 'an increment renews the life',
    breaks: LIFE,
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (counts(asked) && result.status === 'ok') await run({ ...asked, verb: 'touch' });
      return result;
    },
  },
  {
    title: 'an increment puts an end to what never expires',
    breaks: LIFE,
    plant: (run) => async (asked) => {
      const there = await run({ ...operation('get', asked.key), wantTtl: true });
      const result = await run(asked);
      if (counts(asked) && there.ttlMs === Number.POSITIVE_INFINITY)
        await run({ ...operation('touch', asked.key), ttlKind: 'for', ttlMs: 60_000 });
      return result;
    },
  },
  {
    title: 'numbers are exact to 53 bits only',
    breaks: 'numbers are exact to 64 bits, signed, at both ends',
    plant: answers(({ value }, asked) => {
      const number = counts(asked) && value ? BigInt(String(value)) : 0n;
      const isExact = number <= MAX_SAFE && number >= -MAX_SAFE;
      return !isExact && { value: Buffer.from(String(BigInt(Number(number)))) };
    }),
  },
  {
    title: 'a sum beyond 64 bits begins again at the other end',
    breaks: OVERFLOW,
    plant: byHand((text, asked) => BigInt.asIntN(64, BigInt(text) + by(asked))),
  },
  {
    title: 'a sum beyond 64 bits says not_a_number',
    breaks: OVERFLOW,
    plant: answers(({ status }) => status === 'number_overflow' && { status: 'not_a_number' }),
  },
  {
    title: 'a new number beyond 64 bits is refused and initial is left there',
    breaks: OVERFLOW,
    plant: after('number_overflow', (asked) => ({
      ...operation('put', asked.key),
      ...{ value: Buffer.from(String(asked.extras?.initial)), ttlKind: 'for', ttlMs: 60_000 },
      condition: 'absent',
    })),
  },
  {
    title: 'an increment that is refused renews the life',
    breaks: OVERFLOW,
    plant: after('number_overflow', (asked) => ({ ...asked, verb: 'touch' })),
  },
  ...(
    [
      ['an empty value is a 0', /^$/],
      ['spaces around a number do not count', /^\s+5$/],
      ['spaces after a number do not count', /^5\s+$/],
      ['a fraction of 0 does not count', /^5\.0$/],
      ['leading zeros do not count', /^0\d+$/],
      ['a plus is a sign', /^\+\d+$/],
      ['there is a -0', /^-0$/],
      ['exponents are read', /^1e3$/],
      ['hex is read', /^0x/],
      ['JSON strings are read', /^"\d+"$/],
      ['reading ends at a NUL', /^5\0/],
      ['numbers beyond 64 bits are read', /^-?\d{19,20}$/],
    ] as const
  ).map(([title, form]) => ({ title, breaks: NO_NUMBER, plant: reads(form) })),
  {
    title: 'what is no number is replaced by one',
    breaks: NO_NUMBER,
    plant: after('not_a_number', ({ key }) => ({
      ...operation('put', key),
      ...{ value: Buffer.from('1'), ttlKind: 'keep', ttlMs: 1 },
    })),
  },
  {
    title: 'what is no number gets another life',
    breaks: NO_NUMBER,
    plant: after('not_a_number', (asked) => ({ ...asked, verb: 'touch' })),
  },
  {
    title: 'a list is no number',
    breaks: 'an increment of a list is refused with foreign_type',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      return counts(asked) && result.status === 'foreign_type' ? failure('not_a_number') : result;
    },
  },
  {
    title: 'an increment is a get and a put that others can come between',
    breaks: '8 × 100 increments at once lose none, and each answers another number',
    plant: (run) => async (asked) => {
      if (!counts(asked)) return run(asked);
      const { value } = await run(operation('get', asked.key));
      return putNumber(run, asked, BigInt(String(value ?? 0)) + by(asked));
    },
  },
];
