// The proof that near caches keep their promise: traffic for a while, with everything that can happen to a network in
// turns, and the judgement. Used by near-redis.test.ts and long/near-redis.test.ts.
import type { Test } from 'tap';
import { randomFrom } from '../fixtures/random.js';
import { until } from '../fixtures/wait.js';
import { Traffic } from './traffic.js';
import { startTwoSidecars } from './two-sidecars.js';

/** How long each turn takes; a half-open connection lasts longer than a copy may be served. */
const QUIET_MS = 700;
const HALF_OPEN_MS = 1700;

/** @param seed of the choices that writers and readers make; with other timing they make others all the same */
export async function provesCoherent(t: Test, forMs: number, seed = Date.now() % 2 ** 31): Promise<void> {
  const { far, near, proxy, redis, gets } = await startTwoSidecars(t);
  const traffic = new Traffic({ caches: { far, near }, redis, random: randomFrom(seed) });
  traffic.start();
  const reads = () => traffic.counts.reads;
  const turns = [
    () => traffic.flush(),
    // Of both sidecars: what tells them of changes.
    () => redis.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']),
    () => traffic.spare('far', () => proxy.reset().then(() => answers(() => far.get('a')))),
    () =>
      traffic.spare('far', async () => {
        proxy.pause();
        await wait(HALF_OPEN_MS);
        proxy.resume();
        await answers(() => far.get('a'));
      }),
  ];
  const endMs = performance.now() + forMs;
  let asked = 0;
  let served = 0;
  for (let turn = 0; performance.now() < endMs || turn < turns.length; turn++) {
    await gets();
    const before = reads();
    await wait(QUIET_MS);
    asked += await gets();
    served += reads() - before;
    await turns[turn % turns.length]?.();
  }
  await traffic.end();
  t.same(traffic.faults.slice(0, 10), [], `seed ${seed}: ${traffic.faults.length} reads are too old`);
  // Else this would prove nothing.
  t.ok(asked < served / 2, `of ${served} reads in quiet times Redis was asked for ${asked}`);
  t.ok(traffic.counts.writes > 100, `${traffic.counts.writes} writes`);
  t.comment(JSON.stringify(traffic.counts));
}

async function answers(ask: () => Promise<unknown>): Promise<void> {
  const answered = () =>
    ask().then(
      () => true,
      () => false,
    );
  await until(answered, 15_000, 'the sidecar to answer again');
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
