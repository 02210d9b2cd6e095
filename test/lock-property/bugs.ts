// Bugs in locks, for the property: it must find each. Those for single rules are in planted-bugs/locks.ts.
import { type Operation, operation } from '../../src/backend.js';
import { asks, type PlantedBug } from '../planted-bugs/bug.js';

const locks = ({ verb }: Operation) => verb === 'lock';
/** Before which a lock that somebody holds is given up, for one operation in ten. */
const freeing =
  (which: (asked: Operation) => boolean): PlantedBug['plant'] =>
  (run) => {
    const holders = new Map<string, Buffer>();
    let count = 0;
    return async (asked) => {
      const name = String(asked.key);
      const token = which(asked) && ++count % 10 === 0 ? holders.get(name) : undefined;
      if (token) await run({ ...operation('unlock', asked.key), extras: { token } });
      const result = await run(asked);
      if (locks(asked) && result.status === 'ok') holders.set(name, asked.extras?.token as Buffer);
      return result;
    };
  };
const sometimes = (change: (asked: Operation) => Partial<Operation> | false) => {
  let count = 0;
  return asks((asked) => ++count % 10 === 0 && change(asked));
};

export const LOCK_BUGS: Omit<PlantedBug, 'breaks'>[] = [
  { title: 'a lock takes over from who holds it', plant: freeing(locks) },
  { title: 'an unlock with any token gives the lock up', plant: freeing(({ verb }) => verb === 'unlock') },
  {
    title: 'a put does not look at its token',
    plant: sometimes((asked) => asked.verb === 'put' && { extras: undefined }),
  },
  {
    title: 'a delete does not look at its token',
    plant: sometimes((asked) => asked.verb === 'delete' && { extras: undefined }),
  },
  {
    title: 'a lease is half as long',
    plant: sometimes((asked) => locks(asked) && { ttlMs: Math.ceil(asked.ttlMs / 2) }),
  },
  {
    title: 'a lease is twice as long',
    plant: sometimes((asked) => locks(asked) && { ttlMs: asked.ttlMs * 2 }),
  },
  { title: 'a lease never ends', plant: asks((asked) => locks(asked) && { ttlMs: 2 ** 40 }) },
  {
    title: 'a lock that is refused is granted',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      return result.status === 'locked' && Number(result.ttlMs) % 10 === 0
        ? { ...result, status: 'ok' }
        : result;
    },
  },
];
