// increment, decrement, append and prepend of the cache API, through a sidecar on its embedded backend and through one on
// a Redis, and by many processes at once.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import type { AzureCache } from '../client/dist/index.js';
import { openCache, urlOf } from './fixtures/cache.js';
import { startRedis } from './fixtures/redis.js';
import { cleanEnvironment, startSidecar } from './fixtures/sidecar.js';

const LIMIT = 1024 * 1024;
const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
const PROCESSES = 8;

const redis = await startRedis();
t.teardown(() => redis.stop());
const env = { AZURE_CACHE_MAX_VALUE_BYTES: String(LIMIT), AZURE_CACHE_TTL_SECONDS: '1000' };
const embedded = await startSidecar({ env });
t.teardown(() => embedded.stop());
const onRedis = await startSidecar({ env: { ...env, AZURE_CACHE_CONNECTION: redis.url } });
t.teardown(() => onRedis.stop());
const another = await startSidecar({ env: { ...env, AZURE_CACHE_CONNECTION: redis.url } });
t.teardown(() => another.stop());

const textOf = async (cache: AzureCache, key: string) => String(await cache.get(key, { raw: true }));
const lifeLeft = async (cache: AzureCache, key: string) =>
  (await cache.get(key, { raw: true, etag: true, ttl: true }))?.ttl;

for (const [name, sidecars] of [
  ['embedded', [embedded]],
  ['redis', [onRedis, another]],
] as const) {
  const cache = openCache(sidecars[0]);
  t.teardown(() => cache.close());

  t.test(`${name}: a number is counted up and down, from initial where there is none`, async (t) => {
    t.equal(await cache.increment('n'), 1);
    t.equal(await cache.increment('n', 5), 6);
    t.equal(await cache.decrement('n'), 5);
    t.equal(await cache.decrement('n', 7), -2);
    t.equal(await cache.increment('n', { by: 4 }), 2);
    t.equal(await cache.increment('n', 0, { initial: 100 }), 2);
    t.equal(await cache.increment('from', 5, { initial: 100 }), 105);
    t.equal(await cache.decrement('down', { initial: 100n }), 99);
    t.equal(await cache.get('n'), 2, 'it is JSON');
    await cache.put('n', 41);
    t.equal(await cache.increment('n'), 42, 'and JSON is counted');
  });

  t.test(`${name}: beyond safe integers the answer is a bigint, exact to 64 bits at both ends`, async (t) => {
    t.equal(await cache.increment('safe', Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
    t.equal(await cache.increment('safe'), 2n ** 53n);
    t.equal(await cache.increment('max', MAX - 1n), MAX - 1n);
    t.equal(await cache.increment('max'), MAX);
    t.equal(await cache.decrement('min', 1, { initial: MIN + 1n }), MIN);
    for (const over of [cache.increment('max'), cache.decrement('min')])
      await t.rejects(over, { code: 'number_overflow', status: 409, outcome: 'not_applied' });
    t.equal(await textOf(cache, 'max'), String(MAX));
    t.equal(await cache.decrement('max', MAX), 0);
  });

  t.test(`${name}: what is no number is an error, and stays as it is`, async (t) => {
    for (const value of ['5', 5.5, null, {}, 1e21]) {
      await cache.put('text', value);
      await t.rejects(cache.increment('text'), {
        code: 'not_a_number',
        status: 409,
        message: /^The value is no whole number/,
      });
      t.same(await cache.get('text'), value);
    }
  });

  t.test(
    `${name}: a new number gets the life named, else the default; what is there keeps its own`,
    async (t) => {
      await cache.increment('life', 1, { ttl: 100 });
      await cache.increment('life', 1, { ttl: 500 });
      t.ok(Number(await lifeLeft(cache, 'life')) <= 100);
      await cache.decrement('endless', { ttl: 'never' });
      await cache.increment('endless', { ttl: 5 });
      t.equal(await lifeLeft(cache, 'endless'), 'never');
      await cache.increment('default');
      const left = Number(await lifeLeft(cache, 'default'));
      t.ok(left > 900 && left <= 1000, `${left} of 1000 seconds`);
      await using hour = openCache(sidecars[0], { ttl: 3600 });
      await hour.increment('default');
      t.ok(Number(await lifeLeft(hour, 'default')) > 3500);
    },
  );

  t.test(`${name}: text and bytes are added as they are, and there is no entry made of them`, async (t) => {
    t.equal(await cache.append('log', 'a'), null);
    t.equal(await cache.prepend('log', 'a'), null);
    t.equal(await cache.has('log'), false);
    await cache.put('log', Buffer.from('b'), { raw: true, ttl: 100 });
    t.equal(await cache.append('log', 'ü"'), 4);
    t.equal(await cache.prepend('log', 'a'), 5);
    t.equal(await cache.append('log', ''), 5);
    t.equal(await textOf(cache, 'log'), 'abü"');
    const odd = new Uint8Array([0, 255, 195, 40]);
    t.equal(await cache.append('log', odd), 9);
    t.same(await cache.get('log', { raw: true }), Buffer.concat([Buffer.from('abü"'), odd]));
    t.ok(Number(await lifeLeft(cache, 'log')) <= 100);
  });

  t.test(`${name}: a value grows up to its limit`, async (t) => {
    await cache.put('large', Buffer.alloc(LIMIT - 1, 'x'), { raw: true });
    t.equal(await cache.append('large', 'x'), LIMIT);
    for (const over of [cache.append('large', 'x'), cache.prepend('large', Buffer.alloc(LIMIT + 1))])
      await t.rejects(over, { code: 'value_too_large', status: 413, outcome: 'not_applied' });
    t.equal((await cache.get('large', { raw: true }))?.length, LIMIT);
  });

  t.test(`${name}: the increments and additions of ${PROCESSES} processes at once lose none`, async (t) => {
    await using plain = openCache(sidecars[0], { prefix: `${name}:` });
    await plain.put('all', Buffer.alloc(0), { raw: true });
    const program = (url: string) => `
      const cache = require('azurecache').create({ url: ${JSON.stringify(url)}, prefix: '${name}:' });
      const count = async () => {
        const seen = [];
        for (let i = 0; i < 25; i++) {
          seen.push(await cache.increment('count'));
          await cache.append('all', 'x');
        }
        return seen;
      };
      Promise.all([count(), count(), count(), count()]).then((seen) => console.log(seen.flat().join()));`;
    const options = {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env: cleanEnvironment(),
      timeout: 60_000,
    };
    const urls = Array.from({ length: PROCESSES }, (_, i) =>
      urlOf(sidecars[i % sidecars.length] ?? embedded),
    );
    const ends = await Promise.all(
      urls.map((url) => promisify(execFile)(process.execPath, ['--eval', program(url)], options)),
    );
    const total = PROCESSES * 100;
    const seen = ends.flatMap(({ stdout }) => stdout.trim().split(',').map(Number));
    t.same(
      seen.sort((a, b) => a - b),
      Array.from({ length: total }, (_, place) => place + 1),
      'and each was answered another number',
    );
    t.equal(await plain.get('count'), total);
    t.equal(await textOf(plain, 'all'), 'x'.repeat(total));
  });
}

t.test('redis-cli counts on, and sees what was counted', async (t) => {
  await using cache = openCache(onRedis, { prefix: '' });
  await cache.increment('cli', 5);
  t.equal(await redis.cli('INCR', 'cli'), '6');
  t.equal(await cache.increment('cli'), 7);
  t.equal(await redis.cli('GET', 'cli'), '7');
  await redis.cli('RPUSH', 'a-list', 'item');
  for (const call of [cache.increment('a-list'), cache.append('a-list', 'x'), cache.prepend('a-list', 'x')])
    await t.rejects(call, { code: 'foreign_type', status: 409 });
});
