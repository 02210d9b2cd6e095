// How long entries of the cache API live: the ttl of a call, the option of create, the application's environment, and
// everything that is none. Where time has to pass, it is milliseconds.
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { cacheOn } from '../client/dist/cache/cache.js';
import { defaultLife, lifeOf, MAX_TTL_MS } from '../client/dist/life.js';
import { fakeTransport, openCache } from './fixtures/cache.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

const sidecar = await startSidecar({ env: { AZURE_CACHE_TTL_SECONDS: '1000' } });
t.teardown(() => sidecar.stop());
const cache = openCache(sidecar);
t.teardown(() => cache.close());

const TEN_YEARS = MAX_TTL_MS / 1000;
const invalid = {
  code: 'ttl_invalid',
  status: 400,
  retryable: false,
  outcome: 'not_applied',
  message: /ttl/,
};
const none = (ttl: unknown) => ttl as never;
/** Everything that is no ttl where numbers, `never` and `keep` are. */
const WRONG: unknown[] = [
  ...[Number.NaN, 0, -0, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, TEN_YEARS + 1, 1e300],
  ...['60', '', 'forever', 'Never', true, false, 5n, Symbol('ttl')],
];

/** Seconds left, `never`, or undefined where there is no entry. */
async function left(key: string, of = cache): Promise<number | 'never' | undefined> {
  return (await of.get(key, { etag: true, ttl: true }))?.ttl;
}

async function lives(t: Test, key: string, seconds: number, of = cache): Promise<void> {
  const found = Number(await left(key, of));
  t.ok(found > seconds - 60 && found <= seconds, `${found} of ${seconds} seconds`);
}

t.test('seconds become milliseconds: parts of one count as a whole, and nothing else does', async (t) => {
  t.same(lifeOf(1.1), { ttlKind: 'for', ttlMs: 1100 }, 'not 1,101, as 1.1 * 1000 would have it');
  t.same(lifeOf(0.0001), { ttlKind: 'for', ttlMs: 1 });
  t.same(lifeOf(1.0001), { ttlKind: 'for', ttlMs: 1001 });
  t.same(lifeOf(TEN_YEARS), { ttlKind: 'for', ttlMs: MAX_TTL_MS });
  fc.assert(fc.property(fc.integer({ min: 1, max: MAX_TTL_MS }), (ms) => lifeOf(ms / 1000).ttlMs === ms));
});

t.test('a ttl stands alone or in options', async (t) => {
  for (const [key, ttl] of [
    ['alone', 100],
    ['in-options', { ttl: 100 }],
  ] as const) {
    await cache.put(key, 1, ttl);
    await lives(t, key, 100);
  }
  await cache.put('for-ever', 1, 'never');
  t.equal(await left('for-ever'), 'never');
  t.equal(await left('absent'), undefined);
});

t.test('an entry is gone when its time is over', async (t) => {
  await cache.put('short', 1, 0.05);
  await cache.put('long', 1, 60);
  await until(async () => !(await cache.has('short')), 5000, 'an entry of 50 ms to expire');
  t.equal(await cache.get('short'), null);
  t.equal(await cache.get('long'), 1);
});

t.test(
  'without a ttl the sidecar decides; the option of create goes before it, and a call before that',
  async (t) => {
    for (const ttl of [undefined, null, {}, { ttl: undefined }, { ttl: null }]) {
      await cache.put('default', 1, ttl);
      await lives(t, 'default', 1000);
    }
    await using hour = openCache(sidecar, { ttl: 3600 });
    await hour.put('default', 1);
    await lives(t, 'default', 3600, hour);
    await hour.put('default', 1, 100);
    await lives(t, 'default', 100, hour);
    await using never = openCache(sidecar, { ttl: 'never' });
    await never.putMany({ default: 1 });
    t.equal(await left('default', never), 'never');
  },
);

t.test("'keep' leaves the life as it is; where there is none it is that of the cache", async (t) => {
  await using hour = openCache(sidecar, { ttl: 3600 });
  await hour.put('kept', 1, 100);
  await hour.put('kept', 2, 'keep');
  t.equal(await hour.get('kept'), 2);
  await lives(t, 'kept', 100, hour);
  await hour.put('new', 1, 'keep');
  await lives(t, 'new', 3600, hour);
  await cache.put('new', 1, 'keep');
  await lives(t, 'new', 1000);
});

t.test('touch gives a new life, and a get can', async (t) => {
  await cache.put('touched', 1, 100);
  t.equal(await cache.touch('touched', 200), true);
  await lives(t, 'touched', 200);
  t.equal(await cache.touch('touched'), true, 'the default');
  await lives(t, 'touched', 1000);
  t.equal(await cache.get('touched', { touch: 300 }), 1);
  await lives(t, 'touched', 300);
  t.equal(await cache.touch('touched', 'never'), true);
  t.equal(await left('touched'), 'never');
  t.equal(await cache.touch('absent', 60), false);
  t.same(await cache.getMany(['touched'], { touch: 400 }), new Map([['touched', 1]]));
  await lives(t, 'touched', 400);
  await t.rejects(cache.touch('touched', none('keep')), invalid);
  t.equal(await cache.get('touched', { touch: 'keep' }), 1);
  await lives(t, 'touched', 400);
});

t.test(
  'the environment of the application names the default: AZURE_CACHE_TTL_SECONDS, then AZURE_CACHE_TTL',
  async (t) => {
    const seconds = { ttlKind: 'for', ttlMs: 90_000 };
    t.same(defaultLife(undefined, { AZURE_CACHE_TTL_SECONDS: '90', AZURE_CACHE_TTL: '5' }), seconds);
    t.same(defaultLife(undefined, { AZURE_CACHE_TTL: '90' }), seconds);
    t.same(defaultLife(null, { AZURE_CACHE_TTL_SECONDS: '', AZURE_CACHE_TTL: '90' }), seconds);
    t.same(defaultLife(90, { AZURE_CACHE_TTL_SECONDS: '5' }), seconds, 'the option goes before it');
    t.same(defaultLife('90', {}), seconds, 'a text, as some wrote in 2013');
    t.same(defaultLife(undefined, {}), { ttlKind: 'default', ttlMs: 0 });
    for (const name of ['AZURE_CACHE_TTL_SECONDS', 'AZURE_CACHE_TTL'])
      for (const text of ['never', '0', '-5', '1h', 'NaN', 'Infinity', ' '])
        t.throws(() => defaultLife(undefined, { [name]: text }), { code: 'ttl_invalid', message: name });

    t.teardown(() => delete process.env.AZURE_CACHE_TTL);
    process.env.AZURE_CACHE_TTL = '500';
    await using fromEnvironment = openCache(sidecar);
    await fromEnvironment.put('key', 1);
    await lives(t, 'key', 500, fromEnvironment);
    process.env.AZURE_CACHE_TTL = 'soon';
    t.throws(() => openCache(sidecar), { code: 'ttl_invalid', message: /AZURE_CACHE_TTL is/ });
  },
);

t.test('every ttl that is none is refused, wherever it stands, and nothing is sent', async (t) => {
  const { transport, asked } = fakeTransport(() => ({ status: 'ok' }));
  const quiet = cacheOn(transport, '', lifeOf(null));
  for (const [place, ttl] of WRONG.entries()) {
    const calls = [
      quiet.put('key', 1, none(ttl)),
      quiet.put('key', 1, { ttl: none(ttl) }),
      quiet.touch('key', none(ttl)),
      quiet.touch('key', { ttl: none(ttl) }),
      quiet.get('key', { touch: none(ttl) }),
      quiet.getMany(['key'], { touch: none(ttl) }),
      quiet.putMany({ key: 1 }, none(ttl)),
      quiet.update('key', () => 1, none(ttl)),
      quiet.update('key', () => 1, { ttl: none(ttl) }),
    ];
    for (const call of calls) await t.rejects(call, invalid, `number ${place} of the list`);
    // A text that is a number is taken from the options of create: see above.
    if (ttl !== '60' && ttl !== '')
      t.throws(() => openCache(sidecar, { ttl: none(ttl) }), { code: 'ttl_invalid' });
  }
  t.throws(() => openCache(sidecar, { ttl: none('keep') }), { code: 'ttl_invalid' });
  t.same(asked, []);
});
