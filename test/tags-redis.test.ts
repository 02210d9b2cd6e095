// Tags on a real redis-server: what lies there, how long, what is swept and what is not, and that nothing is paid for tags
// where there are none.
import t, { type Test } from 'tap';
import type { KeyPage } from '../src/backend.js';
import { ask, put } from './fixtures/ask.js';
import { type Redis, startRedis } from './fixtures/redis.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

const TAGS = 'app:\\0tags\\0{app:a}';
const INDEX = 'app:\\0tag\\0x';
const MARK = 'app:\\0tagged';
const MINUTE = 60_000;

const startOn = ({ url }: Redis) =>
  startSidecar({ env: { AZURE_CACHE_CONNECTION: url, AZURE_CACHE_KEY_PREFIX: 'app:' } });
/** In Lua, since no argument of a command line holds NUL. */
const call = (redis: Redis, ...command: string[]) =>
  redis.cli('EVAL', `return redis.call(${command.map((word) => `'${word}'`).join(', ')})`, '0');
const life = async (redis: Redis, key: string) => Number(await call(redis, 'PTTL', key));
/** Less the time that the test takes. */
const near = (t: Test, actual: number, expected: number, what: string) =>
  t.ok(actual <= expected && actual > expected - 15_000, `${what}: ${actual} ms, wanted ${expected}`);

t.test('tags lie beside the entry with its life, and in an index with a longer one', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis);
  await put(sidecar, 'a?ttl=60&tag=x&tag=y', 'v');
  t.equal(await redis.cli('GET', 'app:a'), 'v', 'the entry is what it was');
  t.same((await call(redis, 'SMEMBERS', TAGS)).split('\n').sort(), ['x', 'y']);
  t.equal(await call(redis, 'ZRANGE', INDEX, '0', '-1'), 'app:a');
  near(t, await life(redis, TAGS), MINUTE + 1000, 'tags');
  near(t, await life(redis, INDEX), 3 * MINUTE, 'index');
  for (const [line, ms] of [
    ['POST /v1/cache/a/touch?ttl=600', 10 * MINUTE],
    ['GET /v1/cache/a?touch=1200', 20 * MINUTE],
    ['PUT /v1/cache/a?ttl=2400', 40 * MINUTE],
  ] as const) {
    await ask(sidecar, line);
    near(t, await life(redis, TAGS), ms + 1000, `tags after ${line}`);
    near(t, await life(redis, INDEX), 2 * ms + MINUTE, `index after ${line}`);
  }
  await ask(sidecar, 'POST /v1/cache/a/touch?ttl=30');
  near(t, await life(redis, TAGS), 31_000, 'tags with a shorter life');
  near(t, await life(redis, INDEX), 81 * MINUTE, 'an index never gets a shorter one');
  await ask(sidecar, 'POST /v1/cache/a/touch?ttl=never');
  t.equal(await life(redis, TAGS), -1);
  t.ok((await life(redis, INDEX)) > 90 * 365 * 24 * 60 * MINUTE);
  await ask(sidecar, 'DELETE /v1/cache/a');
  t.equal(await call(redis, 'EXISTS', TAGS), '0');
});

t.test('a life that others have given is kept with ttl=keep, and the index is told', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis);
  await put(sidecar, 'a', 'v');
  await redis.cli('PEXPIRE', 'app:a', String(6000 * MINUTE));
  await put(sidecar, 'a?ttl=keep&tag=x', 'v');
  near(t, await life(redis, TAGS), 6000 * MINUTE + 1000, 'tags');
  near(t, await life(redis, INDEX), 12_001 * MINUTE, 'index');
});

t.test(
  'what slides keeps its tags up to its end, or for twice its life and a minute, while ASP.NET refreshes it',
  async (t) => {
    await using redis = await startRedis();
    await using sidecar = await startOn(redis);
    await put(sidecar, 'a?sliding=20&ttl=600&tag=x', 'v');
    near(t, await life(redis, TAGS), 10 * MINUTE + 1000, 'tags up to the end');
    t.ok((await life(redis, INDEX)) > 10 * MINUTE, 'index up to the end');
    // What Refresh does.
    await redis.cli('EXPIRE', 'app:a', '20');
    for (const line of ['GET /v1/cache/a', 'POST /v1/cache/a/lock?lease=1', 'PUT /v1/cache/a?ttl=keep']) {
      await ask(sidecar, line);
      near(t, await life(redis, TAGS), 10 * MINUTE + 1000, `tags after ${line}`);
      t.ok((await life(redis, 'app:a')) <= 20_000);
    }
    await ask(sidecar, 'POST /v1/cache/a/touch?ttl=1200');
    near(t, await life(redis, TAGS), 20 * MINUTE + 1000, 'tags with the end moved');
    t.ok((await life(redis, INDEX)) > 20 * MINUTE, 'index with the end moved');
    await ask(sidecar, 'POST /v1/cache/a/touch?ttl=never');
    near(t, await life(redis, TAGS), 101_000, 'tags without an end');
    await put(sidecar, 'a?sliding=60&ttl=never&tag=x', 'v');
    near(t, await life(redis, TAGS), 3 * MINUTE + 1000, 'tags without an end from the first');
    await put(sidecar, 'a?layout=hash&ttl=60&tag=x', 'v');
    near(t, await life(redis, TAGS), MINUTE + 1000, 'tags of a hash that does not slide');
  },
);

t.test('what others let slide on is still found by its tag', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis);
  await put(sidecar, 'a?sliding=200ms&ttl=600&tag=x', 'v');
  await redis.cli('PEXPIRE', 'app:a', '60000');
  await put(sidecar, 'clock?ttl=1500ms', 'v');
  const passed = async () => (await ask(sidecar, 'GET /v1/cache/clock')).status === 404;
  await until(passed, 5000, 'more than the tags had at first to pass');
  t.equal((await ask(sidecar, 'GET /v1/tags/x')).text, '{"keys":["a"]}');
});

t.test('an index that was evicted is made anew by a touch', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis);
  await put(sidecar, 'a?tag=x', 'v');
  await call(redis, 'DEL', INDEX);
  await ask(sidecar, 'POST /v1/cache/a/touch?ttl=60');
  t.equal((await ask(sidecar, 'GET /v1/tags/x')).text, '{"keys":["a"]}');
});

t.test('a list sweeps members that are stale, old enough and as they were seen, and no others', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis);
  await put(sidecar, 'alive?tag=x', 'v');
  await put(sidecar, 'young?tag=x', 'v');
  await put(sidecar, 'young?tag=y', 'v');
  for (const key of ['gone', 'retagged', 'alive']) await call(redis, 'ZADD', INDEX, '1000', `app:${key}`);
  await put(sidecar, 'retagged?tag=y', 'v');
  const listed = JSON.parse((await ask(sidecar, 'GET /v1/tags/x')).text) as KeyPage;
  t.same(listed.keys, ['alive']);
  const members = async () => (await call(redis, 'ZRANGE', INDEX, '0', '-1')).split('\n').sort();
  const swept = async () => (await members()).length === 2;
  await until(swept, 5000, 'the stale members to go');
  t.same(await members(), ['app:alive', 'app:young'], 'what was noted just now could be a put under way');
});

t.test('a large index is swept with puts: what is dead goes, what lives moves to the end', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis);
  await put(sidecar, 'alive?tag=x', 'v');
  await call(redis, 'ZADD', INDEX, '500', 'app:alive');
  for (let n = 0; n < 40; n++) await call(redis, 'ZADD', INDEX, String(1000 + n), `app:dead:${n}`);
  const dead = async () => Number(await call(redis, 'ZCOUNT', INDEX, '0', '2000'));
  for (let n = 0; n < 40 && (await dead()) > 0; n++) {
    const before = await dead();
    await put(sidecar, `new:${n}?tag=x`, 'v');
    await until(async () => (await dead()) < before, 5000, 'two members to be looked at');
  }
  t.equal(await dead(), 0);
  const listed = JSON.parse((await ask(sidecar, 'GET /v1/tags/x')).text) as KeyPage;
  t.ok(listed.keys.includes('alive'));
});

t.test(
  'a key can have an index of another type in its way: the put is refused, and nothing is put',
  async (t) => {
    await using redis = await startRedis();
    await using sidecar = await startOn(redis);
    await call(redis, 'SET', INDEX, 'v');
    const { status, error } = await put(sidecar, 'a?tag=x', 'v');
    t.match({ status, ...error }, { status: 409, code: 'foreign_type', outcome: 'not_applied' });
    t.equal(await redis.cli('EXISTS', 'app:a'), '0');
  },
);

t.test(
  'where nothing has tags no script is sent; another sidecar learns of the first within a second or so',
  async (t) => {
    await using redis = await startRedis();
    await using one = await startOn(redis);
    await using other = await startOn(redis);
    const evals = async () =>
      Number(/cmdstat_eval:calls=(\d+)/.exec(await redis.cli('INFO', 'commandstats'))?.[1] ?? 0);
    const plain = async () => {
      await put(other, 'plain?ttl=60', 'v');
      await ask(other, 'GET /v1/cache/plain?touch=60');
      await ask(other, 'DELETE /v1/cache/plain');
    };
    // The first look may be under way still.
    const quiet = async () => {
      const before = await evals();
      await plain();
      return (await evals()) === before;
    };
    await until(quiet, 5000, 'plain commands');
    await put(one, 'a?ttl=600&tag=x', 'v');
    t.equal(await call(redis, 'EXISTS', MARK), '1');
    await until(async () => !(await quiet()), 5000, 'the other sidecar to know');
    await put(other, 'a?ttl=60', 'v');
    near(t, await life(redis, TAGS), MINUTE + 1000, 'tags, by the other sidecar');
  },
);

t.test('a page of what carries all of 100 tags asks each member once, and few of them', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis);
  const tags = Array.from({ length: 100 }, (_, n) => `tag=${n}`).join('&');
  await Promise.all(Array.from({ length: 60 }, (_, n) => put(sidecar, `${n}?${tags}`, 'v')));
  const stats = async () => {
    const info = await redis.cli('INFO', 'everything');
    const evals = Number(/cmdstat_eval:calls=(\d+)/.exec(info)?.[1]);
    return { evals, bytes: Number(/total_net_input_bytes:(\d+)/.exec(info)?.[1]) };
  };
  const before = await stats();
  const { text } = await ask(sidecar, `GET /v1/tags?${tags}&match=all`);
  const after = await stats();
  const { keys, cursor } = JSON.parse(text) as KeyPage;
  t.ok(keys.length >= 20 && keys.length < 60, `${keys.length} keys on the page`);
  t.type(cursor, 'string');
  t.equal(after.evals - before.evals, 1 + keys.length);
  t.ok(after.bytes - before.bytes < 200_000, `${after.bytes - before.bytes} bytes were sent`);
});

t.test('a restart of the sidecar loses no tags, and it looks after them at once', async (t) => {
  await using redis = await startRedis();
  {
    await using first = await startOn(redis);
    await put(first, 'a?tag=x', 'v');
  }
  await using sidecar = await startOn(redis);
  await ask(sidecar, 'DELETE /v1/cache/a');
  await put(sidecar, 'a', 'v');
  t.equal((await ask(sidecar, 'GET /v1/tags/x')).text, '{"keys":[]}');
});

t.test('a clear by prefix takes the tags of what it removes with it', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis);
  await put(sidecar, 'a?tag=x', 'v');
  t.equal((await ask(sidecar, 'DELETE /v1/keys?prefix=a')).text, '{"removed":1}');
  t.equal(await call(redis, 'EXISTS', TAGS), '0');
  await put(sidecar, 'a', 'v');
  t.equal((await ask(sidecar, 'GET /v1/tags/x')).text, '{"keys":[]}');
});
