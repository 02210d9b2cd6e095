// Bugs about how long an entry lives, for the rules in contract/lives.ts.
import { operation } from '../../src/backend.js';
import { answers, asks, type PlantedBug } from './bug.js';

const HOUR_MS = 3_600_000;

export const lifeBugs: PlantedBug[] = [
  {
    title: 'entries never expire',
    breaks: 'an entry ends with its life, and its key can then be added again',
    plant: asks(({ ttlKind }) => ttlKind === 'for' && { ttlKind: 'never' }),
  },
  {
    title: 'an expired entry is in the way of an add',
    breaks: 'an entry ends with its life, and its key can then be added again',
    plant: (run) => {
      const put = new Set<string>();
      return async (asked) => {
        const key = String(asked.key);
        if (asked.condition === 'absent' && put.has(key))
          return { ...(await run({ ...asked, verb: 'get' })), status: 'exists' };
        put.add(key);
        return run(asked);
      };
    },
  },
  {
    title: 'the life told is the one that was given',
    breaks: 'the life left is told when asked for, and runs down',
    plant: answers(({ ttlMs }) => ttlMs !== undefined && { ttlMs: 60_000 }),
  },
  {
    title: 'the life is not told',
    breaks: 'the life left is told when asked for, and runs down',
    plant: answers(() => ({ ttlMs: undefined })),
  },
  {
    title: 'a put keeps the life that was there',
    breaks: 'a put gives the life it names, whatever life was there',
    plant: asks(({ verb, ttlKind }) => verb === 'put' && ttlKind === 'for' && { ttlKind: 'keep' }),
  },
  {
    title: 'a put for ever keeps the life that was there',
    breaks: 'a put gives the life it names, whatever life was there',
    plant: asks(({ verb, ttlKind }) => verb === 'put' && ttlKind === 'never' && { ttlKind: 'keep' }),
  },
  {
    title: 'keep loses the life',
    breaks: 'keep leaves the life as it is, under every condition',
    plant: asks(({ ttlKind }) => ttlKind === 'keep' && { ttlKind: 'never' }),
  },
  {
    title: 'keep gives a new life',
    breaks: 'keep leaves the life as it is, under every condition',
    plant: asks(({ ttlKind }) => ttlKind === 'keep' && { ttlKind: 'for' }),
  },
  {
    title: 'keep with an ETag loses the life',
    breaks: 'keep leaves the life as it is, under every condition',
    plant: asks(
      ({ ttlKind, condition }) => ttlKind === 'keep' && condition === 'etag' && { ttlKind: 'never' },
    ),
  },
  {
    title: 'keep where nothing is never expires',
    breaks: 'keep gives the life it names when there is nothing to keep',
    plant: (run) => async (asked) => {
      if (asked.ttlKind !== 'keep') return run(asked);
      const there = await run(operation('get', asked.key));
      return run({ ...asked, ttlKind: there.status === 'miss' ? 'never' : 'keep' });
    },
  },
  {
    title: 'keep and add never expires',
    breaks: 'keep gives the life it names when there is nothing to keep',
    plant: asks(
      ({ ttlKind, condition }) => ttlKind === 'keep' && condition === 'absent' && { ttlKind: 'never' },
    ),
  },
  ...(['absent', 'present', 'etag'] as const).map((condition) => ({
    title: `a put under the condition ${condition} gives a minute, whatever it names`,
    breaks: 'a conditional put gives the life it names',
    plant: asks((asked) => asked.condition === condition && { ttlKind: 'for', ttlMs: 61_000 }),
  })),
  {
    title: 'a touch does nothing',
    breaks: 'a touch gives another life and leaves the value alone',
    plant: asks(({ verb }) => verb === 'touch' && { ttlKind: 'keep' }),
  },
  {
    title: 'a touch for ever does nothing',
    breaks: 'a touch gives another life and leaves the value alone',
    plant: asks(({ verb, ttlKind }) => verb === 'touch' && ttlKind === 'never' && { ttlKind: 'keep' }),
  },
  {
    title: 'a touch empties the value',
    breaks: 'a touch gives another life and leaves the value alone',
    plant: asks(
      ({ verb }) => verb === 'touch' && { verb: 'put', value: Buffer.alloc(0), condition: 'present' },
    ),
  },
  {
    title: 'a second touch for ever is a miss, as PERSIST answers it',
    breaks: 'a touch gives another life and leaves the value alone',
    plant: (run) => async (asked) => {
      const before = await run({ ...operation('get', asked.key), wantTtl: true });
      const again =
        asked.verb === 'touch' && asked.ttlKind === 'never' && before.ttlMs === Number.POSITIVE_INFINITY;
      const result = await run(asked);
      return again ? { ...result, status: 'miss' } : result;
    },
  },
  {
    title: 'a touch revives',
    breaks: 'a touch revives nothing: absent, expired and deleted entries are a miss and stay one',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (asked.verb !== 'touch' || result.status !== 'miss') return result;
      return run({ ...asked, verb: 'put', value: Buffer.alloc(0) });
    },
  },
  {
    title: 'a touch of nothing says ok',
    breaks: 'a touch revives nothing: absent, expired and deleted entries are a miss and stay one',
    plant: answers((_, { verb }) => verb === 'touch' && { status: 'ok' }),
  },
  {
    title: 'every read renews',
    breaks: 'a read leaves the life alone, unless it names one: then it gives it',
    plant: asks(
      ({ verb, ttlKind }) => verb === 'get' && ttlKind === 'default' && { ttlKind: 'for', ttlMs: HOUR_MS },
    ),
  },
  {
    title: 'a read that names a life does not renew',
    breaks: 'a read leaves the life alone, unless it names one: then it gives it',
    plant: asks(({ verb }) => verb === 'get' && { ttlKind: 'default' }),
  },
  {
    title: 'a read that renews gives no ETag',
    breaks: 'a read that renews tells the ETag and the new life when asked for, and revives nothing',
    plant: answers((_, { verb, ttlKind }) => verb === 'get' && ttlKind === 'for' && { etag: undefined }),
  },
  {
    title: 'a read that renews tells the old life',
    breaks: 'a read that renews tells the ETag and the new life when asked for, and revives nothing',
    plant: answers((_, { verb, ttlKind }) => verb === 'get' && ttlKind === 'for' && { ttlMs: 60_000 }),
  },
];
