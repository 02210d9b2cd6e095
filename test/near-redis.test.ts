// Near caches on a real Redis: never older than promised, whatever happens to the network. For a minute:
// long/near-redis.test.ts. The rules one by one: near-cache.test.ts; what is told of changes: tracking.test.ts.
import t from 'tap';
import { until } from './fixtures/wait.js';
import { provesCoherent } from './near/coherence.js';
import { startTwoSidecars } from './near/two-sidecars.js';

t.test(
  'at full speed no read is over a second old, nor older than a write over the same sidecar',
  async (t) => {
    await provesCoherent(t, 5000);
  },
);

t.test(
  'what is read again is served; an own put, then a SET by others, then a get gives theirs',
  async (t) => {
    const { near, redis, gets } = await startTwoSidecars(t);
    await near.put('a', 1);
    const served = async () => {
      await near.get('a');
      await gets();
      await near.get('a');
      return (await gets()) === 0;
    };
    await until(served, 5000, 'a get to be served');
    for (let i = 0; i < 15; i++) {
      await near.put('a', 2 * i);
      await redis.set('a', String(2 * i + 1));
      t.equal(await near.get('a'), 2 * i + 1);
      await until(served, 5000, 'a get to be served');
      await redis.set('a', '-1');
      await until(async () => (await near.get('a')) === -1, 1000, 'the change by others to be seen');
    }
  },
);
