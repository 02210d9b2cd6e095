// Bugs about values that grow, for the rules in contract/growth.ts.
import { failure, type Operation, operation, type Result } from '../../src/backend.js';
import { answers, asks, type PlantedBug, type Run } from './bug.js';

const LIMIT = 8 * 1024 * 1024;
const grows = ({ verb }: Operation) => verb === 'append' || verb === 'prepend';
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** An addition as an application would do it: a get, then a put of the whole value. */
async function byHand(run: Run, asked: Operation, put: Partial<Operation>): Promise<Result> {
  const { status, value } = await run(operation('get', asked.key));
  if (status !== 'ok' || !value || !asked.value) return run(asked);
  const parts = asked.verb === 'append' ? [value, asked.value] : [asked.value, value];
  const whole = Buffer.concat(parts);
  const result = await run({ ...operation('put', asked.key), value: whole, ...put });
  return { ...result, value: Buffer.from(String(whole.length)) };
}

const putting =
  (put: Partial<Operation>): PlantedBug['plant'] =>
  (run) =>
  async (asked) =>
    grows(asked) ? byHand(run, asked, put) : run(asked);

const WHERE = 'append adds at the end, prepend at the start; both answer the new length in bytes';
const BYTES = 'what is added are bytes: NUL, what is no UTF-8, and nothing at all';
const LIFE = 'a value that grows keeps its life';
const NOTHING = 'nothing grows out of nothing: absent, expired and deleted entries are a miss and stay one';
const LIMITED = 'a value grows to its limit of 8 MiB; one byte more is value_too_large, and nothing changes';

export const growthBugs: PlantedBug[] = [
  {
    title: 'prepend appends',
    breaks: WHERE,
    plant: asks(({ verb }) => verb === 'prepend' && { verb: 'append' }),
  },
  {
    title: 'the length is that of what was added',
    breaks: WHERE,
    plant: answers((_, asked) => grows(asked) && { value: Buffer.from(String(asked.value?.length)) }),
  },
  {
    title: 'what is added passes through text',
    breaks: BYTES,
    plant: asks((asked) => grows(asked) && { value: Buffer.from(String(asked.value)) }),
  },
  {
    title: 'what is added is cut at NUL',
    breaks: BYTES,
    plant: asks(
      (asked) => grows(asked) && { value: Buffer.from(String(asked.value).split('\0')[0] as string) },
    ),
  },
  {
    title: 'adding nothing is a miss',
    breaks: BYTES,
    plant: answers((_, asked) => grows(asked) && asked.value?.length === 0 && { status: 'miss' }),
  },
  {
    title: 'a number does not grow',
    breaks: 'a number can grow too, and is counted on as what it has become',
    plant: (run) => async (asked) => {
      const { value } = await run(operation('get', asked.key));
      return grows(asked) && /^-?\d+$/.test(String(value)) ? failure('foreign_type') : run(asked);
    },
  },
  { title: 'what grows lives for ever', breaks: LIFE, plant: putting({ ttlKind: 'never' }) },
  {
    title: 'what grows gets another life',
    breaks: LIFE,
    plant: putting({ ttlKind: 'for', ttlMs: 3_600_000 }),
  },
  ...(['append', 'prepend'] as const).map((way) => ({
    title: `${way} makes what is not there, as Redis does`,
    breaks: NOTHING,
    plant: (run: Run) => async (asked: Operation) => {
      const result = await run(asked);
      if (asked.verb !== way || result.status !== 'miss') return result;
      return run({ ...asked, verb: 'put', ttlKind: 'never' });
    },
  })),
  {
    title: 'a miss makes an empty entry',
    breaks: NOTHING,
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (grows(asked) && result.status === 'miss')
        await run({ ...asked, verb: 'put', value: Buffer.alloc(0), ttlKind: 'never' });
      return result;
    },
  },
  {
    title: 'values grow without a limit',
    breaks: LIMITED,
    plant: putting({ ttlKind: 'keep', ttlMs: 1 }),
  },
  {
    title: 'a value of exactly the limit is too large',
    breaks: LIMITED,
    plant: (run) => async (asked) => {
      const { value } = await run(operation('get', asked.key));
      const length = (value?.length ?? 0) + (asked.value?.length ?? 0);
      return grows(asked) && length >= LIMIT ? failure('value_too_large') : run(asked);
    },
  },
  {
    title: 'what would be too large is cut at the limit',
    breaks: LIMITED,
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (result.status === 'value_too_large') await run({ ...asked, value: Buffer.from('w') });
      return result;
    },
  },
  {
    title: 'a list is a miss to what would make it grow',
    breaks: 'a list grows by neither: foreign_type',
    plant: answers(({ status }, asked) => grows(asked) && status === 'foreign_type' && { status: 'miss' }),
  },
  {
    title: 'an addition is a get and a put that others can come between',
    breaks: '4 × 100 additions at once lose none',
    plant: putting({ ttlKind: 'keep', ttlMs: 1 }),
  },
  {
    title: 'what needs a script is overtaken by what needs none',
    breaks:
      'puts, increments and additions of one key, sent without waiting, take effect in the order of the calls',
    plant: (run) => async (asked) => {
      if (grows(asked) || asked.verb === 'increment') await nextTurn();
      return run(asked);
    },
  },
];
