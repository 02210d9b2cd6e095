// Lists and clears of keys on a real redis-server: what is ours there and what is not, and a Redis that is away.
import t, { type Test } from 'tap';
import type { KeyPage } from '../src/backend.js';
import { type Answer, ask, put } from './fixtures/ask.js';
import { startProxy } from './fixtures/proxy.js';
import { startRedis } from './fixtures/redis.js';
import { type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

function startOn(connection: string, env: Record<string, string> = {}): Promise<Sidecar> {
  return startSidecar({
    env: { AZURE_CACHE_CONNECTION: connection, AZURE_CACHE_DEADLINE_MS: '1000', ...env },
  });
}

const pageOf = ({ text }: Answer) => JSON.parse(text) as KeyPage;

async function keysOf(t: Test, sidecar: Sidecar, prefix = ''): Promise<string[]> {
  const answer = await ask(sidecar, `GET /v1/keys?prefix=${encodeURIComponent(prefix)}`);
  t.equal(answer.status, 200);
  t.equal(pageOf(answer).cursor, undefined, 'it is one page');
  return pageOf(answer).keys.sort();
}

t.test('the key prefix is added and taken off, and its wildcards are none', async (t) => {
  await using redis = await startRedis();
  const theirs = ['shop', 'shop*', 'shopX[a]?\\:a', 'shop*a?\\:a', 'shop*[a]X\\:a', 'shop*[a]?:a', 'other'];
  for (const key of theirs) await redis.cli('SET', key, 'not ours');
  await using sidecar = await startOn(redis.url, { AZURE_CACHE_KEY_PREFIX: 'shop*[a]?\\:' });
  for (const key of ['a', 'b*', 'b?']) await put(sidecar, encodeURIComponent(key), 'ours');
  t.same(await keysOf(t, sidecar), ['a', 'b*', 'b?']);
  t.same(await keysOf(t, sidecar, 'b*'), ['b*']);
  t.same(await keysOf(t, sidecar, 'shop'), [], 'the key prefix is not seen');
});

t.test('our own keys and those that are none for us are not listed', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis.url, { AZURE_CACHE_KEY_PREFIX: 'shop:' });
  await put(sidecar, 'a', 'v');
  // In Lua, since no argument of a command line holds NUL.
  for (const key of ['shop:\\0lock\\0{shop:a}', 'shop:\\0tag', 'shop:', 'shop:\\255', '\\0shop:a'])
    await redis.cli('EVAL', `return redis.call('SET', '${key}', 'v')`, '0');
  await redis.cli('RPUSH', 'shop:list', 'x');
  t.same(await keysOf(t, sidecar), ['a', 'list']);
});

t.test(
  'a clear leaves what lies outside of the key prefix, our own keys, and those that are none for us',
  async (t) => {
    await using redis = await startRedis();
    await using sidecar = await startOn(redis.url, { AZURE_CACHE_KEY_PREFIX: 'sh*p:' });
    for (const key of ['a', 'b']) await put(sidecar, key, 'v');
    const kept = ['sh*p:\\0lock\\0{sh*p:a}', 'sh*p:', 'sh*p:\\255', 'shop:a', 'other'];
    for (const key of kept) await redis.cli('EVAL', `return redis.call('SET', '${key}', 'v')`, '0');
    await redis.cli('RPUSH', 'sh*p:list', 'x');
    t.equal((await ask(sidecar, 'DELETE /v1/keys?prefix=')).text, '{"removed":3}');
    // Beside those that are left there are marks of the near cache, which live briefly.
    const left = (await redis.cli('KEYS', '*')).split('\n').filter((key) => !key.includes('\0near\0'));
    t.equal(left.length, kept.length);
  },
);

t.test('a clear that the Redis refuses midway does not say that nothing has happened', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis.url);
  for (const key of ['a', 'b']) await put(sidecar, key, 'v');
  await redis.cli('ACL', 'SETUSER', 'default', '-unlink', '-del');
  const refused = { code: 'backend_refused', outcome: 'unknown', message: /^clear: .*\(NOPERM\)/ };
  t.match(await ask(sidecar, 'DELETE /v1/keys?prefix='), { status: 502, error: refused });
  await redis.cli('ACL', 'SETUSER', 'default', '-scan');
  const before = { code: 'backend_refused', outcome: 'not_applied' };
  t.match(await ask(sidecar, 'DELETE /v1/keys?prefix='), { status: 502, error: before });
});

t.test('what is listed is the database that the connection names', async (t) => {
  await using redis = await startRedis();
  await redis.cli('SET', 'in-0', 'v');
  await redis.cli('-n', '3', 'SET', 'in-3', 'v');
  await using sidecar = await startOn(`${redis.url}/3`);
  t.same(await keysOf(t, sidecar), ['in-3']);
});

t.test('a cursor holds over a restart of the sidecar, and on no other Redis', async (t) => {
  await using redis = await startRedis();
  await using another = await startRedis();
  await redis.cli('EVAL', "for i = 1, 500 do redis.call('SET', 'key:' .. i, 'v') end", '0');
  const ask1 = async (url: string, query: string) => {
    await using sidecar = await startOn(url);
    return ask(sidecar, `GET /v1/keys?${query}`);
  };
  const first = pageOf(await ask1(redis.url, 'limit=100'));
  t.notMatch(first.cursor, String(redis.port), 'it tells no address');
  const second = await ask1(redis.url, `cursor=${first.cursor}`);
  t.equal(new Set([...first.keys, ...pageOf(second).keys]).size, 500);
  t.match(await ask1(another.url, `cursor=${first.cursor}`), {
    status: 400,
    error: { code: 'cursor_invalid', retryable: false, message: /servers of the backend/ },
  });
});

t.test('a list that the Redis refuses is answered with 502', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis.url);
  await redis.cli('ACL', 'SETUSER', 'default', '-scan');
  const refused = { code: 'backend_refused', outcome: 'not_applied', message: /^list: .*\(NOPERM\)/ };
  t.match(await ask(sidecar, 'GET /v1/keys'), { status: 502, error: refused });
});

t.test(
  'of a Redis that is silent or away a list says so by the deadline, and goes on when it is back',
  async (t) => {
    await using redis = await startRedis();
    await using proxy = await startProxy({ to: redis });
    await using sidecar = await startOn(`redis://127.0.0.1:${proxy.port}`);
    await put(sidecar, 'a', 'v');
    proxy.pause();
    const silent = await ask(sidecar, 'GET /v1/keys');
    t.match(silent, { status: 504, error: { code: 'timeout', outcome: 'not_applied', message: /^list: / } });
    proxy.resume();
    await until(async () => (await ask(sidecar, 'GET /v1/keys')).status === 200, 15_000, 'an answer again');
    await proxy.refuse(true);
    await proxy.reset();
    const away = await ask(sidecar, 'GET /v1/keys');
    t.match(away, { status: 503, error: { code: 'backend_unreachable', outcome: 'not_applied' } });
    await proxy.refuse(false);
    await until(async () => (await ask(sidecar, 'GET /v1/keys')).status === 200, 15_000, 'an answer again');
  },
);
