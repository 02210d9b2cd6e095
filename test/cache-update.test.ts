// update(): what is written, with which life, and what is done when somebody else writes in between.
import t from 'tap';
import { cacheOn } from '../client/dist/cache/cache.js';
import { AzureCacheError } from '../client/dist/errors.js';
import { lifeOf } from '../client/dist/life.js';
import { fakeTransport, openCache } from './fixtures/cache.js';
import { startSidecar } from './fixtures/sidecar.js';

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
