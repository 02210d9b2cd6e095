// update() where many want the same entry: processes, calls of one process in line, and a conflict that lasts.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { cacheOn } from '../client/dist/cache/cache.js';
import { lifeOf } from '../client/dist/life.js';
import { fakeTransport, openCache, urlOf } from './fixtures/cache.js';
import { startRedis } from './fixtures/redis.js';
import { cleanEnvironment, type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { within } from './fixtures/wait.js';

const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());
const cache = openCache(sidecar);
t.teardown(() => cache.close());

const increment = (n: number | null) => (n ?? 0) + 1;

t.test('500 increments at once in one process end exact', async (t) => {
  // Each waits for all before it, which is more than three seconds on a machine with other things to do.
  const patient = { deadlineMs: 60_000 };
  await Promise.all(Array.from({ length: 500 }, () => cache.update('counter', increment, patient)));
  t.equal(await cache.get('counter'), 500);
});

/** Four processes that do nothing but increment. Eight losses in a row happen then, and may be tried again. */
async function countTogether(sidecars: Sidecar[]): Promise<void> {
  const program = (url: string) => `
    const cache = require('azurecache').create({ url: ${JSON.stringify(url)} });
    const increment = () => cache.update('shared-counter', (n) => n + 1).catch((error) => {
      if (error.code !== 'conflict') throw error;
      return increment();
    });
    const count = async () => {
      for (let i = 0; i < 10; i++) await increment();
    };
    Promise.all([count(), count(), count(), count()]).catch((error) => {
      console.error(error);
      process.exitCode = 1;
    });`;
  const options = {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: cleanEnvironment(),
    timeout: 60_000,
  };
  const urls = [0, 1, 2, 3].map((i) => urlOf(sidecars[i % sidecars.length] as Sidecar));
  await Promise.all(
    urls.map((url) => promisify(execFile)(process.execPath, ['--eval', program(url)], options)),
  );
}

t.test('increments of four processes end exact, on the embedded backend', async (t) => {
  await using plain = openCache(sidecar, { prefix: '' });
  await plain.put('shared-counter', 0);
  await countTogether([sidecar]);
  t.equal(await plain.get('shared-counter'), 160);
});

t.test('increments of four processes on two sidecars end exact, on one Redis', async (t) => {
  await using redis = await startRedis();
  await using one = await startSidecar({ env: { AZURE_CACHE_CONNECTION: redis.url } });
  await using two = await startSidecar({ env: { AZURE_CACHE_CONNECTION: redis.url } });
  await redis.cli('SET', 'shared-counter', '0');
  await countTogether([one, two]);
  t.equal(await redis.cli('GET', 'shared-counter'), '160');
});

t.test('after eight tries it is a conflict, and nothing was written', async (t) => {
  const { transport, asked } = fakeTransport(({ verb }, place) =>
    verb === 'get'
      ? { status: 'ok', value: Buffer.from(String(place)), etag: Buffer.alloc(20, place) }
      : { status: 'changed', value: Buffer.from(String(place)), etag: Buffer.alloc(20, place) },
  );
  const seen: unknown[] = [];
  const updating = cacheOn(transport, '', lifeOf(null)).update('key', (current) => {
    seen.push(current);
    return 1;
  });
  await t.rejects(updating, { code: 'conflict', status: 409, retryable: true, outcome: 'not_applied' });
  t.equal(asked.filter(({ verb }) => verb === 'put').length, 8);
  const [, first, second, third] = asked;
  t.equal(second?.verb, 'put', 'the first retry goes on from what the conflict has told');
  t.same(second?.etag, Buffer.alloc(20, 1));
  t.same(first?.etag, Buffer.alloc(20, 0));
  t.equal(third?.verb, 'get', 'later ones read anew, since they have waited');
  t.same(seen.slice(0, 3), [0, 1, 3]);
});

t.test('who waits for its turn is told when it is late or aborted, and is passed over', async (t) => {
  let finish = () => {};
  const slow = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const order: string[] = [];
  const join = (name: string, wait?: Promise<void>) => async (list: string | null) => {
    order.push(name);
    await wait;
    return `${list ?? ''}${name}`;
  };
  const first = cache.update('line', join('a', slow));
  const controller = new AbortController();
  const aborted = cache.update('line', join('b'), { signal: controller.signal });
  const late = cache.update('line', join('c'), { deadlineMs: 30 });
  const last = cache.update('line', join('d'));
  controller.abort(new Error('enough'));
  await t.rejects(aborted, { code: 'aborted', cause: { message: 'enough' } });
  await t.rejects(cache.update('line', join('e'), { signal: controller.signal }), { code: 'aborted' });
  await t.rejects(late, { code: 'timeout', retryable: true, outcome: 'not_applied' });
  finish();
  t.same(await Promise.all([first, last]), ['a', 'ad']);
  t.same(order, ['a', 'd']);
});

t.test('a function that never ends holds up others for as long as a deadline, and no longer', async (t) => {
  await using impatient = openCache(sidecar, { deadlineMs: 200 });
  impatient.update('stuck', () => new Promise(() => {}));
  await t.rejects(
    impatient.update('stuck', () => 1, { deadlineMs: 20 }),
    { code: 'timeout' },
  );
  t.equal(
    await within(
      impatient.update('stuck', () => 2, { deadlineMs: 5000 }),
      4000,
      'the next turn',
    ),
    2,
  );
});

t.test('an update within an update of the same key ends', async (t) => {
  await using impatient = openCache(sidecar, { deadlineMs: 200 });
  let inner = false;
  const updating = impatient.update<number>('nested', async (n) => {
    if (!inner) {
      inner = true;
      await impatient.update('nested', increment);
    }
    return increment(n);
  });
  t.equal(await within(updating, 10_000, 'the outer update'), 2);
});
