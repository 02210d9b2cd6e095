// getAndLock, putAndUnlock, unlock and remove with a lock, of the cache API: what they do, through a sidecar on its
// embedded backend and one on a Redis, their callbacks and options, and answers that are lost.
import t from 'tap';
import { cacheOn } from '../client/dist/cache/cache.js';
import azurecache, { type LockHandle } from '../client/dist/index.js';
import { lifeOf } from '../client/dist/life.js';
import { ask } from './fixtures/ask.js';
import { fakeTransport, openCache } from './fixtures/cache.js';
import { startPeer } from './fixtures/peer.js';
import { startRedis } from './fixtures/redis.js';
import { startSidecar } from './fixtures/sidecar.js';
import { calledBack, until } from './fixtures/wait.js';

const redis = await startRedis();
t.teardown(() => redis.stop());
const env = { AZURE_CACHE_CONNECTION: redis.url, AZURE_CACHE_TTL_SECONDS: '1000' };
const embedded = await startSidecar();
t.teardown(() => embedded.stop());
const hosts = [await startSidecar({ env }), await startSidecar({ env })] as const;
t.teardown(() => Promise.all(hosts.map((host) => host.stop())));

const wrong = (value: unknown) => value as never;
const OTHER = '0123456789abcdef0123456789abcdef' as LockHandle;
const LOCKED = { code: 'locked', status: 423, retryable: true, outcome: 'not_applied' };

for (const [name, near, far] of [
  ['embedded', embedded, embedded],
  ['redis, two sidecars', ...hosts],
] as const) {
  const prefix = `${name}:`;
  const [cache, another] = [openCache(near, { prefix }), openCache(far, { prefix })];
  t.teardown(() => Promise.all([cache.close(), another.close()]));
  const lifeLeft = async (key: string) => (await cache.get(key, { etag: true, ttl: true }))?.ttl;

  t.test(`${name}: one has the lock, with value and ETag; it writes, and the next one has it`, async (t) => {
    const etag = await cache.put('a', { n: 1 }, { etag: true });
    const locked = await cache.getAndLock<{ n: number }>('a');
    t.match(locked, { value: { n: 1 }, etag, lock: /^[0-9a-f]{32}$/ });
    const lock = locked?.lock as LockHandle;
    const refused = another.getAndLock('a');
    await t.rejects(refused, { ...LOCKED, message: /for (2\d{4}|30000) ms at most/ }, 'for 30 seconds');
    t.same(await another.get('a'), { n: 1 }, 'a get goes on');
    t.equal(await another.putAndUnlock('a', { n: 0 }, OTHER), false);
    t.equal(await another.unlock('a', OTHER), false);
    t.equal(await another.remove('a', { lock: OTHER }), false);
    t.equal(await cache.putAndUnlock('a', { n: 2 }, lock, 60), true);
    t.ok(Number(await lifeLeft('a')) <= 60);
    t.equal(await cache.putAndUnlock('a', { n: 3 }, lock), false, 'it was given up');
    const next = await another.getAndLock('a');
    t.match(next, { value: { n: 2 } });
    t.equal(await another.unlock('a', next?.lock as LockHandle), true);
    t.equal(await another.unlock('a', next?.lock as LockHandle), false);
  });

  t.test(`${name}: where there is nothing it is null, and with absent locked`, async (t) => {
    t.equal(await cache.getAndLock('b'), null);
    const { value, etag, lock } = await another.getAndLock('b', { absent: true });
    t.same([value, etag], [null, null]);
    await t.rejects(cache.getAndLock('b'), LOCKED);
    const made = await another.putAndUnlock('b', [1], lock, { etag: true, ttl: 'never' });
    t.match(made, /^"[0-9a-f]{40}"$/);
    t.equal(await lifeLeft('b'), 'never');
  });

  t.test(`${name}: bytes, also none and no JSON`, async (t) => {
    const bytes = Buffer.from('00ff7b', 'hex');
    const { lock } = await cache.getAndLock('c', { absent: true });
    t.equal(await cache.putAndUnlock('c', bytes, lock, { raw: true }), true);
    await t.rejects(cache.getAndLock('c'), { code: 'value_not_json' });
    const again = await cache.getAndLock('c', { raw: true });
    t.same(again?.value, bytes, 'the lock of an answer that could not be read was given up');
    await cache.putAndUnlock('c', Buffer.alloc(0), again?.lock as LockHandle, { raw: true });
    const none = await cache.getAndLock('c', { raw: true, absent: true });
    t.same(none.value, Buffer.alloc(0));
    t.equal(await cache.remove('c', { lock: none.lock }), true);
    t.equal(await cache.has('c'), false);
  });

  t.test(`${name}: a condition goes with the lock, which stays held where it does not hold`, async (t) => {
    await cache.put('d', 1);
    const locked = await cache.getAndLock('d');
    const [ifMatch, lock] = [String(locked?.etag), locked?.lock as LockHandle];
    await another.put('d', 2);
    t.equal(await cache.putAndUnlock('d', 3, lock, { ifMatch }), false, 'another has written past the lock');
    t.equal(await cache.remove('d', { ifMatch, lock }), false);
    await t.rejects(another.getAndLock('d'), LOCKED);
    t.equal(await cache.get('d'), 2);
    t.equal(await cache.remove('d', { lock }), true);
    const { lock: next } = await another.getAndLock('d', { absent: true });
    t.equal(await another.remove('d', { lock: next }), false, 'there was nothing');
    t.equal(await another.unlock('d', next), false, 'and it was unlocked all the same');
  });

  t.test(`${name}: an unlock can give the entry a life; a lease ends`, async (t) => {
    await cache.put('e', 1, 60);
    const locked = await cache.getAndLock('e');
    t.equal(await cache.unlock('e', locked?.lock as LockHandle, { ttl: 600 }), true);
    t.ok(Number(await lifeLeft('e')) > 60);
    const short = await cache.getAndLock('e', { lease: 0.05 });
    const next = await until(
      () => another.getAndLock('e', { lease: 3600 }).catch(() => undefined),
      5000,
      'the lease to end',
    );
    t.equal(await cache.putAndUnlock('e', 2, short?.lock as LockHandle), false);
    await another.remove('e');
    t.equal(
      await another.unlock('e', next?.lock as LockHandle, { ttl: 5 }),
      true,
      'there is nothing any more',
    );
    t.equal(await another.unlock('e', next?.lock as LockHandle), false);
  });

  t.test(`${name}: entries that slide are locked, written and unlocked as others`, async (t) => {
    await cache.put('slides', 1, { sliding: 60 });
    const locked = await cache.getAndLock('slides');
    t.equal(locked?.value, 1);
    const [lock, ifMatch] = [locked?.lock as LockHandle, String(locked?.etag)];
    t.equal(await cache.putAndUnlock('slides', 2, lock, { sliding: 30, ifMatch }), true);
    const next = await another.getAndLock('slides');
    t.equal(next?.value, 2);
    t.equal(await another.unlock('slides', next?.lock as LockHandle), true);
    const { lock: last } = await cache.getAndLock('slides', { absent: true });
    t.equal(await cache.remove('slides', { lock: last }), true);
  });

  t.test(`${name}: a handle is the Lock-Token of HTTP`, async (t) => {
    const { lock } = await cache.getAndLock('f', { absent: true });
    const path = `/v1/cache/${encodeURIComponent(`${prefix}f`)}`;
    const headers = { 'lock-token': lock };
    t.equal((await ask(far, `PUT ${path}`, { headers, body: '5' })).status, 204);
    const locked = await ask(far, `POST ${path}/lock?lease=30`);
    t.equal(await cache.putAndUnlock('f', 6, locked.headers['lock-token'] as LockHandle), true);
  });
}

t.test('each takes a callback last, with or without options', async (t) => {
  await using cache = openCache(embedded);
  await cache.put('key', 1);
  const locked = async (options?: object) => {
    const [error, found] = await calledBack((done) =>
      options ? cache.getAndLock('key', options, done) : cache.getAndLock('key', done),
    );
    t.equal(error, null);
    return (found as { lock: LockHandle }).lock;
  };
  const first = await locked();
  t.same(await calledBack((done) => cache.putAndUnlock('key', 2, first, done)), [null, true]);
  const second = await locked({ lease: 5 });
  t.same(await calledBack((done) => cache.putAndUnlock('key', 3, second, { ttl: 5 }, done)), [null, true]);
  const third = await locked({ raw: true });
  t.same(await calledBack((done) => cache.unlock('key', third, { ttl: 5 }, done)), [null, true]);
  t.same(await calledBack((done) => cache.unlock('key', third, done)), [null, false]);
  const [error] = await calledBack((done) => cache.unlock('key', wrong('none'), done));
  t.match(error, { code: 'token_invalid' });
});

t.test('what cannot be is refused, and nothing is sent', async (t) => {
  const { transport, asked } = fakeTransport(() => ({ status: 'ok' }));
  const quiet = cacheOn(transport, '', lifeOf(null));
  const refused = (code: string) => ({ code, status: 400, outcome: 'not_applied' });
  for (const lease of [0, -1, 3601, Number.NaN, '5', 'never', null])
    await t.rejects(
      quiet.getAndLock('key', { lease: wrong(lease) }),
      refused('lease_invalid'),
      String(lease),
    );
  for (const lock of ['', 'x', OTHER.slice(1), `${OTHER}0`, 5, undefined, null, {}]) {
    await t.rejects(quiet.putAndUnlock('key', 1, wrong(lock)), refused('token_invalid'));
    await t.rejects(quiet.unlock('key', wrong(lock)), refused('token_invalid'));
    await t.rejects(quiet.remove('key', { lock: wrong(lock) }), refused('token_invalid'), String(lock));
  }
  await t.rejects(quiet.getAndLock(''), refused('key_empty'));
  await t.rejects(quiet.getAndLock(wrong(5)), refused('key_invalid'));
  await t.rejects(quiet.getAndLock('key', wrong({ ttl: 5 })), refused('options_invalid'));
  await t.rejects(quiet.getAndLock('key', wrong({ absent: 1 })), refused('options_invalid'));
  await t.rejects(quiet.putAndUnlock('', 1, OTHER), refused('key_empty'));
  await t.rejects(quiet.putAndUnlock('key', undefined, OTHER), refused('value_invalid'));
  await t.rejects(quiet.putAndUnlock('key', 1, OTHER, -1), refused('ttl_invalid'));
  await t.rejects(quiet.putAndUnlock('key', 1, OTHER, { ifMatch: 'x' }), refused('etag_invalid'));
  await t.rejects(quiet.putAndUnlock('key', 1, OTHER, wrong({ lease: 5 })), refused('options_invalid'));
  await t.rejects(quiet.unlock('', OTHER), refused('key_empty'));
  await t.rejects(quiet.unlock('key', OTHER, { ttl: wrong('keep') }), refused('ttl_invalid'));
  await t.rejects(quiet.unlock('key', OTHER, wrong({ raw: true })), refused('options_invalid'));
  await t.rejects(quiet.touch('key', wrong({ lock: OTHER })), refused('options_invalid'));
  t.same(asked, []);
});

t.test('leases, lives, deadlines and signals are sent as they were given', async (t) => {
  const { transport, asked } = fakeTransport(() => ({ status: 'ok' }));
  const quiet = cacheOn(transport, 'p:', lifeOf(50));
  const token = Buffer.from(OTHER, 'hex');
  await quiet.getAndLock('key', { lease: 0.0001, deadlineMs: 5 });
  await quiet.getAndLock('key', { lease: 3600, absent: true });
  await quiet.putAndUnlock('key', 1, OTHER, { deadlineMs: 6 });
  await quiet.unlock('key', OTHER.toUpperCase() as LockHandle, { ttl: 'never', deadlineMs: 7 });
  await quiet.unlock('key', OTHER);
  await quiet.remove('key', { lock: OTHER });
  t.match(asked, [
    { verb: 'lock', key: 'p:key', ttlKind: 'for', ttlMs: 1, deadlineMs: 5, extras: { absent: undefined } },
    { verb: 'lock', ttlMs: 3_600_000, extras: { absent: true } },
    { verb: 'put', ttlKind: 'for', ttlMs: 50_000, deadlineMs: 6, extras: { token } },
    { verb: 'unlock', ttlKind: 'never', deadlineMs: 7, extras: { token } },
    { verb: 'unlock', key: 'p:key', ttlKind: undefined, extras: { token } },
    { verb: 'delete', extras: { token } },
  ]);
  t.notSame(asked[0]?.extras?.token, asked[1]?.extras?.token, 'every lock has a token of its own');
  await using cache = openCache(embedded);
  const signal = AbortSignal.abort();
  const calls: Promise<unknown>[] = [
    cache.getAndLock('key', { signal }),
    cache.unlock('key', OTHER, { signal }),
  ];
  for (const call of calls) await t.rejects(call, { code: 'aborted', outcome: 'not_applied' });
});

t.test('a lock whose answer was lost is asked for again, once', async (t) => {
  const server = await startPeer(t);
  await using cache = azurecache.create({ url: server.url });
  const locking = cache.getAndLock('key');
  const first = await server.peer();
  await first.arrived(1);
  first.socket.destroy();
  const second = await server.peer(2);
  await second.arrived(1);
  second.answer(second.asked[0]?.id ?? 0, { value: Buffer.from('5'), etag: Buffer.alloc(20) });
  t.match(await locking, { value: 5 });
});

t.test('a lock that is not awaited any more is given up', async (t) => {
  const server = await startPeer(t);
  await using cache = azurecache.create({ url: server.url });
  const leaving = new AbortController();
  const locking = cache.getAndLock('key', { signal: leaving.signal });
  const peer = await server.peer();
  await peer.arrived(1);
  leaving.abort();
  await t.rejects(locking, { code: 'aborted', outcome: 'unknown' });
  await peer.arrived(2);
  peer.answer(peer.asked[1]?.id ?? 0);
  t.equal(peer.asked[1]?.key, 'key');
});
