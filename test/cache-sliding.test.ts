// Entries that slide, and hashes, in the client; and a get that tells whether a value is another.
import t from 'tap';
import { cacheOn } from '../client/dist/cache/cache.js';
import { defaultLife } from '../client/dist/life.js';
import { fakeTransport, openCache } from './fixtures/cache.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());
const cache = openCache(sidecar, { ttl: 1000 });
t.teardown(() => cache.close());
const wrong = (value: unknown) => value as never;

/** Seconds left, looked at only. */
const left = async (key: string) => (await cache.get(key, { etag: true, ttl: true, touch: 'keep' }))?.ttl;
const about = (found: number | 'never' | undefined, seconds: number) =>
  typeof found === 'number' && found <= seconds && found > seconds - 30;

t.test('sliding has no end but its own, whatever create says; ttl beside it is the end', async (t) => {
  t.equal(await cache.put('a', { n: 1 }, { sliding: 2000 }), true);
  t.ok(about(await left('a'), 2000));
  t.same(await cache.get('a'), { n: 1 });
  await cache.put('a', 1, { sliding: 2000, ttl: 100 });
  t.ok(about(await left('a'), 100));
  await cache.put('a', 1, { layout: 'hash' });
  t.ok(about(await left('a'), 1000));
  await cache.put('a', 1, { layout: 'hash', ttl: 'never' });
  t.equal(await left('a'), 'never');
  await cache.put('a', 1, { sliding: null });
  t.ok(about(await left('a'), 1000), 'null is as good as nothing');
});

t.test('a get and an update are uses; has, and a get with touch: keep, only look', async (t) => {
  const uses = {
    get: () => cache.get('used'),
    getMany: () => cache.getMany(['used']),
    update: () => cache.update<number>('used', (n) => (n ?? 0) + 1),
    put: () => cache.put('used', 1, 'keep'),
  };
  const looks = {
    has: () => cache.has('used'),
    get: () => cache.get('used', { touch: 'keep' }),
    getMany: () => cache.getMany(['used'], { touch: 'keep' }),
  };
  await cache.put('used', 1, { sliding: 60 });
  const slept = () => until(async () => Number(await left('used')) < 59.8, 5000, 'some time to pass');
  for (const [name, use] of Object.entries(uses)) {
    await slept();
    for (const look of Object.values(looks)) await look();
    t.ok(Number(await left('used')) < 59.8, 'looking is no use');
    await use();
    t.ok(Number(await left('used')) > 59.8, name);
  }
});

t.test('update, and a put that keeps, leave an entry where it lies and sliding', async (t) => {
  await cache.put('counter', 0, { sliding: 60 });
  await Promise.all(Array.from({ length: 20 }, () => cache.update<number>('counter', (n) => (n ?? 0) + 1)));
  t.equal(await cache.get('counter'), 20);
  t.ok(about(await left('counter'), 60));
  await t.rejects(cache.increment('counter'), { code: 'foreign_type', status: 409 });
});

t.test('conditions, touch and remove are as with any entry', async (t) => {
  t.equal(await cache.put('c', 1, { sliding: 60, ifMatch: '*' }), false);
  const etag = await cache.put('c', 1, { sliding: 60, ifNoneMatch: '*', etag: true });
  t.type(etag, 'string');
  t.equal(await cache.put('c', 2, { sliding: 60, ifNoneMatch: '*' }), false);
  t.equal(await cache.put('c', 2, { layout: 'hash', ifMatch: String(etag) }), true);
  t.equal(await cache.put('c', 3, { sliding: 60, ifMatch: String(etag) }), false);
  t.equal(await cache.touch('c', 30), true);
  t.ok(about(await left('c'), 30));
  t.equal(await cache.remove('c'), true);
});

t.test('putMany puts all of them so', async (t) => {
  t.equal(await cache.putMany({ m1: 1, m2: 2 }, { sliding: 60 }), 2);
  t.ok(about(await left('m1'), 60));
  t.same(
    await cache.getMany(['m1', 'm2', 'm3']),
    new Map([
      ['m1', 1],
      ['m2', 2],
    ]),
  );
});

t.test('what slides really ends', async (t) => {
  await cache.put('short', 1, { sliding: 0.1 });
  await until(async () => !(await cache.has('short')), 5000, 'its end');
  t.equal(await cache.get('short'), null);
});

t.test('a get with ifNoneMatch answers false where the value is still this one', async (t) => {
  const etag = String(await cache.put('known', { n: 1 }, { etag: true }));
  t.equal(await cache.get('known', { etag: true, ifNoneMatch: etag }), false);
  await cache.put('known', { n: 2 });
  t.match(await cache.get('known', { etag: true, ifNoneMatch: etag }), {
    value: { n: 2 },
    etag: /^"[0-9a-f]{40}"$/,
  });
  t.equal(await cache.get('unknown', { etag: true, ifNoneMatch: etag }), null);
  await t.rejects(cache.get('known', wrong({ ifNoneMatch: etag })), { code: 'options_invalid' });
  await t.rejects(cache.get('known', { etag: true, ifNoneMatch: 'x' }), { code: 'etag_invalid' });
});

t.test('what makes no sense is refused before anything is sent', async (t) => {
  const { transport, asked } = fakeTransport(() => ({ status: 'ok' }));
  const alone = cacheOn(transport, '', defaultLife(undefined));
  for (const sliding of [0, -1, Number.NaN, 'never', 'keep', '60', true, 10 * 365 * 86_400 + 1, 5n])
    await t.rejects(alone.put('k', 1, { sliding: wrong(sliding) }), {
      code: 'ttl_invalid',
      message: /sliding/,
    });
  for (const options of [{ sliding: 60 }, { layout: 'hash' }] as const) {
    await t.rejects(alone.put('k', 1, { ...options, ttl: 'keep' }), { code: 'ttl_invalid', message: /keep/ });
    await t.rejects(alone.putMany({ k: 1 }, { ...options, ttl: 'keep' }), { code: 'ttl_invalid' });
    await t.rejects(alone.get('k', wrong(options)), { code: 'options_invalid' });
    await t.rejects(alone.touch('k', wrong(options)), { code: 'options_invalid' });
  }
  await t.rejects(alone.put('k', 1, { layout: wrong('string') }), { code: 'options_invalid' });
  t.same(asked, []);
});
