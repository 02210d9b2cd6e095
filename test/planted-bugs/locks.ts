// Bugs about locks, for the rules in contract/locks.ts.
import { operation } from '../../src/backend.js';
import { answers, asks, type PlantedBug } from './bug.js';
import { beside, freeing, guarded, locks, put, unlocks, withoutToken } from './locking.js';

const VALUE = 'a lock answers the value that is there, of no bytes too, and its ETag where that is asked for';
const HELD = 'while a lock is held, another is answered with locked and what is left of the lease, or less';
const ABSENT =
  'a lock where there is no entry is a miss that locks nothing; with absent it is held, and has no value';
const AGAIN = 'a lock with the token that holds it already is granted again, and has its lease anew';
const LEASE =
  'once its lease has passed a lock is free, and its token good for nothing: not_held, and nothing changes';
const KEY = 'a lock is of its key alone, whatever braces the key has, and is never listed';
const BRACES = 'a key and the same key in braces have each a lock and tags of their own';

export const lockBugs: PlantedBug[] = [
  {
    title: 'a lock answers no value',
    breaks: VALUE,
    plant: answers((_, asked) => locks(asked) && { value: undefined }),
  },
  {
    title: 'a value of no bytes counts as none',
    breaks: VALUE,
    plant: answers(({ value }, asked) => locks(asked) && value?.length === 0 && { value: undefined }),
  },
  {
    title: 'a lock answers no ETag',
    breaks: VALUE,
    plant: answers((_, asked) => locks(asked) && { etag: undefined }),
  },
  { title: 'a lock frees what is held', breaks: HELD, plant: freeing(locks) },
  {
    title: 'locked does not say for how long',
    breaks: HELD,
    plant: answers(({ status }) => status === 'locked' && { ttlMs: undefined }),
  },
  {
    title: 'every lease is a minute',
    breaks: HELD,
    plant: asks((asked) => locks(asked) && { ttlMs: 60_000 }),
  },
  {
    title: 'a lock is wanted also where there is no entry, always',
    breaks: ABSENT,
    plant: asks((asked) => locks(asked) && { extras: { ...asked.extras, absent: true } }),
  },
  {
    title: 'a lock where there is no entry puts one',
    breaks: ABSENT,
    plant: beside(async (run, asked) => {
      const result = await run(asked);
      if (locks(asked) && result.status === 'ok' && !result.value)
        await run({ ...operation('put', asked.key), value: Buffer.alloc(0), ttlKind: 'never' });
      return result;
    }),
  },
  {
    title: 'absent is not known',
    breaks: ABSENT,
    plant: asks(
      (asked) =>
        locks(asked) && asked.extras?.absent === true && { extras: { token: asked.extras.token as Buffer } },
    ),
  },
  {
    title: 'a lock again keeps the lease it has',
    breaks: AGAIN,
    plant: (run) => {
      const held = new Set<string>();
      return async (asked) => {
        const name = `${asked.key}:${asked.extras?.token?.toString('hex')}`;
        if (locks(asked) && held.has(name)) return run({ ...operation('get', asked.key) });
        const result = await run(asked);
        if (locks(asked) && result.status === 'ok') held.add(name);
        return result;
      };
    },
  },
  {
    title: 'a lease is four times as long',
    breaks: LEASE,
    plant: asks((asked) => locks(asked) && { ttlMs: asked.ttlMs * 4 }),
  },
  {
    title: 'a put does not look at the token',
    breaks: LEASE,
    plant: asks((asked) => put(asked) && withoutToken()),
  },
  {
    title: 'what is before the hash tag does not count',
    breaks: KEY,
    plant: asks(
      (asked) =>
        (locks(asked) || unlocks(asked) || guarded(asked)) &&
        String(asked.key).includes('{tag}') && {
          key: Buffer.from(String(asked.key).replace(/\{tag\}.*/, '{tag}')),
        },
    ),
  },
  {
    title: 'braces around a key do not count for its lock',
    breaks: BRACES,
    plant: asks(
      (asked) =>
        (locks(asked) || unlocks(asked) || guarded(asked)) &&
        /^\{.*\}$/.test(String(asked.key)) && { key: asked.key.subarray(1, -1) },
    ),
  },
  {
    title: 'braces around a key do not count for its tags',
    breaks: BRACES,
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (asked.extras?.untagged && /^\{.*\}$/.test(String(asked.key)))
        await run({ ...asked, key: asked.key.subarray(1, -1) });
      return result;
    },
  },
  {
    title: 'a lock of a list is granted',
    breaks: 'a lock of a list is refused with foreign_type, and locks nothing',
    plant: answers(({ status }, asked) => locks(asked) && status === 'foreign_type' && { status: 'ok' }),
  },
  {
    title: 'a lock that is refused for its type is held all the same',
    breaks: 'a lock of a list is refused with foreign_type, and locks nothing',
    plant: (run) => {
      const held = new Set<string>();
      return async (asked) => {
        if (locks(asked) && held.has(String(asked.key)))
          return { ...(await run(operation('ping', Buffer.alloc(0)))), status: 'locked', ttlMs: 5 };
        const result = await run(asked);
        if (locks(asked) && result.status === 'foreign_type') held.add(String(asked.key));
        return result;
      };
    },
  },
  {
    title: 'a lock looks first, and takes then',
    breaks: 'of 8 locks at once, one is granted, 20 times over',
    plant: (run) => {
      const taken = new Map<string, Buffer>();
      return async (asked) => {
        if (!locks(asked)) {
          if (guarded(asked) && taken.delete(String(asked.key))) return run({ ...asked, extras: undefined });
          return run(asked);
        }
        const held = taken.get(String(asked.key));
        const result = await run(operation('get', asked.key));
        if (held) return { ...result, status: 'locked', outcome: 'not_applied', value: undefined, ttlMs: 5 };
        taken.set(String(asked.key), asked.extras?.token as Buffer);
        return { ...result, status: 'ok', outcome: 'applied' };
      };
    },
  },
  {
    title: 'locks overtake what was sent before',
    breaks: 'lock, put with the token, lock again and unlock take effect in the order in which they are sent',
    plant: beside(async (run, asked) => {
      if (guarded(asked)) await new Promise(setImmediate);
      return run(asked);
    }),
  },
];
