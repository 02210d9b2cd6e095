// Bugs about who holds a lock, for the rules in contract/lock-holders.ts.
import { operation } from '../../src/backend.js';
import { asks, type PlantedBug } from './bug.js';
import { after, beside, deletes, freeing, guarded, put, unlocks, withoutToken } from './locking.js';

const PUT = 'a put with the token writes, gives its life, and unlocks in the same step';
const DELETE =
  'a delete with the token deletes and unlocks in the same step; so it does where the entry is gone already';
const UNLOCK =
  'an unlock leaves the entry as it is, or gives it a life; if there is none to have it, it unlocks all the same';
const OTHER =
  'with another token than that of the lock nothing is done: not_held; nor is it where nobody has a lock';
const CONDITION = 'where the condition of a put or delete with the token does not hold, the lock stays held';
const PLAIN = 'without a token everything is done as if there were no lock, which stays held';

export const lockHolderBugs: PlantedBug[] = [
  {
    title: 'a put with the token does not unlock',
    breaks: PUT,
    plant: beside(async (run, asked) => {
      const result = await run(asked);
      if (put(asked) && result.status === 'ok')
        await run({
          ...operation('lock', asked.key),
          ...{ ttlKind: 'for', ttlMs: 60_000, extras: { token: asked.extras?.token as Buffer } },
        });
      return result;
    }),
  },
  {
    title: 'a put with the token lives for a minute',
    breaks: PUT,
    plant: asks((asked) => put(asked) && { ttlKind: 'for', ttlMs: 60_000 }),
  },
  {
    title: 'a delete with the token only unlocks',
    breaks: DELETE,
    plant: asks((asked) => deletes(asked) && { verb: 'unlock' }),
  },
  {
    title: 'a delete with the token does not unlock where there is no entry',
    breaks: DELETE,
    plant: beside(async (run, asked) => {
      const missing = deletes(asked) && (await run(operation('get', asked.key))).status === 'miss';
      return run(missing ? { ...asked, extras: undefined } : asked);
    }),
  },
  {
    title: 'an unlock gives the entry no life',
    breaks: UNLOCK,
    plant: asks((asked) => unlocks(asked) && { ttlKind: 'default' }),
  },
  {
    title: 'an unlock lets the entry live for ever',
    breaks: UNLOCK,
    plant: asks((asked) => unlocks(asked) && { ttlKind: 'never' }),
  },
  {
    title: 'an unlock where the entry is gone does not unlock',
    breaks: UNLOCK,
    plant: beside(async (run, asked) => {
      const gone = unlocks(asked) && (await run(operation('get', asked.key))).status === 'miss';
      return run(gone ? { ...asked, verb: 'touch', ttlKind: 'never', extras: undefined } : asked);
    }),
  },
  { title: 'an unlock frees whoever holds the key', breaks: OTHER, plant: freeing(unlocks) },
  {
    title: 'a delete does not look at the token',
    breaks: OTHER,
    plant: asks((asked) => deletes(asked) && withoutToken()),
  },
  {
    title: 'where nobody has a lock any token will do',
    breaks: OTHER,
    plant: beside(async (run, asked) => {
      const result = await run(asked);
      if (!guarded(asked) || result.status !== 'not_held') return result;
      const probe = { token: Buffer.alloc(16, 1), absent: true } as const;
      const lock = await run({
        ...operation('lock', asked.key),
        ttlKind: 'for',
        ttlMs: 60_000,
        extras: probe,
      });
      if (lock.status !== 'ok') return result;
      return run({ ...asked, extras: { token: probe.token } });
    }),
  },
  {
    title: 'a put gives up the lock also where its condition does not hold',
    breaks: CONDITION,
    plant: after(guarded, ['changed', 'exists', 'absent'], () => ({})),
  },
  {
    title: 'a put with a token has no condition',
    breaks: CONDITION,
    plant: asks((asked) => put(asked) && { condition: 'none' }),
  },
  {
    title: 'a put without a token takes the lock away',
    breaks: PLAIN,
    plant: freeing((asked) => asked.verb === 'put' && !guarded(asked)),
  },
  {
    title: 'a delete without a token takes the lock away',
    breaks: PLAIN,
    plant: freeing((asked) => asked.verb === 'delete' && !guarded(asked)),
  },
];
