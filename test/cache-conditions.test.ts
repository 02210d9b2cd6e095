// ETags, conditions and the other options of single calls, against a sidecar.
import { createHash } from 'node:crypto';
import t from 'tap';
import { cacheOn } from '../client/dist/cache/cache.js';
import { lifeOf } from '../client/dist/life.js';
import { fakeTransport, openCache } from './fixtures/cache.js';
import { startSidecar } from './fixtures/sidecar.js';

const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());
const cache = openCache(sidecar);
t.teardown(() => cache.close());

const etagOf = (text: string) => `"${createHash('sha1').update(text).digest('hex')}"`;
const OTHER = etagOf('other');

t.test('an ETag is the SHA-1 of the bytes, as HTTP writes it, and comes with a put and a get', async (t) => {
  t.equal(await cache.put('etag', 'v', { etag: true }), etagOf('"v"'));
  t.same(await cache.get('etag', { etag: true }), { value: 'v', etag: etagOf('"v"') });
  t.same(await cache.get('etag', { etag: true, raw: true }), {
    value: Buffer.from('"v"'),
    etag: etagOf('"v"'),
  });
  t.equal(await cache.get('none', { etag: true }), null);
});

t.test('ifNoneMatch puts only where there is nothing', async (t) => {
  t.equal(await cache.put('add', 1, { ifNoneMatch: '*' }), true);
  t.equal(await cache.put('add', 2, { ifNoneMatch: '*' }), false);
  t.equal(await cache.put('add', 2, { ifNoneMatch: '*', etag: true }), false);
  t.equal(await cache.get('add'), 1);
});

t.test('ifMatch puts only over the value with that ETag, or with * over some value', async (t) => {
  t.equal(await cache.put('match', 1, { ifMatch: '*' }), false);
  const first = (await cache.put('match', 1, { etag: true })) as string;
  t.equal(await cache.put('match', 2, { ifMatch: OTHER }), false);
  const second = await cache.put('match', 2, { ifMatch: first, etag: true });
  t.equal(second, etagOf('2'));
  t.equal(await cache.put('match', 3, { ifMatch: first }), false, 'it is not the first any more');
  t.equal(await cache.put('match', 4, { ifMatch: '*' }), true);
  t.equal(await cache.get('match'), 4);
  t.equal(
    await cache.put('match', 5, { ifMatch: etagOf('4').toUpperCase() }),
    true,
    'hex digits of either case',
  );
});

t.test('remove and touch can be for one value only', async (t) => {
  await cache.put('one', 1);
  t.equal(await cache.touch('one', { ttl: 60, ifMatch: OTHER }), false);
  t.equal(await cache.touch('one', { ttl: 60, ifMatch: etagOf('1') }), true);
  t.equal(await cache.touch('one', { ttl: 60, ifMatch: '*' }), true);
  t.equal(await cache.touch('none', { ttl: 60, ifMatch: '*' }), false);
  t.equal(await cache.remove('one', { ifMatch: OTHER }), false);
  t.equal(await cache.has('one'), true);
  t.equal(await cache.remove('one', { ifMatch: etagOf('1') }), true);
  t.equal(await cache.remove('one', { ifMatch: '*' }), false);
  t.equal(await cache.has('one'), false);
});

t.test('what is no ETag is refused', async (t) => {
  for (const etag of ['', 'abc', OTHER.slice(1, -1), `W/${OTHER}`, `${OTHER}, ${OTHER}`, 5, null] as string[])
    for (const call of [
      cache.put('key', 1, { ifMatch: etag }),
      cache.remove('key', { ifMatch: etag }),
      cache.touch('key', { ifMatch: etag }),
    ])
      await t.rejects(call, { code: 'etag_invalid', status: 400 });
});

t.test('a wrong option is refused with a sentence, and nothing is sent', async (t) => {
  const { transport, asked } = fakeTransport(() => ({ status: 'ok' }));
  const quiet = cacheOn(transport, '', lifeOf(null));
  const wrong = (options: unknown) => options as never;
  for (const [call, message] of [
    [quiet.put('key', 1, wrong({ seconds: 60 })), /no option seconds.*ttl/],
    [quiet.put('key', 1, wrong({ __proto__: null, constructor: 1 })), /no option constructor/],
    [quiet.put('key', 1, wrong({ raw: 'yes' })), /raw takes true or false/],
    [quiet.put('key', 1, wrong({ ifNoneMatch: OTHER })), /ifNoneMatch takes '\*'/],
    [quiet.put('key', 1, { ifMatch: '*', ifNoneMatch: '*' }), /exclude each other/],
    [quiet.get('key', wrong('raw')), /an object/],
    [quiet.get('key', wrong({ ttl: 60 })), /ttl takes true or false/],
    [quiet.get('key', wrong({ ttl: true })), /goes with etag: true/],
    [quiet.get('key', wrong({ signal: {} })), /signal takes an AbortSignal/],
    [quiet.remove('key', wrong({ ttl: 60 })), /no option ttl/],
    [quiet.remove('key', wrong(60)), /an object/],
    [quiet.has('key', wrong({ raw: true })), /no option raw/],
    [quiet.getMany(['key'], wrong({ etag: true })), /no option etag/],
    [quiet.putMany({ key: 1 }, wrong({ ifMatch: '*' })), /no option ifMatch/],
    [quiet.removeMany(['key'], wrong({ ifMatch: '*' })), /no option ifMatch/],
    [quiet.update('key', wrong(5)), /a function/],
    [quiet.update('key', () => 1, wrong({ etag: true })), /no option etag/],
    ...[0, -1, 1.5, 2 ** 31, Number.NaN, '5'].map(
      (deadlineMs) => [quiet.get('key', wrong({ deadlineMs })), /deadlineMs takes a whole number/] as const,
    ),
  ] as const)
    await t.rejects(call, { code: 'options_invalid', status: 400, message });
  t.same(asked, []);
  t.equal(
    await quiet.put('key', 1, { raw: undefined, ttl: undefined, signal: undefined }),
    true,
    'undefined = not given',
  );
});

t.test('deadline, signal and freshness reach the transport', async (t) => {
  const { transport, asked } = fakeTransport(() => ({
    status: 'ok',
    value: Buffer.from('1'),
    etag: Buffer.alloc(20),
  }));
  const signals: unknown[] = [];
  const { run } = transport;
  transport.run = (operation, signal) => {
    signals.push(signal);
    return run(operation, signal);
  };
  const quiet = cacheOn(transport, '', lifeOf(null));
  const { signal } = new AbortController();
  const call = { signal, deadlineMs: 77 };
  await quiet.put('key', 1, call);
  await quiet.get('key', { ...call, fresh: true });
  await quiet.remove('key', call);
  await quiet.has('key', { ...call, fresh: true });
  await quiet.touch('key', call);
  await quiet.getMany(['key'], { ...call, fresh: true });
  await quiet.putMany({ key: 1 }, call);
  await quiet.removeMany(['key'], call);
  await quiet.update('key', () => 2, call);
  t.same(
    asked.map(({ deadlineMs }) => deadlineMs),
    asked.map(() => 77),
  );
  t.ok(signals.every((passed) => passed === signal));
  t.equal(asked.length, 10);
  const reads = asked.filter(({ verb }) => verb === 'get');
  t.ok(reads.every(({ fresh }) => fresh));
  await quiet.get('key', {});
  t.notOk(asked.at(-1)?.fresh, 'only when asked for');
});

t.test('a call that is aborted rejects with aborted; the next one goes on', async (t) => {
  const reason = new Error('enough');
  await t.rejects(cache.get('key', { signal: AbortSignal.abort(reason) }), {
    code: 'aborted',
    cause: reason,
  });
  await t.rejects(
    cache.update('key', () => 1, { signal: AbortSignal.abort(reason) }),
    { code: 'aborted' },
  );
  await t.rejects(cache.getMany(['a', 'b'], { signal: AbortSignal.abort(reason) }), {
    code: 'aborted',
    failed: [0, 1],
  });
  t.equal(await cache.has('key'), false);
});

t.test('after close every call fails with closed, and close can be called again', async (t) => {
  const closing = openCache(sidecar);
  const last = closing.put('key', 1);
  await closing.close();
  t.equal(await last, true, 'what was under way is waited for');
  for (const call of [
    closing.get('key'),
    closing.put('key', 1),
    closing.getMany(['key']),
    closing.update('key', () => 1),
  ])
    await t.rejects(call, { code: 'closed', outcome: 'not_applied' });
  await closing.close();
  {
    await using disposed = openCache(sidecar);
    await disposed.put('key', 1);
  }
  t.equal(await cache.has('key'), false, 'other caches of the place go on');
});
