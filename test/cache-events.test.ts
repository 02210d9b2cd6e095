// cache.events(): what an application is told, through a sidecar that goes and comes back, and when it stops listening.
import t from 'tap';
import azurecache, { type CacheEvent } from '../client/dist/index.js';
import { ask } from './fixtures/ask.js';
import { openCache } from './fixtures/cache.js';
import { freePort } from './fixtures/free-port.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until, within } from './fixtures/wait.js';

const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());

/** Reads on in the background; what it was told so far. */
function follow(events: AsyncIterable<CacheEvent>) {
  const told: CacheEvent[] = [];
  const ended = (async () => {
    for await (const event of events) told.push(event);
  })();
  ended.catch(() => {});
  const first = async (count: number) => {
    await until(
      () => told.length >= count,
      10_000,
      () => `${count} events; told: ${JSON.stringify(told)}`,
    );
    return told.slice(0, count);
  };
  return { told, ended, first };
}

t.test('keys are told as the cache knows them, and none of other caches', async (t) => {
  await using cache = openCache(sidecar, { prefix: 'mine:' });
  await using other = openCache(sidecar, { prefix: 'mine' });
  const all = follow(cache.events());
  const users = follow(cache.events('user:'));
  await Promise.all([all.first(1), users.first(1)]);
  await other.put('a', 1);
  await cache.put('user:1', 1);
  await cache.touch('a');
  await cache.increment('n');
  // JSON leaves these two as they are.
  await cache.put('\u2028\u2029', 1);
  await cache.remove('user:1');
  await cache.clear('u');
  await other.clear('');
  await cache.put('end', 1);
  t.same(await all.first(8), [
    { type: 'reset', foreign: false },
    { type: 'put', key: 'user:1' },
    { type: 'put', key: 'n' },
    { type: 'put', key: '\u2028\u2029' },
    { type: 'delete', key: 'user:1' },
    { type: 'clear', prefix: 'u' },
    { type: 'clear', prefix: '' },
    { type: 'put', key: 'end' },
  ]);
  t.same(users.told.slice(1), [
    { type: 'put', key: 'user:1' },
    { type: 'delete', key: 'user:1' },
    { type: 'clear', prefix: 'u' },
    { type: 'clear', prefix: '' },
  ]);
});

t.test(
  'it ends with the signal, with the cache, and with a break, and then the sidecar tells it no more',
  async (t) => {
    const cache = openCache(sidecar);
    const ending = new AbortController();
    const [signalled, closed] = [follow(cache.events('', { signal: ending.signal })), follow(cache.events())];
    await Promise.all([signalled.first(1), closed.first(1)]);
    ending.abort();
    await within(signalled.ended, 2000, 'the end by the signal');
    for await (const event of cache.events()) {
      t.same(event, { type: 'reset', foreign: false });
      break;
    }
    t.same(await follow(cache.events('', { signal: AbortSignal.abort() })).ended, undefined);
    await cache.put('a', 1);
    await closed.first(2);
    await cache.close();
    await within(closed.ended, 2000, 'the end with the cache');
    t.equal(signalled.told.length, 1);
    await t.rejects(follow(cache.events()).ended, { code: 'closed' });
  },
);

t.test('no reader is left behind in the sidecar', async (t) => {
  await using cache = openCache(sidecar);
  for (let i = 0; i < 300; i++) for await (const _ of cache.events()) break;
  t.match((await follow(cache.events()).first(1))[0], { type: 'reset' }, 'it takes 256 at a time');
});

t.test('a sidecar that is not there yet, that goes and that comes back', async (t) => {
  const port = await freePort();
  const env = { AZURE_CACHE_PORT: String(port) };
  const cache = azurecache.create({ url: `http://127.0.0.1:${port}` });
  const { told, first } = follow(cache.events());
  t.same(await first(1), [{ type: 'lost' }]);
  const one = await startSidecar({ env });
  t.same((await first(2))[1], { type: 'reset', foreign: false });
  await ask(one, 'PUT /v1/cache/a', { body: '1' });
  t.same((await first(3))[2], { type: 'put', key: 'a' });
  await one.kill();
  t.same((await first(4))[3], { type: 'lost' });
  await using two = await startSidecar({ env });
  t.same((await first(5))[4], { type: 'reset', foreign: false });
  await ask(two, 'PUT /v1/cache/b', { body: '1' });
  t.same((await first(6))[5], { type: 'put', key: 'b' });
  await cache.close();
  t.equal(told.length, 6, 'each is told once');
});

t.test('a refusal that trying again does not change is an error', async (t) => {
  await using guarded = await startSidecar({ env: { AZURE_CACHE_API_TOKEN: 'secret-token-of-20-x' } });
  await using cache = openCache(guarded);
  await t.rejects(follow(cache.events()).ended, { code: 'unauthorized' });
  await using known = openCache(guarded, { apiToken: 'secret-token-of-20-x' });
  await follow(known.events()).first(1);
  await t.rejects(follow(known.events('x'.repeat(1025))).ended, { code: 'key_too_long' });
});

t.test('what is wrong in the call is said at once', async (t) => {
  await using cache = openCache(sidecar);
  const wrong = (given: unknown) => given as never;
  t.throws(() => cache.events(wrong(5)), { code: 'key_invalid' });
  t.throws(() => cache.events('', wrong({ deadlineMs: 5 })), { code: 'options_invalid' });
  t.throws(() => cache.events('', wrong({ signal: 5 })), { code: 'options_invalid' });
});
