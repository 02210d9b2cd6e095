// GET /v1/events on a Redis: own writes are told once, what others do is told as `change`, and when that cannot be told
// any more, or may have been missed, the reader learns it.
import t from 'tap';
import { ask, put } from './fixtures/ask.js';
import { openCache } from './fixtures/cache.js';
import { type EventReader, readEvents } from './fixtures/event-reader.js';
import { type Redis, startRedis } from './fixtures/redis.js';
import { startRedisCluster } from './fixtures/redis-cluster.js';
import { type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

const PREFIX = 'app:';
const on = (redis: Redis, env = {}) =>
  startSidecar({ env: { AZURE_CACHE_CONNECTION: redis.url, AZURE_CACHE_KEY_PREFIX: PREFIX, ...env } });

const redis = await startRedis();
const sidecar = await on(redis);
t.teardown(async () => {
  await sidecar.stop();
  await redis.stop();
});
await told(sidecar);
const cache = openCache(sidecar, { prefix: '' });
t.teardown(() => cache.close());

/** Waits until the sidecar is told of the changes of others. */
async function told(sidecar: Sidecar): Promise<void> {
  await until(
    async () => {
      using reader = await readEvents(sidecar);
      return (await reader.first(1))[0]?.data.foreign === true;
    },
    5000,
    'changes to be told',
  );
}

const namesOf = ({ told }: EventReader) => told.slice(1).map(({ event, data }) => `${event} ${data.key}`);

/** All events up to this one, which is made by others. */
async function settled(reader: EventReader, by = redis): Promise<string[]> {
  await by.cli('SET', `${PREFIX}last`, '1');
  await until(
    () => namesOf(reader).includes('change last'),
    5000,
    () => `the last one: ${namesOf(reader)}`,
  );
  return namesOf(reader).filter((name) => name !== 'change last');
}

t.test('own writes are told once, one after the other or many keys at once', async (t) => {
  using reader = await readEvents(sidecar);
  t.same(await reader.first(1), [{ event: 'reset', data: { foreign: true } }]);
  for (let i = 0; i < 20; i++) {
    await put(sidecar, 'a?ttl=60', String(i));
    await ask(sidecar, 'POST /v1/cache/a/increment');
    await ask(sidecar, 'POST /v1/cache/a/touch?ttl=60');
    await ask(sidecar, 'GET /v1/cache/a?touch=60');
    await ask(sidecar, 'GET /v1/cache/a');
    await ask(sidecar, 'PUT /v1/cache/a', { headers: { 'if-match': '*' }, body: 'x' });
    await ask(sidecar, 'DELETE /v1/cache/a');
  }
  const once = ['put a', 'put a', 'touch a', 'touch a', 'put a', 'delete a'];
  t.same(await settled(reader), Array(20).fill(once).flat());
  const keys = Array.from({ length: 1000 }, (_, i) => `key${i}`);
  await cache.putMany(keys.map((key) => [key, 1]));
  await cache.removeMany(keys);
  const many = (await settled(reader)).slice(120).sort();
  t.same(many, [...keys.map((key) => `put ${key}`), ...keys.map((key) => `delete ${key}`)].sort());
});

t.test('what others do is told as a change, with and without own writes before', async (t) => {
  using reader = await readEvents(sidecar, '?prefix=theirs');
  await reader.first(1);
  // Not before there is a reader: the echo of a put that nobody was told of would be told as a change.
  await put(sidecar, 'theirs', '1');
  t.same((await reader.first(2))[1], { event: 'put', data: { key: 'theirs' } });
  const commands = [
    ['SET', 'theirs', '2'],
    ['EXPIRE', 'theirs', '60'],
    ['GETEX', 'theirs', 'EX', '50'],
    ['APPEND', 'theirs', 'x'],
    ['DEL', 'theirs'],
    ['LPUSH', 'theirs', 'x'],
    ['PEXPIRE', 'theirs', '1'],
  ];
  for (const [i, [command = '', key, ...rest]] of commands.entries()) {
    await redis.cli(command, `${PREFIX}${key}`, ...rest);
    t.same((await reader.first(3 + i))[2 + i], { event: 'change', data: { key: 'theirs' } }, command);
  }
  // Of an entry that expired Redis tells once somebody looks, or it comes by.
  await ask(sidecar, 'GET /v1/cache/theirs');
  await reader.first(3 + commands.length);
  const before = reader.told.length;
  for (let i = 0; i < 20; i++) {
    await put(sidecar, 'theirs', 'own');
    await reader.first(before + 2 * i + 1);
    await redis.cli('SET', `${PREFIX}theirs`, 'foreign');
    await reader.first(before + 2 * i + 2);
  }
  t.same(
    reader.told.slice(before).map(({ event }) => event),
    Array(20).fill(['put', 'change']).flat(),
  );
});

t.test('keys outside of the prefix, of no UTF-8, and our own are told to nobody', async (t) => {
  using reader = await readEvents(sidecar);
  await reader.first(1);
  await redis.cli('SET', 'elsewhere', '1');
  await redis.cli(
    'EVAL',
    "redis.call('SET', ARGV[1] .. '\\255', 1) redis.call('SET', ARGV[1] .. '\\0x', 1)",
    '0',
    PREFIX,
  );
  // Long enough for some marks.
  await new Promise((resolve) => setTimeout(resolve, 1200));
  t.same(await settled(reader), []);
});

t.test('two sidecars tell of each other, and of everything that was flushed', async (t) => {
  await using second = await on(redis);
  await told(second);
  using here = await readEvents(sidecar, '?prefix=shared');
  using there = await readEvents(second, '?prefix=shared');
  await Promise.all([here.first(1), there.first(1)]);
  await put(sidecar, 'shared', '1');
  // While an own write is under way, the report of another is one with it.
  await there.first(2);
  await ask(second, 'DELETE /v1/cache/shared');
  await Promise.all([here.first(3), there.first(3)]);
  t.same(namesOf(here), ['put shared', 'change shared']);
  t.same(namesOf(there), ['change shared', 'delete shared']);
  await redis.cli('FLUSHDB');
  for (const reader of [here, there])
    t.same((await reader.first(4))[3], { event: 'reset', data: { foreign: true } });
});

t.test('a reader is told when changes are no longer told, and when they are again', async (t) => {
  const own = await startRedis();
  await using sidecar = await on(own);
  await told(sidecar);
  using reader = await readEvents(sidecar);
  await reader.first(1);
  await own.stop();
  t.same((await reader.first(2))[1], { event: 'reset', data: { foreign: false } });
  await using again = await startRedis({ port: own.port });
  await until(
    () => reader.told.at(-1)?.data.foreign === true,
    20_000,
    () => JSON.stringify(reader.told),
  );
  await again.cli('SET', `${PREFIX}a`, '1');
  await until(() => reader.told.at(-1)?.event === 'change', 5000, 'the change');
});

t.test('on a cluster, and without a near cache, only own writes are told', async (t) => {
  await using cluster = await startRedisCluster();
  const envs = [
    { AZURE_CACHE_CONNECTION: cluster.connection },
    { AZURE_CACHE_CONNECTION: redis.url, AZURE_CACHE_NEAR_CACHE_BYTES: '0' },
  ];
  for (const env of envs) {
    await using sidecar = await startSidecar({ env });
    using reader = await readEvents(sidecar);
    t.same(await reader.first(1), [{ event: 'reset', data: { foreign: false } }]);
    await put(sidecar, 'a', '1');
    t.same((await reader.first(2))[1], { event: 'put', data: { key: 'a' } });
  }
});
