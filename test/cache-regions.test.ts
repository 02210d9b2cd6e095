// keys, count and clear of the cache API: through a sidecar on its embedded backend, and as calls.
import t from 'tap';
import { cacheOn } from '../client/dist/cache/cache.js';
import { lifeOf } from '../client/dist/life.js';
import { fakeTransport, openCache, sorted } from './fixtures/cache.js';
import { startSidecar } from './fixtures/sidecar.js';
import { within } from './fixtures/wait.js';

const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());
const wrong = (value: unknown) => value as never;

t.test('keys, count and clear are of what begins with the prefix, in this cache alone', async (t) => {
  await using cache = openCache(sidecar);
  await using other = openCache(sidecar);
  for (const key of ['user:1', 'user:2', 'user*', 'u']) await cache.put(key, key);
  await other.put('user:1', 'of another cache');
  t.same(await sorted(cache.keys('user:')), ['user:1', 'user:2'], 'as get takes them');
  t.same(await sorted(cache.keys('user*')), ['user*']);
  t.same(await sorted(cache.keys('')), ['u', 'user*', 'user:1', 'user:2']);
  t.equal(await cache.count('user'), 3);
  t.equal(await cache.count('none'), 0);
  t.equal(await cache.clear('user:'), 2);
  t.same(await sorted(cache.keys('')), ['u', 'user*']);
  t.equal(await cache.clear(''), 2);
  t.equal(await cache.count(''), 0);
  t.same(await sorted(other.keys('')), ['user:1'], 'the other cache has its own still');
});

t.test('thousands of keys are listed, counted and cleared, page after page', async (t) => {
  await using cache = openCache(sidecar);
  const names = Array.from({ length: 3000 }, (_, i) => `n:${i}`);
  await cache.putMany(names.map((name) => [name, 1]));
  t.equal(new Set(await sorted(cache.keys('n:'))).size, 3000);
  t.equal(await cache.count('n:'), 3000);
  t.equal(await cache.clear('n:'), 3000);
  t.equal(await cache.count('n:'), 0);
});

t.test('who stops reading keys asks for no further page', async (t) => {
  const page = (cursor: string) => Buffer.from(JSON.stringify({ keys: ['p:a', 'p:b'], cursor }));
  const { transport, asked } = fakeTransport((_operation, place) => ({
    status: 'ok',
    value: page(`${place}`),
  }));
  const cache = cacheOn(transport, 'p:', lifeOf(null));
  for await (const key of cache.keys('')) if (key === 'b') break;
  t.match(asked, [{ verb: 'list', key: 'p:', value: '' }]);
  t.equal(asked.length, 1);
});

t.test('count and clear go on from cursor to cursor, and add up', async (t) => {
  const { transport, asked } = fakeTransport(({ verb }, place) => ({
    status: 'ok',
    value: Buffer.from(
      JSON.stringify({
        ...(verb === 'list' ? { keys: ['p:a', 'p:b'] } : { removed: 5 }),
        ...(place % 3 < 2 && { cursor: `c${place}` }),
      }),
    ),
  }));
  const cache = cacheOn(transport, 'p:', lifeOf(null));
  t.equal(await cache.count('x', { deadlineMs: 7 }), 6);
  t.equal(await cache.clear('x'), 15);
  t.same(
    asked.map(({ verb, key, value, deadlineMs }) => [verb, key, value, deadlineMs]),
    [
      ['list', 'p:x', '', 7],
      ['list', 'p:x', 'c0', 7],
      ['list', 'p:x', 'c1', 7],
      ['clear', 'p:x', '', undefined],
      ['clear', 'p:x', 'c3', undefined],
      ['clear', 'p:x', 'c4', undefined],
    ],
  );
});

t.test('count and clear take a callback last, and a signal', async (t) => {
  await using cache = openCache(sidecar);
  await cache.put('a', 1);
  const told = (call: (callback: (error: Error | null, value?: unknown) => void) => unknown) =>
    within(
      new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value)))),
      5000,
      'the callback',
    );
  t.equal(await told((done) => cache.count('', done)), 1);
  t.equal(await told((done) => cache.count('', { deadlineMs: 1000 }, done)), 1);
  t.equal(await told((done) => cache.clear('a', done)), 1);
  const signal = AbortSignal.abort();
  for (const call of [
    cache.count('', { signal }),
    cache.clear('', { signal }),
    sorted(cache.keys('', { signal })),
  ])
    await t.rejects(call as Promise<unknown>, { code: 'aborted', outcome: 'not_applied' });
});

t.test('a prefix that is none and options that are none are refused, and nothing is sent', async (t) => {
  const { transport, asked } = fakeTransport(() => ({ status: 'ok', value: Buffer.from('{}') }));
  const quiet = cacheOn(transport, 'p:', lifeOf(null));
  for (const prefix of [undefined, null, 5, {}, ['a'], Symbol()]) {
    const refused = { code: 'key_invalid', message: /prefix/ };
    await t.rejects(quiet.clear(wrong(prefix)), refused);
    await t.rejects(quiet.count(wrong(prefix)), refused);
    t.throws(() => quiet.keys(wrong(prefix)), refused);
  }
  const invalid = { code: 'options_invalid', message: /signal, deadlineMs/ };
  await t.rejects(quiet.clear('', wrong({ limit: 5 })), invalid);
  await t.rejects(quiet.count('', wrong({ all: true })), invalid);
  t.throws(() => quiet.keys('', wrong({ page: 5 })), invalid);
  t.same(asked, []);
});

t.test('a prefix with half a surrogate pair, with NUL or over 1,024 bytes is refused', async (t) => {
  await using cache = openCache(sidecar);
  await cache.put('a', 1);
  for (const [prefix, code] of [
    ['\ud83d', 'key_invalid'],
    ['a\0b', 'key_invalid'],
    ['k'.repeat(1025), 'key_too_long'],
  ] as const)
    for (const call of [cache.clear(prefix), cache.count(prefix), sorted(cache.keys(prefix))])
      await t.rejects(call as Promise<unknown>, { code, outcome: 'not_applied' });
  t.equal(await cache.count(''), 1);
});
