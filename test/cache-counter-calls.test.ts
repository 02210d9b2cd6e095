// increment, decrement, append and prepend of the cache API as calls: their callbacks and options, what is refused before
// anything is sent, and an answer that is lost. What they do is in cache-counters.test.ts.
import t from 'tap';
import { cacheOn } from '../client/dist/cache/cache.js';
import azurecache from '../client/dist/index.js';
import { lifeOf } from '../client/dist/life.js';
import { fakeTransport, openCache } from './fixtures/cache.js';
import { failureOf, startPeer } from './fixtures/peer.js';
import { startSidecar } from './fixtures/sidecar.js';
import { within } from './fixtures/wait.js';

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());

const wrong = (value: unknown) => value as never;

t.test('each takes a callback last, with or without what may come before it', async (t) => {
  await using cache = openCache(sidecar);
  const told = (call: (callback: (error: Error | null, value?: unknown) => void) => unknown) =>
    within(
      new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value)))),
      5000,
      'the callback',
    );
  t.equal(await told((done) => cache.increment('key', done)), 1);
  t.equal(await told((done) => cache.increment('key', 2, done)), 3);
  t.equal(await told((done) => cache.increment('key', { by: 3 }, done)), 6);
  t.equal(await told((done) => cache.increment('key', 4, { ttl: 5 }, done)), 10);
  t.equal(await told((done) => cache.increment('key', null, null, done)), 11);
  t.equal(await told((done) => cache.decrement('key', done)), 10);
  t.equal(await told((done) => cache.decrement('key', 2, done)), 8);
  t.equal(await told((done) => cache.decrement('key', { by: 3 }, done)), 5);
  t.equal(await told((done) => cache.append('key', '0', done)), 2);
  t.equal(await told((done) => cache.prepend('key', '-', { deadlineMs: 1000 }, done)), 3);
  t.equal(await told((done) => cache.append('none', '0', done)), null);
  const failed = told((done) => cache.increment('', done));
  await t.rejects(failed, { code: 'key_empty' });
});

t.test('what cannot be counted or added is refused, and nothing is sent', async (t) => {
  const { transport, asked } = fakeTransport(() => ({ status: 'ok', value: Buffer.from('1') }));
  const quiet = cacheOn(transport, '', lifeOf(null));
  const refused = (code: string, message = /./) => ({ code, status: 400, outcome: 'not_applied', message });
  const noNumbers = [
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    MAX + 1n,
    MIN - 1n,
    '1',
    true,
    Symbol(),
  ];
  for (const [place, by] of noNumbers.entries())
    for (const call of ['increment', 'decrement'] as const) {
      const why = `number ${place} of the list`;
      await t.rejects(quiet[call]('key', wrong(by)), refused('options_invalid', /64 bits/), why);
      await t.rejects(quiet[call]('key', { by: wrong(by) }), refused('options_invalid', /by/), why);
      await t.rejects(
        quiet[call]('key', 1, { initial: wrong(by) }),
        refused('options_invalid', /initial/),
        why,
      );
    }
  await t.rejects(quiet.decrement('key', MIN), refused('options_invalid'), 'it has no counterpart');
  const both = [
    quiet.increment('key', 1, wrong({ by: 2 })),
    quiet.increment('key', { by: 1 }, wrong({ ttl: 5 })),
  ];
  for (const call of both) await t.rejects(call, refused('options_invalid'));
  await t.rejects(quiet.increment('key', { ttl: wrong('keep') }), refused('ttl_invalid', /keeps its life/));
  await t.rejects(quiet.increment('key', { ttl: wrong('60') }), refused('ttl_invalid'));
  await t.rejects(quiet.increment('key', wrong({ step: 1 })), refused('options_invalid', /by, initial, ttl/));
  await t.rejects(quiet.increment(wrong(5)), refused('key_invalid'));
  for (const way of ['append', 'prepend'] as const) {
    for (const value of [undefined, null, 5, {}, [1], [], 'half \ud83d pair', new Uint16Array(1)])
      await t.rejects(quiet[way]('key', wrong(value)), refused('value_invalid', /half|bytes/));
    await t.rejects(quiet[way]('key', 'x', wrong({ ttl: 5 })), refused('options_invalid'));
    await t.rejects(quiet[way]('key', 'x', wrong(60)), refused('options_invalid'));
  }
  t.same(asked, []);
});

t.test('the deadline and the signal of a call hold', async (t) => {
  const { transport, asked } = fakeTransport(() => ({ status: 'ok', value: Buffer.from('1') }));
  const quiet = cacheOn(transport, '', lifeOf(null));
  await quiet.increment('key', { deadlineMs: 5 });
  await quiet.append('key', 'x', { deadlineMs: 6 });
  t.same(
    asked.map(({ deadlineMs }) => deadlineMs),
    [5, 6],
  );
  await using cache = openCache(sidecar);
  const signal = AbortSignal.abort();
  for (const call of [cache.increment('key', { signal }), cache.prepend('key', 'x', { signal })])
    await t.rejects(call, { code: 'aborted', outcome: 'not_applied' });
});

t.test('of one whose answer was lost nobody knows whether it counted: it is not asked again', async (t) => {
  const server = await startPeer(t);
  await using cache = azurecache.create({ url: server.url });
  const lost = [
    cache.increment('increment'),
    cache.decrement('decrement'),
    cache.append('append', 'x'),
    cache.prepend('prepend', 'x'),
  ].map((call) => failureOf(call));
  const read = cache.has('read');
  const first = await server.peer();
  await first.arrived(5);
  first.socket.destroy();
  for (const failure of await Promise.all(lost))
    t.match(failure, { code: 'connection_lost', status: 503, outcome: 'unknown' });
  const second = await server.peer(2);
  await second.arrived(1);
  second.answer(second.asked[0]?.id ?? 0);
  t.equal(await read, true);
  t.same(
    second.asked.map(({ key }) => key),
    ['read'],
  );
});
