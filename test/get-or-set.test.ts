// getOrSet of the cache API: what is loaded, stored and answered, by one process and several; loads that fail, are slow or
// are not wanted any more; and a cache that is away. The stampede of many processes is in stampede.test.ts.
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { cacheOn } from '../client/dist/cache/cache.js';
import { AzureCacheError } from '../client/dist/errors.js';
import azurecache from '../client/dist/index.js';
import { lifeOf } from '../client/dist/life.js';
import type { Operation, Result } from '../client/dist/transport/operation.js';
import { fakeTransport, openCache, urlOf } from './fixtures/cache.js';
import { startSidecar } from './fixtures/sidecar.js';
import { calledBack, until, within } from './fixtures/wait.js';

const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());
/** As two processes: flights are of a cache object. */
const [cache, another] = [openCache(sidecar, { prefix: 'set:' }), openCache(sidecar, { prefix: 'set:' })];
t.teardown(() => Promise.all([cache.close(), another.close()]));

const wrong = (value: unknown) => value as never;
/** A load that ends when it is told to, and counts. */
function gate<T>(value: T) {
  let open = (_: T | Promise<T>) => {};
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  const load = Object.assign(
    (given: { signal: AbortSignal }) => {
      load.count += 1;
      load.signal = given.signal;
      return opened;
    },
    {
      count: 0,
      signal: undefined as AbortSignal | undefined,
      open: () => open(value),
      fail: (e: Error) => open(Promise.reject(e)),
    },
  );
  return load;
}
const never = () => t.fail('nothing is to be loaded');
const isLocked = async (key: string) => {
  const held = await cache.getAndLock(key, { absent: true, lease: 1 }).catch(() => undefined);
  if (held) await cache.unlock(key, held.lock);
  return held === undefined;
};

t.test('what is there is answered; what is not is loaded, stored with its life, and answered', async (t) => {
  await cache.put('there', [1]);
  t.same(await cache.getOrSet('there', never), [1]);
  t.same(await cache.getOrSet('new', () => ({ n: 1 }), 60), { n: 1 });
  t.same(
    await another
      .get('new', { etag: true, ttl: true })
      .then((entry) => [entry?.value, Number(entry?.ttl) <= 60]),
    [{ n: 1 }, true],
  );
  t.same(await another.getOrSet('new', never), { n: 1 });
  t.equal(await isLocked('new'), false);
  t.equal(await cache.getOrSet('later', async () => 'x', { ttl: 'never' }), 'x');
  t.equal((await cache.get('later', { etag: true, ttl: true }))?.ttl, 'never');
});

t.test('an entry can slide, and one that slides is a hit', async (t) => {
  t.equal(await cache.getOrSet('slides', () => 5, { sliding: 60 }), 5);
  t.equal(await another.getOrSet('slides', never), 5);
  const found = await cache.get('slides', { etag: true, ttl: true, touch: 'keep' });
  t.ok(Number(found?.ttl) <= 60);
  await t.rejects(cache.getOrSet('slides', never, { sliding: 0 }), { code: 'ttl_invalid' });
});

t.test('null is a value, also where JSON makes it; undefined is answered and not stored', async (t) => {
  t.equal(await cache.getOrSet('null', () => null), null);
  t.equal(await another.getOrSet('null', never), null);
  t.equal(await cache.getOrSet('nan', () => Number.NaN), null);
  t.equal(await cache.getOrSet('undefined', () => undefined), undefined);
  t.equal(await cache.has('undefined'), false);
  t.equal(await isLocked('undefined'), false);
  t.equal(await cache.getOrSet('undefined', () => 5), 5);
});

t.test('each caller has a value of its own, the one that a get answers', async (t) => {
  const load = gate({ date: new Date(0), list: [1] });
  const callers = [1, 2, 3].map(() => cache.getOrSet<unknown>('own', load));
  await until(() => load.count > 0, 5000, 'the load');
  load.open();
  const values = (await Promise.all(callers)) as { list: number[] }[];
  t.equal(load.count, 1);
  for (const value of values) t.same(value, { date: '1970-01-01T00:00:00.000Z', list: [1] });
  values[0]?.list.push(2);
  t.same(values[1]?.list, [1]);
});

t.test('bytes are stored as they are', async (t) => {
  const bytes = Buffer.from('00ff', 'hex');
  t.same(await cache.getOrSet('bytes', () => bytes, { raw: true }), bytes);
  t.same(await another.getOrSet('bytes', wrong(never), { raw: true }), bytes);
  t.same(await cache.getOrSet('none', () => Buffer.alloc(0), { raw: true }), Buffer.alloc(0));
  t.same(await another.getOrSet('none', wrong(never), { raw: true }), Buffer.alloc(0));
});

t.test('others wait for a load, and have its value', async (t) => {
  const [load, second] = [gate('first'), gate('second')];
  const first = cache.getOrSet('waiting', load);
  await until(() => load.count > 0, 5000, 'the load');
  const waiting = another.getOrSet('waiting', second);
  await pause(100);
  t.equal(second.count, 0);
  load.open();
  t.equal(await first, 'first');
  t.equal(await within(waiting, 5000, 'the value'), 'first');
});

t.test('what is put past the lock while a load runs stays', async (t) => {
  const old = gate('old');
  const loading = cache.getOrSet('raced', old, 60);
  await until(() => old.count === 1, 5000, 'the load');
  await another.put('raced', 'new');
  old.open();
  t.equal(await loading, 'old');
  t.equal(await another.get('raced'), 'new');
  t.equal(await isLocked('raced'), false);
});

t.test('what a load throws goes to the callers of its process, and another loads', async (t) => {
  const load = gate(0);
  const callers = [1, 2].map(() => cache.getOrSet('failing', load));
  const failed = Promise.all(callers.map((caller) => t.rejects(caller, { message: 'planted' })));
  await until(() => load.count > 0, 5000, 'the load');
  const waiting = another.getOrSet('failing', () => 'loaded');
  load.fail(new Error('planted'));
  await failed;
  t.equal(await within(waiting, 5000, 'the other load'), 'loaded');
  await t.rejects(
    cache.getOrSet('sync', () => {
      throw new Error('at once');
    }),
    { message: 'at once' },
  );
  await t.rejects(
    cache.getOrSet('big', () => 5n),
    { code: 'value_invalid' },
  );
  await t.rejects(
    cache.getOrSet('large', () => 'x'.repeat(9 * 2 ** 20)),
    { code: 'value_too_large' },
  );
  await t.rejects(
    cache.getOrSet(
      'text',
      wrong(() => 'x'),
      { raw: true },
    ),
    { code: 'value_invalid' },
  );
  for (const key of ['sync', 'big', 'large', 'text']) t.equal(await isLocked(key), false, key);
});

t.test(
  'a load that takes longer than its lease: another loads, and the late one is not stored',
  async (t) => {
    const slow = gate('slow');
    const first = cache.getOrSet('slow', slow, { lease: 0.1 });
    await until(() => slow.count > 0, 5000, 'the load');
    t.equal(
      await within(
        another.getOrSet('slow', () => 'fast'),
        5000,
        'the other load',
      ),
      'fast',
    );
    slow.open();
    t.equal(await first, 'slow', 'its own callers have what it made');
    t.equal(await another.get('slow'), 'fast');
  },
);

t.test('who has waited long enough loads too, and stores nothing', async (t) => {
  const load = gate('held');
  const first = cache.getOrSet('patience', load);
  await until(() => load.count > 0, 5000, 'the load');
  t.equal(await another.getOrSet('patience', () => 'mine', { waitMs: 50 }), 'mine');
  t.equal(await another.getOrSet('patience', () => 'at once', { waitMs: 0 }), 'at once');
  t.equal(await another.has('patience'), false);
  load.open();
  t.equal(await first, 'held');
  t.equal(await another.get('patience'), 'held');
});

t.test('who aborts leaves; once nobody waits the load is told, and the lock is given up', async (t) => {
  const [one, two] = [new AbortController(), new AbortController()];
  const load = gate(1);
  const first = cache.getOrSet('abort', load, { signal: one.signal });
  const second = cache.getOrSet('abort', load, { signal: two.signal });
  await until(() => load.count > 0, 5000, 'the load');
  one.abort(new Error('enough'));
  await t.rejects(first, { code: 'aborted', name: 'AbortError', cause: { message: 'enough' } });
  t.equal(load.signal?.aborted, false);
  two.abort();
  await t.rejects(second, { code: 'aborted' });
  t.equal(load.signal?.aborted, true);
  const anew = cache.getOrSet('abort', () => 'anew', { waitMs: 5000 });
  load.fail(new Error('told to end'));
  t.equal(await within(anew, 5000, 'a new load'), 'anew');
  t.equal(load.count, 1);
  await t.rejects(cache.getOrSet('abort', never, { signal: AbortSignal.abort() }), { code: 'aborted' });
});

t.test('what lies there and is no JSON, or of another type, is an error, as with get', async (t) => {
  await cache.put('text', Buffer.from('no json'), { raw: true });
  await t.rejects(cache.getOrSet('text', never), { code: 'value_not_json' });
});

t.test('options that cannot be are refused, and nothing is sent', async (t) => {
  const { transport, asked } = fakeTransport(() => ({ status: 'ok' }));
  const quiet = cacheOn(transport, '', lifeOf(null));
  const refused = (code: string) => ({ code, status: 400 });
  for (const load of [undefined, null, 5, {}])
    await t.rejects(quiet.getOrSet('key', wrong(load)), refused('options_invalid'));
  for (const ttl of [0, -1, 'keep', 'x'])
    await t.rejects(quiet.getOrSet('key', never, wrong(ttl)), refused('ttl_invalid'));
  await t.rejects(quiet.getOrSet('key', never, wrong({ ttl: 'keep' })), refused('ttl_invalid'));
  for (const lease of [0, 3601, '5'])
    await t.rejects(quiet.getOrSet('key', never, wrong({ lease })), refused('lease_invalid'));
  for (const waitMs of [-1, 1.5, '5'])
    await t.rejects(quiet.getOrSet('key', never, wrong({ waitMs })), refused('options_invalid'));
  await t.rejects(quiet.getOrSet('key', never, wrong({ ifMatch: '*' })), refused('options_invalid'));
  await t.rejects(quiet.getOrSet('', never), refused('key_empty'));
  t.same(asked, []);
});

t.test('it takes a callback last', async (t) => {
  t.same(await calledBack((done) => cache.getOrSet('called', () => 5, done)), [null, 5]);
  t.same(await calledBack((done) => cache.getOrSet('called', never, 60, done)), [null, 5]);
});

t.test('a hit is one operation; a miss three; options go along with each', async (t) => {
  const answers: Partial<Result>[] = [
    { status: 'ok', value: Buffer.from('1') },
    {},
    { status: 'ok' },
    { status: 'ok' },
  ];
  const { transport, asked } = fakeTransport((_, place) => answers[place] ?? {});
  const quiet = cacheOn(transport, 'p:', lifeOf(50));
  await quiet.getOrSet('key', never);
  await quiet.getOrSet('key', () => 2, { ttl: 5, lease: 7, deadlineMs: 9, fresh: true });
  t.match(asked, [
    { verb: 'get', key: 'p:key' },
    { verb: 'get', key: 'p:key', deadlineMs: 9, fresh: true },
    { verb: 'lock', key: 'p:key', ttlMs: 7000, deadlineMs: 9, extras: { absent: true } },
    { verb: 'put', key: 'p:key', value: '2', ttlKind: 'for', ttlMs: 5000, deadlineMs: 9 },
  ]);
  t.same(asked[3]?.extras, { token: asked[2]?.extras?.token });
  t.equal(asked.length, 4);
});

t.test('what another has stored between the look and the lock is answered, and unlocked', async (t) => {
  const answers: Partial<Result>[] = [{}, { status: 'ok', value: Buffer.from('"theirs"') }, { status: 'ok' }];
  const { transport, asked } = fakeTransport((_, place) => answers[place] ?? {});
  t.equal(await cacheOn(transport, '', lifeOf(null)).getOrSet('key', never), 'theirs');
  t.same(
    asked.map(({ verb }) => verb),
    ['get', 'lock', 'unlock'],
  );
});

t.test('an outage of the cache is none of the application, wherever it comes', async (t) => {
  for (const code of [
    'backend_unreachable',
    'timeout',
    'sidecar_unreachable',
    'connection_lost',
    'backend_refused',
  ] as const)
    for (const verb of ['get', 'lock', 'put'] as const) {
      const { transport, asked } = fakeTransport(({ verb: asking }: Operation) => {
        if (asking === verb) throw new AzureCacheError(code, 'planted');
        return asking === 'get' ? {} : { status: 'ok' };
      });
      let loads = 0;
      const value = await cacheOn(transport, '', lifeOf(null)).getOrSet('key', () => ++loads);
      t.same([value, loads], [1, 1], `${code} of a ${verb}`);
      const last = asked.at(-1)?.verb;
      t.equal(last, verb === 'put' ? 'unlock' : verb);
    }
  for (const verb of ['get', 'lock', 'put'] as const) {
    const { transport } = fakeTransport(({ verb: asking }: Operation) => {
      if (asking === verb) throw new AzureCacheError('foreign_type', 'planted');
      return asking === 'get' ? {} : { status: 'ok' };
    });
    await t.rejects(
      cacheOn(transport, '', lifeOf(null)).getOrSet('key', () => 1),
      { code: 'foreign_type' },
      verb,
    );
  }
});

t.test('without a sidecar, and with one that ends meanwhile, everybody loads', async (t) => {
  const host = await startSidecar();
  const alone = azurecache.create({ url: urlOf(host), waitMs: 0 });
  t.teardown(() => alone.close());
  const load = gate('meanwhile');
  const first = alone.getOrSet('key', load);
  await until(() => load.count > 0, 5000, 'the load');
  await host.stop();
  load.open();
  t.equal(await within(first, 10_000, 'the value'), 'meanwhile');
  t.equal(
    await within(
      alone.getOrSet('key', () => 'away'),
      10_000,
      'the value',
    ),
    'away',
  );
  await alone.close();
  await t.rejects(alone.getOrSet('key', never), { code: 'closed' });
});
