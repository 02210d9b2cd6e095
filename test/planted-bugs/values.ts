// Bugs about keys, values and ETags, for the rules in contract/values.ts.
import { failure, operation } from '../../src/backend.js';
import { answers, asks, type PlantedBug, withoutCondition } from './bug.js';

const MIB = 1024 * 1024;
const bytes = (change: (value: Buffer) => Buffer) =>
  asks(({ value }) => (value ? { value: change(value) } : false));
const keyText = (change: (key: string) => string) =>
  asks(({ key }) => ({ key: Buffer.from(change(key.toString())) }));

export const valueBugs: PlantedBug[] = [
  {
    title: 'a second put is lost',
    breaks: 'a value is read as it was put, and a later one takes its place',
    plant: (run) => {
      const seen = new Set<string>();
      return (asked) => {
        const again = asked.verb === 'put' && seen.has(String(asked.key));
        seen.add(String(asked.key));
        return again
          ? run({ ...asked, verb: 'get' }).then((result) => ({ ...result, outcome: 'applied' }))
          : run(asked);
      };
    },
  },
  {
    title: 'a read says that it was applied',
    breaks: 'a value is read as it was put, and a later one takes its place',
    plant: answers(() => ({ outcome: 'applied' })),
  },
  {
    title: 'a write does not say that it was applied',
    breaks: 'a value is read as it was put, and a later one takes its place',
    plant: answers(() => ({ outcome: 'not_applied' })),
  },
  {
    title: 'values pass through text',
    breaks: 'values are bytes: NUL, line ends and what is no UTF-8 come back unchanged',
    plant: bytes((value) => Buffer.from(value.toString('utf8'))),
  },
  {
    title: 'values are cut at NUL',
    breaks: 'values are bytes: NUL, line ends and what is no UTF-8 come back unchanged',
    plant: bytes((value) => (value.includes(0) ? value.subarray(0, value.indexOf(0)) : value)),
  },
  {
    title: 'an empty value reads as a miss',
    breaks: 'a value of 0 bytes is a value, and no miss',
    plant: answers(({ value }) => value?.length === 0 && { status: 'miss', value: undefined }),
  },
  {
    title: 'a miss reads as an empty value',
    breaks: 'a key that was never put is a miss, and a miss has no value',
    plant: answers(({ status }) => status === 'miss' && { status: 'ok', value: Buffer.alloc(0) }),
  },
  {
    title: 'a miss carries an empty value',
    breaks: 'a key that was never put is a miss, and a miss has no value',
    plant: answers(({ status }) => status === 'miss' && { value: Buffer.alloc(0) }),
  },
  {
    title: 'values are cut at 4 MiB',
    breaks: 'values of 1 MiB and 8 MiB come back whole',
    plant: bytes((value) => value.subarray(0, 4 * MIB)),
  },
  ...(
    [
      ['Unicode is normalised in keys', (key) => key.normalize()],
      ['emoji variants are stripped from keys', (key) => key.replaceAll('\ufe0f', '')],
      ['case is folded in keys', (key) => key.toLowerCase()],
      ['keys are trimmed', (key) => key.trim()],
      ['keys are decoded once more', (key) => decodeURIComponent(key)],
    ] as [string, (key: string) => string][]
  ).map(([title, change]) => ({
    title,
    breaks: 'keys are bytes: neither case, spaces, composed letters nor wildcards make two keys one',
    plant: keyText(change),
  })),
  {
    title: 'keys are cut at 1,000 bytes',
    breaks: 'a key can have 1,024 bytes, and its last byte counts',
    plant: keyText((key) => key.slice(0, 1000)),
  },
  {
    title: 'the ETag is a version counter',
    breaks: 'the ETag is the SHA-1 of the value, and a read gives it when asked for',
    plant: (run) => {
      let version = 0;
      return answers(({ etag }) => etag !== undefined && { etag: Buffer.alloc(20, version++) })(run);
    },
  },
  {
    title: 'a read gives no ETag',
    breaks: 'the ETag is the SHA-1 of the value, and a read gives it when asked for',
    plant: answers((_, { verb }) => verb === 'get' && { etag: undefined }),
  },
  {
    title: 'every read hashes',
    breaks: 'the ETag is the SHA-1 of the value, and a read gives it when asked for',
    plant: asks(() => ({ wantEtag: true })),
  },
  {
    title: 'a read past the near cache is not known',
    breaks: 'a read past the near cache is a read like any other',
    plant: (run) => (asked) => (asked.fresh ? Promise.resolve(failure('frame_invalid')) : run(asked)),
  },
  {
    title: 'a put gives no ETag',
    breaks: 'a put gives the ETag of what it wrote when asked for',
    plant: answers((_, { verb }) => verb === 'put' && { etag: undefined }),
  },
  {
    title: 'a delete always says ok',
    breaks: 'a delete says whether there was something, and then there is nothing',
    plant: answers(({ status }, { verb }) => verb === 'delete' && status === 'miss' && { status: 'ok' }),
  },
  {
    title: 'a delete only empties the entry',
    breaks: 'a delete says whether there was something, and then there is nothing',
    plant: asks(({ verb }) => verb === 'delete' && { verb: 'put', value: Buffer.alloc(0), ttlKind: 'never' }),
  },
  {
    title: 'a list reads as a miss',
    breaks: 'a list is refused with foreign_type by reads and conditions, and a plain put overwrites it',
    plant: answers(({ status }) => status === 'foreign_type' && { status: 'miss' }),
  },
  {
    title: 'a plain put does not overwrite a list',
    breaks: 'a list is refused with foreign_type by reads and conditions, and a plain put overwrites it',
    plant: (run) => async (asked) => {
      if (asked.verb !== 'put') return run(asked);
      const there = await run(operation('get', asked.key));
      return there.status === 'foreign_type' ? there : run(asked);
    },
  },
  {
    title: 'a conditional put overwrites a list',
    breaks: 'a list is refused with foreign_type by reads and conditions, and a plain put overwrites it',
    plant: withoutCondition('put', 'present'),
  },
  {
    title: 'a ping is not known',
    breaks: 'a ping is answered',
    plant: (run) => (asked) => (asked.verb === 'ping' ? Promise.resolve(failure('internal')) : run(asked)),
  },
];
