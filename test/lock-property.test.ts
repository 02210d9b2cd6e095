// Two never hold one lock: 10,000 tries of clients that crash, come late and interfere, on embedded Garnet and on a Redis;
// and the property put to the test itself, with bugs planted in the fake. A run is repeated with LOCK_SEED=its seed.
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { FakeBackend } from './fake-backend.js';
import { FakeStore } from './fake-store.js';
import { openTestBridge } from './fixtures/bridge.js';
import { startRedis } from './fixtures/redis.js';
import { LOCK_BUGS } from './lock-property/bugs.js';
import { playLocks, type World } from './lock-property/run.js';
import type { PlantedBug } from './planted-bugs/bug.js';

const TRIES = 10_000;
/** Clocks of two processes, and those that are read once for several commands. */
const SLACK_MS = 10;
const seed = Number(process.env.LOCK_SEED ?? Math.floor(Math.random() * 2 ** 31));

function real(backends: World['backends']): World {
  return { backends, now: () => performance.now(), pause: (ms) => pause(ms), slackMs: SLACK_MS };
}

function fake(bug?: Pick<PlantedBug, 'plant'>): World {
  const store = new FakeStore();
  const backend = new FakeBackend(store);
  const run = backend.run.bind(backend);
  let turn: Promise<void> | undefined;
  /** A millisecond goes by with each turn of the event loop in which somebody waits. */
  const next = () => {
    turn ??= new Promise(setImmediate).then(() => {
      turn = undefined;
      store.clock.advance(1);
    });
    return turn;
  };
  return {
    backends: [bug ? { run: bug.plant(run), close: () => backend.close() } : backend],
    now: () => store.clock.nowMs,
    pause: async (ms) => {
      for (const end = store.clock.nowMs + ms; store.clock.nowMs < end; ) await next();
    },
    slackMs: 0,
  };
}

t.test(`embedded: two never hold one lock, in ${TRIES} tries of seed ${seed}`, async (t) => {
  const backend = await openTestBridge({});
  t.teardown(() => backend.close());
  t.same(await playLocks(real([backend]), seed, TRIES), []);
});

t.test(
  `redis: two never hold one lock, over four connections, in ${TRIES} tries of seed ${seed}`,
  async (t) => {
    const redis = await startRedis();
    t.teardown(() => redis.stop());
    const open = () => openTestBridge({ connection: redis.url });
    const backends = await Promise.all([open(), open(), open(), open()]);
    t.teardown(() => Promise.all(backends.map((backend) => backend.close())));
    t.same(await playLocks(real(backends), seed, TRIES), []);
  },
);

t.test(`fake: two never hold one lock, in ${TRIES} tries of seed ${seed}`, async (t) => {
  t.same(await playLocks(fake(), seed, TRIES), []);
});

for (const bug of LOCK_BUGS)
  t.test(`planted: ${bug.title}; the property finds it, with seed ${seed}`, async (t) => {
    const faults = await playLocks(fake(bug), seed, TRIES);
    t.not(faults.length, 0);
    t.comment(faults[0]);
  });
