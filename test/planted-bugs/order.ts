// Bugs about many operations at once and about the end, for the rules in contract/order.ts.
import { operation, type Result } from '../../src/backend.js';
import type { PlantedBug } from './bug.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

export const orderBugs: PlantedBug[] = [
  {
    title: 'what needs a script is overtaken by what needs none',
    breaks: '200 operations on one key, sent without waiting, take effect in the order of the calls',
    plant: (run) => async (asked) => {
      if (asked.condition === 'etag') await nextTurn();
      return run(asked);
    },
  },
  {
    title: 'answers go to whoever asked last',
    breaks: 'large and small values, sent at once under many keys, each come back under their own',
    plant: (run) => {
      let last: Promise<Result> | undefined;
      return async (asked) => {
        const mine = run(asked);
        last = mine;
        await nextTurn();
        return asked.verb === 'get' ? last : mine;
      };
    },
  },
  {
    title: 'compare, then set: two steps that others can come between',
    breaks: '4 × 500 compare-and-set increments at once end at exactly 2000',
    plant: (run) => async (asked) => {
      if (asked.verb !== 'put' || asked.condition !== 'etag') return run(asked);
      const there = await run({ ...operation('get', asked.key), wantEtag: true });
      if (!there.etag?.equals(asked.etag as Buffer)) return { ...there, status: 'changed' };
      return run({ ...asked, condition: 'none' });
    },
  },
  {
    title: 'after close operations reject',
    breaks: 'after close an operation resolves with shutting_down; nothing ever rejects',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (result.status === 'shutting_down') throw new Error('closed');
      return result;
    },
  },
];
