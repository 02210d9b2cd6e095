// update(): no change is lost, whoever else writes; against sidecars, and where a conflict has to last, a fake.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { cacheOn } from '../client/dist/cache.js';
import { AzureCacheError } from '../client/dist/errors.js';
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

t.test('the new value is made of the current one; null stands for none', async (t) => {
  const seen: unknown[] = [];
  const push = (list: unknown[] | null) => {
    seen.push(list);
    return [...(list ?? []), 'more'];
  };
  t.same(await cache.update('list', push), ['more']);
  t.same(await cache.update('list', async (list) => push(list as unknown[])), ['more', 'more']);
  t.same(await cache.get('list'), ['more', 'more']);
  t.same(seen, [null, ['more']]);
});

t.test('undefined leaves the entry as it is, or absent', async (t) => {
  t.equal(await cache.update('left', () => undefined), null);
  t.equal(await cache.has('left'), false);
  await cache.put('left', 5);
  t.equal(await cache.update('left', () => undefined), 5);
  t.equal(await cache.get('left'), 5);
});

t.test('bytes are bytes', async (t) => {
  const append = (bytes: Buffer | null) => Buffer.concat([bytes ?? Buffer.alloc(0), Buffer.from([255])]);
  await cache.update('bytes', append, { raw: true });
  await cache.update('bytes', append, { raw: true });
  t.same(await cache.get('bytes', { raw: true }), Buffer.from([255, 255]));
});

t.test('an entry keeps its life; a new one gets that of the cache, and a ttl goes before both', async (t) => {
  await using hour = openCache(sidecar, { ttl: 3600 });
  const left = async () => Number((await hour.get('life', { etag: true, ttl: true }))?.ttl);
  await hour.update('life', increment);
  t.ok((await left()) > 3500);
  await hour.touch('life', 100);
  await hour.update('life', increment);
  t.ok((await left()) <= 100);
  await hour.update('life', increment, 200);
  t.ok((await left()) > 100 && (await left()) <= 200);
  await using never = openCache(sidecar, { ttl: 'never' });
  await never.update('life', increment);
  t.match(await never.get('life', { etag: true, ttl: true }), { value: 1, ttl: 'never' });
});

t.test('what the function throws is the error, and nothing is written', async (t) => {
  const thrown = new Error('thrown');
  await t.rejects(
    cache.update('thrown', () => Promise.reject(thrown)),
    thrown,
  );
  await t.rejects(
    cache.update('thrown', () => {
      throw thrown;
    }),
    thrown,
  );
  t.equal(await cache.has('thrown'), false);
  t.equal(await cache.update('thrown', increment), 1, 'the next one has its turn');
});

t.test('500 increments at once in one process end exact', async (t) => {
  await Promise.all(Array.from({ length: 500 }, () => cache.update('counter', increment)));
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

t.test('someone else writes, adds or removes in between: the function is called again', async (t) => {
  const seen: unknown[] = [];
  await cache.put('met', 'first');
  const others = [
    () => cache.put('met', 'second'),
    () => cache.remove('met'),
    () => cache.put('met', 'third'),
  ];
  const value = await cache.update('met', async (current) => {
    seen.push(current);
    await others.shift()?.();
    return `${current}, mine`;
  });
  t.same(seen, ['first', 'second', null, 'third']);
  t.equal(value, 'third, mine');
  t.equal(await cache.get('met'), 'third, mine');
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

t.test('an outcome that is not known is the error: equal bytes may be somebody else’s', async (t) => {
  const { transport, asked } = fakeTransport(() => ({
    status: 'ok',
    value: Buffer.from('1'),
    etag: Buffer.alloc(20),
  }));
  const { run } = transport;
  transport.run = (operation) =>
    operation.verb === 'put'
      ? Promise.reject(new AzureCacheError('connection_lost', 'lost', 'unknown'))
      : run(operation);
  await t.rejects(cacheOn(transport, '', lifeOf(null)).update('key', increment), {
    code: 'connection_lost',
    outcome: 'unknown',
  });
  t.equal(asked.length, 1);
});

t.test('a value over 1 MiB cannot be compared: the sidecar says so', async (t) => {
  await t.rejects(
    cache.update('large', () => 'x'.repeat(1024 * 1024)).then(() => cache.update('large', () => 1)),
    {
      code: 'too_large_for_condition',
    },
  );
});

t.test(
  'who waits for its turn is told at its deadline, or when it is aborted, and is passed over',
  async (t) => {
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
  },
);

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
