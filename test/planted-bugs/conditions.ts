// Bugs about conditions, for the rules in contract/conditions.ts.
import { failure, operation } from '../../src/backend.js';
import { answers, asks, type PlantedBug, withoutCondition } from './bug.js';

const MIB = 1024 * 1024;
const long = (value: Buffer | undefined) => value !== undefined && value.length > MIB;

export const conditionBugs: PlantedBug[] = [
  {
    title: 'a put if absent overwrites',
    breaks: 'a put if absent adds, and leaves what is there alone',
    plant: withoutCondition('put', 'absent'),
  },
  {
    title: 'a put if absent that fails changes the life',
    breaks: 'a put if absent adds, and leaves what is there alone',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (result.status === 'exists') await run({ ...asked, verb: 'touch', condition: 'none' });
      return result;
    },
  },
  {
    title: 'a put if absent gives no ETag',
    breaks: 'a put if absent gives the ETag of what it added when asked for',
    plant: answers((_, { condition }) => condition === 'absent' && { etag: undefined }),
  },
  {
    title: 'a put if present adds',
    breaks: 'a put if present replaces, and adds nothing',
    plant: withoutCondition('put', 'present'),
  },
  {
    title: 'a put does not compare the ETag',
    breaks: 'a put with an ETag replaces only that value, and else tells the one that is there',
    plant: asks(({ verb, condition }) => verb === 'put' && condition === 'etag' && { condition: 'present' }),
  },
  {
    title: 'changed lacks the value that is there',
    breaks: 'a put with an ETag replaces only that value, and else tells the one that is there',
    plant: answers(({ status }) => status === 'changed' && { value: undefined }),
  },
  {
    title: 'changed lacks the ETag that is there',
    breaks: 'a put with an ETag replaces only that value, and else tells the one that is there',
    plant: answers(({ status }) => status === 'changed' && { etag: undefined }),
  },
  {
    title: 'changed says that it was applied',
    breaks: 'a put with an ETag replaces only that value, and else tells the one that is there',
    plant: answers(({ status }) => status === 'changed' && { outcome: 'applied' }),
  },
  {
    title: 'a put with an ETag that fails changes the life',
    breaks: 'a put with an ETag replaces only that value, and else tells the one that is there',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (result.status === 'changed') await run({ ...asked, verb: 'touch', condition: 'none' });
      return result;
    },
  },
  {
    title: 'a put with an ETag adds where nothing is',
    breaks: 'a put with an ETag adds nothing where there is no entry or it has expired',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      return result.status === 'absent' ? run({ ...asked, condition: 'none' }) : result;
    },
  },
  {
    title: 'an empty value counts as absent',
    breaks: 'an empty value has an ETag too, and can be compared and told',
    plant: answers(
      ({ value, status }) => status === 'changed' && value?.length === 0 && { status: 'absent' },
    ),
  },
  {
    title: 'a delete if present of nothing is a miss',
    breaks: 'a delete if present says absent where there is nothing',
    plant: withoutCondition('delete', 'present'),
  },
  {
    title: 'a delete does not compare the ETag',
    breaks: 'a delete with an ETag removes only that value, and else tells the one that is there',
    plant: asks(
      ({ verb, condition }) => verb === 'delete' && condition === 'etag' && { condition: 'present' },
    ),
  },
  {
    title: 'a delete with another ETag says changed and deletes',
    breaks: 'a delete with an ETag removes only that value, and else tells the one that is there',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (asked.verb === 'delete' && result.status === 'changed') await run(operation('delete', asked.key));
      return result;
    },
  },
  {
    title: 'exactly 1 MiB is too large for a condition',
    breaks: 'an ETag condition takes new and stored values of exactly 1 MiB',
    plant: (run) => async (asked) =>
      asked.condition === 'etag' && asked.value?.length === MIB
        ? failure('too_large_for_condition')
        : run(asked),
  },
  {
    title: 'a large new value is compared',
    breaks: 'an ETag condition refuses a new value over 1 MiB, and nothing changes',
    plant: asks(({ condition, value }) => condition === 'etag' && long(value) && { condition: 'present' }),
  },
  {
    title: 'a large stored value is compared',
    breaks: 'an ETag condition refuses a stored value over 1 MiB, on put and delete',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      return result.status === 'too_large_for_condition' && !long(asked.value)
        ? run({ ...asked, condition: 'present' })
        : result;
    },
  },
  {
    title: 'every condition refuses large values',
    breaks: 'the other conditions have no such limit',
    plant: (run) => async (asked) =>
      asked.condition !== 'none' && long(asked.value) ? failure('too_large_for_condition') : run(asked),
  },
];
