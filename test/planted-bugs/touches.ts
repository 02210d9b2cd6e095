// Bugs about a touch with an ETag, for the rules in contract/touches.ts.
import { failure, type Operation, operation } from '../../src/backend.js';
import { answers, asks, type PlantedBug, withoutCondition } from './bug.js';

const MIB = 1024 * 1024;
const touches = ({ verb, condition }: Operation) => verb === 'touch' && condition === 'etag';

/** What a touch with an ETag does after an answer of this status. */
const after =
  (status: string, next: (asked: Operation) => Operation, tell = false): PlantedBug['plant'] =>
  (run) =>
  async (asked) => {
    const result = await run(asked);
    if (!touches(asked) || result.status !== status) return result;
    const changed = await run(next(asked));
    return tell ? changed : result;
  };

export const touchBugs: PlantedBug[] = [
  {
    title: 'a touch with the right ETag does nothing',
    breaks: 'a touch with the ETag of the value gives another life and leaves the value alone',
    plant: asks((asked) => touches(asked) && { ttlKind: 'keep' }),
  },
  {
    title: 'a touch with the right ETag always gives a minute',
    breaks: 'a touch with the ETag of the value gives another life and leaves the value alone',
    plant: asks((asked) => touches(asked) && { ttlKind: 'for', ttlMs: 60_000 }),
  },
  {
    title: 'a touch with the right ETag empties the value',
    breaks: 'a touch with the ETag of the value gives another life and leaves the value alone',
    plant: after('ok', (asked) => ({ ...asked, verb: 'put', value: Buffer.alloc(0), condition: 'none' })),
  },
  {
    title: 'a touch does not compare the ETag',
    breaks: 'a touch with another ETag tells the value that is there, and changes neither it nor its life',
    plant: withoutCondition('touch', 'etag'),
  },
  {
    title: 'a touch with another ETag says changed and renews',
    breaks: 'a touch with another ETag tells the value that is there, and changes neither it nor its life',
    plant: after('changed', (asked) => ({ ...asked, condition: 'none' })),
  },
  {
    title: 'a touch with another ETag does not tell the value',
    breaks: 'a touch with another ETag tells the value that is there, and changes neither it nor its life',
    plant: answers(({ status }, asked) => touches(asked) && status === 'changed' && { value: undefined }),
  },
  {
    title: 'to a touch with an ETag an empty value is absent',
    breaks: 'a touch with another ETag tells the value that is there, and changes neither it nor its life',
    plant: answers(({ value }, asked) => touches(asked) && value?.length === 0 && { status: 'absent' }),
  },
  {
    title: 'a touch with an ETag of nothing is a miss',
    breaks: 'a touch with an ETag of an absent, expired or deleted entry says absent, and revives nothing',
    plant: answers(({ status }, asked) => touches(asked) && status === 'absent' && { status: 'miss' }),
  },
  {
    title: 'a touch with an ETag revives',
    breaks: 'a touch with an ETag of an absent, expired or deleted entry says absent, and revives nothing',
    plant: after('absent', ({ key }) => ({
      ...operation('put', key),
      ...{ value: Buffer.from('v'), ttlKind: 'never' },
    })),
  },
  {
    title: 'a touch with an ETag refuses exactly 1 MiB',
    breaks: 'a touch with an ETag takes a value of exactly 1 MiB and refuses one byte more',
    plant: (run) => async (asked) => {
      if (!touches(asked)) return run(asked);
      const there = await run(operation('get', asked.key));
      return there.value && there.value.length >= MIB ? failure('too_large_for_condition') : run(asked);
    },
  },
  {
    title: 'a touch with an ETag compares however large the value',
    breaks: 'a touch with an ETag takes a value of exactly 1 MiB and refuses one byte more',
    plant: after('too_large_for_condition', (asked) => ({ ...asked, condition: 'none' }), true),
  },
  {
    title: 'a touch with an ETag renews a list',
    breaks: 'a touch with an ETag of a list is refused with foreign_type',
    plant: after('foreign_type', (asked) => ({ ...asked, condition: 'none' }), true),
  },
];
