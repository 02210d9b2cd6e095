// Tags in the cache API: what is put with them, keysByTag and removeByTag, through a sidecar and as calls.
import t from 'tap';
import { cacheOn } from '../client/dist/cache/cache.js';
import { lifeOf } from '../client/dist/life.js';
import { fakeTransport, openCache, sorted } from './fixtures/cache.js';
import { startSidecar } from './fixtures/sidecar.js';
import { calledBack } from './fixtures/wait.js';

const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());
const wrong = (value: unknown) => value as never;

t.test('what was put with tags is found and removed by them, in this cache alone', async (t) => {
  await using cache = openCache(sidecar);
  await using other = openCache(sidecar);
  await cache.put('a', 1, { tags: ['user:42', 'news'] });
  await cache.put('b', 2, { tags: ['user:42'], ttl: 60 });
  await cache.putMany({ c: 3, d: 4 }, { tags: ['news'] });
  await other.put('a', 'of another cache', { tags: ['user:42'] });
  t.same(await sorted(cache.keysByTag('user:42')), ['a', 'b']);
  t.same(await sorted(cache.keysByTag(['user:42', 'news'])), ['a', 'b', 'c', 'd']);
  t.same(await sorted(cache.keysByTag(['user:42', 'news'], { all: true })), ['a']);
  await cache.put('a', 5);
  await cache.put('b', 6, { tags: null });
  t.same(await sorted(cache.keysByTag('user:42')), ['a', 'b'], 'a put without leaves them alone');
  await cache.put('a', 5, { tags: [] });
  t.same(await sorted(cache.keysByTag('user:42')), ['b']);
  t.equal(await cache.removeByTag(['user:42', 'news'], { all: true }), 0);
  t.equal(await cache.removeByTag(['user:42', 'news']), 3);
  t.same(await sorted(cache.keys('')), ['a']);
  t.same(await sorted(other.keysByTag('user:42')), ['a']);
});

t.test('tags go with sliding lives, conditions, locks and getOrSet', async (t) => {
  await using cache = openCache(sidecar);
  t.equal(await cache.put('a', 1, { tags: ['x'], sliding: 60, ifNoneMatch: '*' }), true);
  t.equal(await cache.put('a', 1, { tags: ['y'], ifNoneMatch: '*' }), false);
  t.same(await sorted(cache.keysByTag('x')), ['a']);
  t.same(await sorted(cache.keysByTag('y')), []);
  t.equal(await cache.getOrSet('b', () => 2, { tags: ['x'] }), 2);
  t.same(await sorted(cache.keysByTag('x')), ['a', 'b']);
  t.equal(await cache.removeByTag('x'), 2);
});

t.test('thousands with a tag are listed and removed page after page', async (t) => {
  await using cache = openCache(sidecar);
  const names = Array.from({ length: 2500 }, (_, i) => `n:${i}`);
  await cache.putMany(
    names.map((name) => [name, 1]),
    { tags: ['many'] },
  );
  t.equal(new Set(await sorted(cache.keysByTag('many'))).size, 2500);
  t.equal(await cache.removeByTag('many'), 2500);
  t.equal(await cache.count(''), 0);
});

t.test('removeByTag takes a callback last, and a signal', async (t) => {
  await using cache = openCache(sidecar);
  await cache.put('a', 1, { tags: ['x'] });
  t.same(await calledBack((done) => cache.removeByTag('none', { all: true }, done as never)), [null, 0]);
  t.same(await calledBack((done) => cache.removeByTag('x', done as never)), [null, 1]);
  const signal = AbortSignal.abort();
  const calls: Promise<unknown>[] = [
    cache.removeByTag('x', { signal }),
    sorted(cache.keysByTag('x', { signal })),
  ];
  for (const call of calls) await t.rejects(call, { code: 'aborted', outcome: 'not_applied' });
});

t.test('what is no tag is refused, and nothing is sent', async (t) => {
  const { transport, asked } = fakeTransport(() => ({ status: 'ok', value: Buffer.from('{}') }));
  const quiet = cacheOn(transport, 'p:', lifeOf(null));
  for (const tag of [undefined, null, 5, {}, [], ['a', 5]]) {
    await t.rejects(quiet.removeByTag(wrong(tag)), { code: 'tag_invalid' });
    t.throws(() => quiet.keysByTag(wrong(tag)), { code: 'tag_invalid' });
  }
  for (const tags of ['x', 5, {}, [5], [null]])
    for (const call of [quiet.put('a', 1, wrong({ tags })), quiet.putMany({ a: 1 }, wrong({ tags }))])
      await t.rejects(call as Promise<unknown>, { code: 'options_invalid', message: /tags/ });
  await t.rejects(quiet.removeByTag('x', wrong({ match: 'all' })), {
    code: 'options_invalid',
    message: /all/,
  });
  t.same(asked, []);
  await using cache = openCache(sidecar);
  await cache.put('a', 1);
  const many = Array.from({ length: 101 }, (_, n) => `${n}`);
  for (const tags of [
    [''],
    ['x'.repeat(256)],
    ['é'.repeat(128)],
    ['a\0b'],
    ['\ud83d'],
    ['x'.repeat(70_000)],
    many,
  ]) {
    const refused = { code: 'tag_invalid', outcome: 'not_applied' };
    await t.rejects(cache.put('b', 1, { tags }), refused);
    await t.rejects(cache.removeByTag(tags), refused);
    await t.rejects(sorted(cache.keysByTag(tags)), refused);
  }
  t.same(await sorted(cache.keys('')), ['a']);
  t.equal(await cache.put('b', 1, { tags: many.slice(1).map((one) => one.padEnd(255, 'x')) }), true);
});
