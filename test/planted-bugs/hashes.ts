// Bugs about where a value lies, for the rules in contract/hashes.ts.
import { failure, type Operation, operation } from '../../src/backend.js';
import { answers, asks, type PlantedBug, type Run, withoutCondition } from './bug.js';

const MIB = 1024 * 1024;
const laysHash = ({ verb, extras }: Operation) =>
  verb === 'put' && (extras?.hash === true || extras?.slidingMs !== undefined);
const look = (run: Run, { key }: Operation) => run({ ...operation('get', key), ttlKind: 'keep' });

/** What comes of an operation whose entry lies in a hash. */
const ofHash =
  (then: (run: Run, asked: Operation) => ReturnType<Run>): PlantedBug['plant'] =>
  (run) =>
  async (asked) =>
    (await look(run, asked)).sliding ? then(run, asked) : run(asked);

export const hashBugs: PlantedBug[] = [
  {
    title: 'what lies in a hash does not say so',
    breaks: 'what lies in a hash is read as any other, and says so',
    plant: answers(() => ({ sliding: false })),
  },
  {
    title: 'what lies in a string says that it is a hash',
    breaks: 'what lies in a hash is read as any other, and says so',
    plant: answers(() => ({ sliding: true })),
  },
  {
    title: 'a read that names a life does not find a hash',
    breaks: 'what lies in a hash is read as any other, and says so',
    plant: ofHash(async (run, asked) =>
      asked.verb === 'get' && asked.ttlKind === 'for' ? failure('foreign_type') : run(asked),
    ),
  },
  {
    title: 'every hash slides',
    breaks: 'a hash that does not slide lives as long as it was given, whatever is read',
    plant: asks(
      (asked) =>
        asked.extras?.hash === true &&
        asked.ttlKind === 'for' && { ttlKind: 'never', extras: { slidingMs: asked.ttlMs } },
    ),
  },
  {
    title: 'a hash never ends',
    breaks: 'a hash that does not slide lives as long as it was given, whatever is read',
    plant: asks((asked) => laysHash(asked) && { ttlKind: 'never' }),
  },
  {
    title: 'a touch leaves a hash alone',
    breaks: 'a touch, or a read that names a life, gives a hash this life and its value stays',
    plant: ofHash((run, asked) => run(asked.verb === 'touch' ? { ...asked, ttlKind: 'keep' } : asked)),
  },
  {
    title: 'a touch under an ETag empties a hash',
    breaks: 'a touch, or a read that names a life, gives a hash this life and its value stays',
    plant: ofHash((run, asked) =>
      run(
        asked.verb === 'touch' && asked.etag
          ? { ...asked, verb: 'put', value: Buffer.alloc(0), extras: { hash: true } }
          : asked,
      ),
    ),
  },
  {
    title: 'a put over a hash lays a hash',
    breaks: 'a put lays the value where it says, whatever was there, under every condition',
    plant: ofHash((run, asked) =>
      run(asked.verb === 'put' && asked.extras === undefined ? { ...asked, extras: { hash: true } } : asked),
    ),
  },
  {
    title: 'a put under an ETag lays a string',
    breaks: 'a put lays the value where it says, whatever was there, under every condition',
    plant: asks(
      (asked) =>
        laysHash(asked) && asked.condition === 'etag' && { extras: undefined, ttlKind: 'for', ttlMs: 60_000 },
    ),
  },
  {
    title: 'a put that keeps the life lays a string',
    breaks: 'a put that keeps the life keeps the layout as well',
    plant: asks(
      ({ verb, ttlKind }) => verb === 'put' && ttlKind === 'keep' && { ttlKind: 'for', ttlMs: 60_000 },
    ),
  },
  {
    title: 'a put that keeps the life gives a hash the one it names',
    breaks: 'a put that keeps the life keeps the layout as well',
    plant: ofHash((run, asked) =>
      run(
        asked.verb === 'put' && asked.ttlKind === 'keep'
          ? { ...asked, ttlKind: 'for', extras: { hash: true } }
          : asked,
      ),
    ),
  },
  {
    title: 'a put if absent overwrites a hash, as SET NX of Garnet does',
    breaks: 'a put if absent adds in either layout, and overwrites neither',
    plant: ofHash((run, asked) =>
      run(asked.condition === 'absent' ? { ...asked, condition: 'none' } : asked),
    ),
  },
  {
    title: 'a put if absent of a hash gives no ETag',
    breaks: 'a put if absent adds in either layout, and overwrites neither',
    plant: answers((_, asked) => laysHash(asked) && { etag: undefined }),
  },
  {
    title: 'a put if present adds a hash',
    breaks: 'puts under a condition add no hash where there is nothing',
    plant: asks((asked) => laysHash(asked) && asked.condition === 'present' && { condition: 'none' }),
  },
  {
    title: 'a hash is absent to what compares',
    breaks: 'an ETag is compared with what lies in a hash, which is told when it is another',
    plant: answers(
      ({ status }, { condition }) => condition === 'etag' && status === 'changed' && { status: 'absent' },
    ),
  },
  {
    title: 'no ETag is compared',
    breaks: 'an ETag is compared with what lies in a hash, which is told when it is another',
    plant: withoutCondition('put', 'etag'),
  },
  {
    title: 'a delete does not find a hash',
    breaks: 'what lies in a hash is deleted as any other, also if present',
    plant: ofHash(async (run, asked) =>
      asked.condition === 'present' ? failure('foreign_type') : run(asked),
    ),
  },
  {
    title: 'a delete of a hash is a miss',
    breaks: 'what lies in a hash is deleted as any other, also if present',
    plant: answers((_, { verb }) => verb === 'delete' && { status: 'miss' }),
  },
  {
    title: 'a get of a hash comes later',
    breaks: 'gets of what was put into a hash, sent without waiting, take effect in the order of the calls',
    plant: (run) => async (asked) => {
      if (asked.verb === 'get') await new Promise((resolve) => setTimeout(resolve, 5));
      return run(asked);
    },
  },
  {
    title: 'an increment makes a string of a hash',
    breaks: 'counters and values that grow are strings: of a hash they are refused with foreign_type',
    plant: ofHash(async (run, asked) => {
      if (asked.verb !== 'increment') return run(asked);
      await run({ ...operation('put', asked.key), value: Buffer.from('1'), ttlKind: 'never' });
      return run(asked);
    }),
  },
  {
    title: 'an empty value is no hash',
    breaks: 'a hash takes any bytes, up to 8 MiB and none at all',
    plant: answers(({ value }, { verb }) => verb === 'get' && value?.length === 0 && { status: 'miss' }),
  },
  {
    title: 'a hash cuts what is over 1 MiB',
    breaks: 'a hash takes any bytes, up to 8 MiB and none at all',
    plant: asks((asked) => laysHash(asked) && { value: asked.value?.subarray(0, MIB) }),
  },
  {
    title: 'a large hash is compared',
    breaks: 'an ETag condition on a hash takes 1 MiB and refuses one byte more',
    plant: ofHash(async (run, asked) => {
      const result = await run(asked);
      return result.status === 'too_large_for_condition' ? run({ ...asked, condition: 'present' }) : result;
    }),
  },
  {
    title: 'a hash of exactly 1 MiB is not compared',
    breaks: 'an ETag condition on a hash takes 1 MiB and refuses one byte more',
    plant: ofHash(async (run, asked) =>
      asked.condition === 'etag' && asked.value?.length === MIB
        ? failure('too_large_for_condition')
        : run(asked),
    ),
  },
  {
    title: 'a put of a hash does not compare',
    breaks: '4 × 50 compare-and-set increments of a hash lose none',
    plant: asks(
      ({ condition, ttlKind }) => condition === 'etag' && ttlKind === 'keep' && { condition: 'present' },
    ),
  },
];
