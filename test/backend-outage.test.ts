// A Redis that is away, paused or behind a broken network: every request ends by its deadline, says honestly whether a
// write can have happened, and the sidecar recovers by itself.
import t, { type Test } from 'tap';
import { type Answer, ask, get, put } from './fixtures/ask.js';
import { freePort } from './fixtures/free-port.js';
import { startProxy } from './fixtures/proxy.js';
import { startRedis } from './fixtures/redis.js';
import { type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

const DEADLINE_MS = 600;
/** What a busy machine may add to it. */
const PATIENCE_MS = 1000;
/** The next attempt to connect comes after two seconds at most, and takes a while. */
const RECOVERY_MS = 15_000;

function startOn(port: number): Promise<Sidecar> {
  const connection = `redis://127.0.0.1:${port}`;
  return startSidecar({
    env: { AZURE_CACHE_CONNECTION: connection, AZURE_CACHE_DEADLINE_MS: String(DEADLINE_MS) },
  });
}

function inTime(t: Test, answers: Answer[]): void {
  const slowest = Math.max(...answers.map(({ ms }) => ms));
  t.ok(slowest < DEADLINE_MS + PATIENCE_MS, `answered by the deadline of ${DEADLINE_MS} ms (${slowest} ms)`);
}

async function isUnreachable(t: Test, sidecar: Sidecar): Promise<void> {
  const answers = [
    await ask(sidecar, 'GET /readyz'),
    await get(sidecar, 'a'),
    await put(sidecar, 'a', 'lost'),
  ];
  for (const { status, error } of answers) {
    t.equal(status, 503);
    t.match(error, { code: 'backend_unreachable', retryable: true, outcome: 'not_applied' });
  }
  inTime(t, answers);
  t.equal((await ask(sidecar, 'GET /healthz')).status, 200, 'the sidecar itself is alive');
}

/** No answer comes: reads have changed nothing, of writes nobody knows. Ten at a time, so that none waits for another. */
async function isSilent(t: Test, sidecar: Sidecar): Promise<void> {
  const ten = [...Array(10).keys()];
  const [reads, writes] = await Promise.all([
    Promise.all(ten.map((i) => get(sidecar, `silent-${i}`))),
    Promise.all(ten.map((i) => put(sidecar, `silent-${i}`, 'v'))),
  ]);
  for (const { status, error } of reads)
    t.match({ status, ...error }, { status: 504, outcome: 'not_applied' });
  for (const { status, error } of writes) t.match({ status, ...error }, { status: 504, outcome: 'unknown' });
  inTime(t, [...reads, ...writes]);
}

async function recovers(t: Test, sidecar: Sidecar): Promise<void> {
  const ready = async () => (await ask(sidecar, 'GET /readyz')).status === 200;
  await until(ready, RECOVERY_MS, 'the sidecar to be ready again');
  t.equal((await put(sidecar, 'back', 'hello')).status, 204);
  t.equal((await get(sidecar, 'back')).text, 'hello');
}

t.test('a Redis that is away at the start is waited for', async (t) => {
  const port = await freePort();
  await using sidecar = await startOn(port);
  await isUnreachable(t, sidecar);
  await using _redis = await startRedis({ port });
  await recovers(t, sidecar);
});

t.test('a Redis that takes connections and says nothing does not hold up the start', async (t) => {
  await using redis = await startRedis();
  redis.pause();
  await using sidecar = await startOn(redis.port);
  await isUnreachable(t, sidecar);
  redis.resume();
  await recovers(t, sidecar);
});

t.test('a Redis that is killed and comes back is found again', async (t) => {
  const redis = await startRedis();
  await using sidecar = await startOn(redis.port);
  t.equal((await put(sidecar, 'a', 'hello')).status, 204);
  await redis.kill();
  const lost = () => sidecar.logs().some(({ event }) => event === 'connection_failed');
  await until(lost, 5000, 'the loss to be noticed');
  await isUnreachable(t, sidecar);
  await using _again = await startRedis({ port: redis.port });
  await recovers(t, sidecar);
  t.equal((await get(sidecar, 'a')).status, 404, 'what was put during the outage was not kept for later');
  t.match(
    sidecar.logs(),
    [
      { msg: 'ready' },
      { level: 40, event: 'connection_failed' },
      { level: 30, event: 'connection_restored' },
    ],
    'one warning for the outage',
  );
  t.equal(sidecar.logs().length, 3);
});

t.test('a Redis that is paused gives 504, and works when it goes on', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis.port);
  redis.pause();
  await isSilent(t, sidecar);
  redis.resume();
  await recovers(t, sidecar);
});

t.test('a connection that is half open gives 504, and works when the network is back', async (t) => {
  await using redis = await startRedis();
  await using proxy = await startProxy({ to: redis });
  await using sidecar = await startOn(proxy.port);
  proxy.pause();
  await isSilent(t, sidecar);
  proxy.resume();
  await recovers(t, sidecar);
});

t.test(
  'a connection cut while a write is under way gives 503 at once, outcome unknown; it is not sent again',
  async (t) => {
    await using redis = await startRedis();
    await using proxy = await startProxy({ to: redis });
    await using sidecar = await startOn(proxy.port);
    await redis.cli('CLIENT', 'PAUSE', '60000', 'WRITE');
    const answer = put(sidecar, 'a', 'hello');
    const held = async () => (await redis.cli('INFO', 'clients')).includes('blocked_clients:1');
    await until(held, 5000, 'the write to reach Redis, which holds it back');
    await proxy.reset();
    t.match(await answer, { status: 503, error: { code: 'backend_unreachable', outcome: 'unknown' } });
    await redis.cli('CLIENT', 'UNPAUSE');
    await recovers(t, sidecar);
    t.equal((await get(sidecar, 'a')).status, 404);
  },
);
