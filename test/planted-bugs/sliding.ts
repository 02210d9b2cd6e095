// Bugs about entries that slide, for the rules in contract/sliding.ts.
import { type Operation, operation } from '../../src/backend.js';
import { answers, asks, type PlantedBug, withoutCondition } from './bug.js';

const HOUR_MS = 3_600_000;
const reads = ({ verb, ttlKind }: Operation) => verb === 'get' && ttlKind === 'default';
const slides = ({ verb, extras }: Operation) => verb === 'put' && extras?.slidingMs !== undefined;

export const slidingBugs: PlantedBug[] = [
  {
    title: 'a read is no use',
    breaks: 'what slides lives on from each read, and ends when none comes',
    plant: asks((asked) => reads(asked) && { ttlKind: 'keep' }),
  },
  {
    title: 'a read with the ETag is no use',
    breaks: 'what slides lives on from each read, and ends when none comes',
    plant: asks((asked) => reads(asked) && asked.wantEtag && { ttlKind: 'keep' }),
  },
  {
    title: 'what slides never ends',
    breaks: 'what slides lives on from each read, and ends when none comes',
    plant: asks(
      (asked) => slides(asked) && asked.extras?.slidingMs === 120 && { extras: { slidingMs: HOUR_MS } },
    ),
  },
  {
    title: 'a read tells the life from before',
    breaks:
      'a read of what slides tells the life that it has from then on, the ETag, and that it has moved the life',
    plant: (run) => async (asked) => {
      const before = await run({ ...operation('get', asked.key), ttlKind: 'keep', wantTtl: true });
      const result = await run(asked);
      return reads(asked) && asked.wantTtl ? { ...result, ttlMs: before.ttlMs } : result;
    },
  },
  {
    title: 'a read does not say that it has moved the life',
    breaks:
      'a read of what slides tells the life that it has from then on, the ETag, and that it has moved the life',
    plant: answers((_, asked) => reads(asked) && { outcome: 'not_applied' }),
  },
  {
    title: 'a lock is no use',
    breaks: 'a lock of what slides is a use, gives its value, and lets only its holder put and delete it',
    plant: (run) => async (asked) => {
      if (asked.verb !== 'lock') return run(asked);
      const { value } = await run({ ...operation('get', asked.key), ttlKind: 'keep' });
      return {
        ...(await run({
          ...asked,
          key: Buffer.concat([asked.key, Buffer.from('!')]),
          extras: { ...asked.extras, absent: true },
        })),
        value,
      };
    },
  },
  {
    title: 'a put with a token lays a string',
    breaks: 'a lock of what slides is a use, gives its value, and lets only its holder put and delete it',
    plant: asks(
      ({ verb, ttlKind, extras }) =>
        verb === 'put' &&
        extras?.token !== undefined &&
        ttlKind === 'never' && { extras: { token: extras.token }, ttlKind: 'for', ttlMs: 60_000 },
    ),
  },
  {
    title: 'looking is a use',
    breaks: 'a get that keeps the life only looks',
    plant: asks(({ verb, ttlKind }) => verb === 'get' && ttlKind === 'keep' && { ttlKind: 'default' }),
  },
  {
    title: 'looking at nothing finds something',
    breaks: 'a get that keeps the life only looks',
    plant: answers(
      ({ status }, { verb, ttlKind }) =>
        verb === 'get' && ttlKind === 'keep' && status === 'miss' && { status: 'ok' },
    ),
  },
  {
    title: 'there is no cap',
    breaks: 'what slides ends at its cap, however often it is used; of both the shorter life counts',
    plant: asks((asked) => slides(asked) && { ttlKind: 'never' }),
  },
  {
    title: 'the cap alone counts',
    breaks: 'what slides ends at its cap, however often it is used; of both the shorter life counts',
    plant: asks((asked) => slides(asked) && asked.ttlKind === 'for' && { extras: { hash: true } }),
  },
  {
    title: 'a read lives past the cap',
    breaks: 'what slides ends at its cap, however often it is used; of both the shorter life counts',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (reads(asked) && result.sliding)
        await run({ ...operation('touch', asked.key), ttlKind: 'for', ttlMs: 60_000 });
      return result;
    },
  },
  ...(['none', 'present', 'etag'] as const).map((condition) => ({
    title: `a put that keeps the life, condition ${condition}, makes a string of what slides`,
    breaks: 'a put that keeps the life lets it slide on as it did, under every condition',
    plant: asks(
      (asked) =>
        asked.ttlKind === 'keep' &&
        asked.verb === 'put' &&
        asked.condition === condition && { ttlKind: 'for', ttlMs: 60_000 },
    ),
  })),
  {
    title: 'a put that keeps the life moves the cap',
    breaks: 'a put that keeps the life leaves the cap where it is',
    plant: asks(
      ({ verb, ttlKind }) =>
        verb === 'put' &&
        ttlKind === 'keep' && { ttlKind: 'for', ttlMs: 60_000, extras: { slidingMs: HOUR_MS } },
    ),
  },
  {
    title: 'a touch ends the sliding',
    breaks:
      'a touch gives what slides another cap, and it goes on to slide; so does a read that names a life',
    plant: (run) => async (asked) => {
      if (asked.verb !== 'touch') return run(asked);
      const { value, sliding } = await run({ ...operation('get', asked.key), ttlKind: 'keep' });
      return sliding ? run({ ...asked, verb: 'put', value, extras: { hash: true } }) : run(asked);
    },
  },
  {
    title: 'a touch for ever leaves the cap',
    breaks:
      'a touch gives what slides another cap, and it goes on to slide; so does a read that names a life',
    plant: asks(
      ({ verb, ttlKind }) => verb === 'touch' && ttlKind === 'never' && { ttlKind: 'for', ttlMs: 30_000 },
    ),
  },
  {
    title: 'a read that names a life only reads',
    breaks:
      'a touch gives what slides another cap, and it goes on to slide; so does a read that names a life',
    plant: asks(({ verb, ttlKind }) => verb === 'get' && ttlKind === 'for' && { ttlKind: 'default' }),
  },
  {
    title: 'a read that names a life tells that one',
    breaks: 'a read that names a life tells the life that what slides has then',
    plant: answers((_, { verb, ttlKind, ttlMs }) => verb === 'get' && ttlKind === 'for' && { ttlMs }),
  },
  {
    title: 'a touch revives what slid',
    breaks: 'reads, touches and puts under a condition revive nothing that slid and has ended',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (asked.verb !== 'touch' || result.status !== 'miss') return result;
      return run({ ...asked, verb: 'put', value: Buffer.alloc(0) });
    },
  },
  {
    title: 'a put if present adds what slides',
    breaks: 'reads, touches and puts under a condition revive nothing that slid and has ended',
    plant: withoutCondition('put', 'present'),
  },
  {
    title: 'a read puts what it has read again',
    breaks: 'of 200 entries that are read all the time while they are deleted, none comes back',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (reads(asked) && result.value)
        await run({
          ...operation('put', asked.key),
          value: result.value,
          ttlKind: 'never',
          extras: { slidingMs: HOUR_MS },
        });
      return result;
    },
  },
];
