// Bugs about locks, for the rules in contract/locks.ts.
import { type Operation, operation, type Result } from '../../src/backend.js';
import { answers, asks, type PlantedBug, type Run } from './bug.js';

const locks = ({ verb }: Operation) => verb === 'lock';
const unlocks = ({ verb }: Operation) => verb === 'unlock';
const guarded = ({ verb, extras }: Operation) =>
  (verb === 'put' || verb === 'delete') && extras?.token !== undefined;
const withoutToken = () => ({ extras: undefined });
const put = (asked: Operation) => asked.verb === 'put' && guarded(asked);
const deletes = (asked: Operation) => asked.verb === 'delete' && guarded(asked);

/** Does something else before or after what was asked, or in its place. */
const beside =
  (does: (run: Run, asked: Operation) => Promise<Result>): PlantedBug['plant'] =>
  (run) =>
  (asked) =>
    does(run, asked);

/** Asks for something more once what was asked is answered with one of these. */
const after = (
  which: (asked: Operation) => boolean,
  statuses: Result['status'][],
  next: (asked: Operation) => Partial<Operation>,
) =>
  beside(async (run, asked) => {
    const result = await run(asked);
    if (which(asked) && statuses.includes(result.status))
      await run({ ...operation('unlock', asked.key), extras: asked.extras, ...next(asked) });
    return result;
  });

/** Tokens are kept beside the backend: an unlock of whoever holds the key. */
const freeing =
  (which: (asked: Operation) => boolean): PlantedBug['plant'] =>
  (run) => {
    const holders = new Map<string, Buffer>();
    return async (asked) => {
      const name = asked.key.toString('latin1');
      const token = which(asked) ? holders.get(name) : undefined;
      if (token) await run({ ...operation('unlock', asked.key), extras: { token } });
      const result = await run(asked);
      if (locks(asked) && result.status === 'ok') holders.set(name, asked.extras?.token as Buffer);
      return result;
    };
  };

const VALUE = 'a lock answers the value that is there, of no bytes too, and its ETag where that is asked for';
const HELD = 'while a lock is held, another is answered with locked and what is left of the lease, or less';
const ABSENT =
  'a lock where there is no entry is a miss that locks nothing; with absent it is held, and has no value';
const AGAIN = 'a lock with the token that holds it already is granted again, and has its lease anew';
const LEASE =
  'once its lease has passed a lock is free, and its token good for nothing: not_held, and nothing changes';
const PUT = 'a put with the token writes, gives its life, and unlocks in the same step';
const DELETE =
  'a delete with the token deletes and unlocks in the same step; so it does where the entry is gone already';
const UNLOCK =
  'an unlock leaves the entry as it is, or gives it a life; if there is none to have it, it unlocks all the same';
const OTHER =
  'with another token than that of the lock nothing is done: not_held; nor is it where nobody has a lock';
const CONDITION = 'where the condition of a put or delete with the token does not hold, the lock stays held';
const PLAIN = 'without a token everything is done as if there were no lock, which stays held';
const KEY = 'a lock is of its key alone, whatever braces the key has, and is never listed';

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
