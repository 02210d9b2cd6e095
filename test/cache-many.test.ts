// Many entries at once: what is answered, how it is sent, and what is said when some fail.
import t from 'tap';
import { cacheOn } from '../client/dist/cache/cache.js';
import { AzureCacheError } from '../client/dist/errors.js';
import { lifeOf } from '../client/dist/life.js';
import { fakeTransport, openCache } from './fixtures/cache.js';
import { startSidecar } from './fixtures/sidecar.js';

const sidecar = await startSidecar({ env: { AZURE_CACHE_MAX_VALUE_BYTES: '1024' } });
t.teardown(() => sidecar.stop());
const cache = openCache(sidecar);
t.teardown(() => cache.close());

const KEYS = Array.from({ length: 1000 }, (_, i) => `key${i}`);

t.test('1,000 entries are put, got, touched and removed', async (t) => {
  t.equal(await cache.putMany(KEYS.map((key, i) => [key, { i }])), 1000);
  const found = await cache.getMany<{ i: number }>(KEYS);
  t.equal(found.size, 1000);
  t.same([...found.keys()], KEYS, 'in the order of the keys');
  t.ok([...found.values()].every((value, i) => value.i === i));
  t.equal(await cache.touchMany([...KEYS, 'absent'], 60), 1000);
  const life = async (key: string) => Number((await cache.get(key, { etag: true, ttl: true }))?.ttl);
  for (const key of ['key0', 'key999']) t.ok((await life(key)) <= 60, key);
  t.equal(await cache.removeMany(KEYS), 1000);
  t.equal(await cache.touchMany(KEYS), 0);
  t.equal(await cache.removeMany(KEYS), 0);
  t.equal((await cache.getMany(KEYS)).size, 0);
});

t.test('many thousands work too, and the order of writes to one key is that of the list', async (t) => {
  const writes = Array.from({ length: 10_000 }, (_, i) => [`same${i % 10}`, i] as const);
  t.equal(await cache.putMany(writes), 10_000);
  const found = await cache.getMany<number>(Array.from({ length: 5000 }, (_, i) => `same${i % 10}`));
  t.same([...found.values()], [9990, 9991, 9992, 9993, 9994, 9995, 9996, 9997, 9998, 9999]);
});

t.test('all that is asked at once is under way at once', async (t) => {
  const { transport, asked } = fakeTransport(() => ({ status: 'ok' }));
  cacheOn(transport, '', lifeOf(null)).removeMany(KEYS);
  t.equal(asked.length, 1000, 'before anything was answered');
});

t.test('entries are a Map, an iterable of pairs, or an object; keys are any iterable', async (t) => {
  function* pairs() {
    yield ['g', 1] as [string, number];
  }
  for (const entries of [new Map([['a', 1]]), [['a', 1]] as [string, number][], { a: 1 }, pairs()])
    t.equal(await cache.putMany(entries as Map<string, number>), 1);
  t.same(
    await cache.getMany(new Set(['a', 'g', 'absent'])),
    new Map([
      ['a', 1],
      ['g', 1],
    ]),
  );
  t.same(await cache.getMany(new Map([['a', 0]]).keys()), new Map([['a', 1]]));
  t.equal(await cache.putMany([]), 0);
  t.same(await cache.getMany([]), new Map());
  t.equal(await cache.removeMany([]), 0);
  const wrong = (given: unknown) => given as never;
  for (const keys of ['text', undefined, null, 5, {}])
    for (const call of [
      cache.getMany(wrong(keys)),
      cache.removeMany(wrong(keys)),
      cache.touchMany(wrong(keys)),
    ])
      await t.rejects(call as Promise<unknown>, { code: 'key_invalid', message: /iterable/ });
  for (const entries of ['text', undefined, null, 5, [1], ['ab'], [['a']], [['a', 1, 60]]])
    await t.rejects(cache.putMany(wrong(entries)), { code: 'value_invalid', message: /a Map/ });
});

t.test('null is a value, bytes are bytes, and lives and conditions are for all', async (t) => {
  t.equal(await cache.putMany({ null: null, text: 'text' }, 60), 2);
  t.same(
    await cache.getMany(['null', 'absent', 'text']),
    new Map([
      ['null', null],
      ['text', 'text'],
    ]),
  );
  t.ok(Number((await cache.get('null', { etag: true, ttl: true }))?.ttl) <= 60);
  t.equal(await cache.putMany({ text: 'other', new: 1 }, { ifNoneMatch: '*' }), 1, 'one was there');
  t.equal(await cache.get('text'), 'text');
  t.equal(await cache.putMany({ bytes: Buffer.from([0, 255]) }, { raw: true }), 1);
  t.same(await cache.getMany(['bytes'], { raw: true }), new Map([['bytes', Buffer.from([0, 255])]]));
});

t.test(
  'a touch of many gives the default life where none is named, and never the one there is',
  async (t) => {
    const { transport, asked } = fakeTransport(() => ({ status: 'ok' }));
    const quiet = cacheOn(transport, 'p:', lifeOf(90));
    t.equal(await quiet.touchMany(['a']), 1);
    t.equal(await quiet.touchMany(['a', 'b'], 'never'), 2);
    t.equal(await quiet.touchMany(['a'], { ttl: 1.5, deadlineMs: 7 }), 1);
    const touch = { verb: 'touch', key: 'p:a' };
    t.same(asked, [
      { ...touch, ttlKind: 'for', ttlMs: 90_000 },
      { ...touch, ttlKind: 'never', ttlMs: 0 },
      { ...touch, ttlKind: 'never', ttlMs: 0, key: 'p:b' },
      { ...touch, ttlKind: 'for', ttlMs: 1500, deadlineMs: 7 },
    ]);
    asked.length = 0;
    const wrong = (given: unknown) => given as never;
    await t.rejects(quiet.touchMany(['a'], wrong('keep')), { code: 'ttl_invalid' });
    await t.rejects(quiet.touchMany(['a'], wrong({ ifMatch: '*' })), { code: 'options_invalid' });
    await t.rejects(quiet.touchMany(['a', '']), { code: 'key_empty', failed: [1] });
    t.same(asked, []);
  },
);

t.test('a wrong key or value is named by its place, and nothing is sent', async (t) => {
  const { transport, asked } = fakeTransport(() => ({ status: 'ok' }));
  const quiet = cacheOn(transport, 'prefix:', lifeOf(null));
  const put = quiet.putMany([
    ['a', 1],
    ['b', 2n],
    ['c', undefined],
  ]);
  await t.rejects(put, { code: 'value_invalid', failed: [1], outcome: 'not_applied' });
  await t.rejects(
    quiet.putMany([
      ['a', 1],
      ['', 2],
    ]),
    { code: 'key_empty', failed: [1] },
  );
  await t.rejects(quiet.getMany(['a', 5 as never]), { code: 'key_invalid', failed: [1] });
  await t.rejects(quiet.removeMany(['']), { code: 'key_empty', failed: [0] });
  t.same(asked, []);
});

t.test('when some fail, the others are done, and the error names those that are not', async (t) => {
  const large = 'x'.repeat(2000);
  const error = await cache
    .putMany([
      ['ok1', 1],
      ['large1', large],
      ['ok2', 2],
      ['large2', large],
    ])
    .catch((e) => e);
  t.match(error, {
    code: 'value_too_large',
    status: 413,
    retryable: false,
    outcome: 'not_applied',
    failed: [1, 3],
  });
  t.ok(error instanceof AzureCacheError);
  t.match(error.cause, { code: 'value_too_large' });
  t.match(error.message, /^2 of 4 failed/);
  t.notMatch(JSON.stringify([error.message, error.stack, error]), /large1|ok1|xxx/, 'no key and no value');
  t.same(
    await cache.getMany(['ok1', 'large1', 'ok2']),
    new Map([
      ['ok1', 1],
      ['ok2', 2],
    ]),
  );

  await cache.put('ok1', Buffer.from('{'), { raw: true });
  await t.rejects(cache.getMany(['ok2', 'ok1']), { code: 'value_not_json', failed: [1] });
});

t.test('the error comes when all have ended; of many outcomes the unknown one is told', async (t) => {
  const { transport } = fakeTransport(() => ({ status: 'ok' }));
  const ended: string[] = [];
  transport.run = async ({ key }) => {
    const lost = new AzureCacheError('connection_lost', 'lost', key === 'b' ? 'unknown' : 'not_applied');
    if (key === 'c') await new Promise(setImmediate);
    ended.push(String(key));
    throw lost;
  };
  const putting = cacheOn(transport, '', lifeOf(null)).putMany({ a: 1, c: 2, b: 3 });
  await t.rejects(putting, {
    code: 'connection_lost',
    retryable: true,
    outcome: 'unknown',
    failed: [0, 1, 2],
  });
  t.same(ended, ['a', 'b', 'c']);
});
