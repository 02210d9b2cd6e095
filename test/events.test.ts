// GET /v1/events on a sidecar with its embedded backend: what is told of writes, and to whom; readers that are slow, many,
// wrong or still there at the end. Writes of others are in events-redis.test.ts.
import t from 'tap';
import { ask, put } from './fixtures/ask.js';
import { openCache } from './fixtures/cache.js';
import { type EventReader, readEvents } from './fixtures/event-reader.js';
import { connectDoor } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until, within } from './fixtures/wait.js';

const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());
const socket = { socketPath: sidecar.socketPath };
const cache = openCache(sidecar, { prefix: '' });
t.teardown(() => cache.close());

/** All events but the first, as `put key`. */
const namesOf = ({ told }: EventReader) => told.slice(1).map(({ event, data }) => `${event} ${data.key}`);
const UNIQUE = 'end-of-test';

/** Waits until everything before has been told. */
async function settled(reader: EventReader, prefix = ''): Promise<string[]> {
  await cache.put(`${prefix}${UNIQUE}`, 1);
  const last = `put ${prefix}${UNIQUE}`;
  await until(() => namesOf(reader).includes(last), 5000, 'the last event');
  return namesOf(reader).slice(0, -1);
}

t.test('every change is told once, in order, on both doors, however it was asked', async (t) => {
  for (const door of [sidecar, socket]) {
    using reader = await readEvents(door);
    t.match(reader.response.headers, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    t.same(await reader.first(1), [{ event: 'reset', data: { foreign: false } }]);
    await put(sidecar, 'a', '1');
    await ask(sidecar, 'GET /v1/cache/a');
    await ask(sidecar, 'GET /v1/cache/a?touch=60');
    await ask(sidecar, 'POST /v1/cache/a/touch?ttl=60');
    await ask(sidecar, 'POST /v1/cache/a/increment');
    await ask(sidecar, 'POST /v1/cache/a/append', { body: '0' });
    await ask(sidecar, 'POST /v1/cache/a/prepend', { body: '3' });
    await ask(sidecar, 'DELETE /v1/cache/a');
    const batch = [
      { op: 'put', key: 'größe', value: 'x' },
      { op: 'get', key: 'größe' },
      { op: 'delete', key: 'größe' },
    ];
    await ask(sidecar, 'POST /v1/batch', { body: JSON.stringify(batch) });
    await cache.update('u', () => 1);
    await cache.touchMany(['u']);
    await cache.remove('u');
    t.same(await settled(reader), [
      ...['put a', 'touch a', 'touch a', 'put a', 'put a', 'put a', 'delete a'],
      ...['put größe', 'delete größe', 'put u', 'touch u', 'delete u'],
    ]);
  }
});

t.test('of locks, what changes the entry is told, and nothing else', async (t) => {
  await put(sidecar, 'locked', '1');
  using reader = await readEvents(sidecar);
  await reader.first(1);
  const lock = async () => {
    const { headers } = await ask(sidecar, 'POST /v1/cache/locked/lock?lease=60&absent=true');
    return { headers: { 'lock-token': headers['lock-token'] } };
  };
  await ask(sidecar, 'DELETE /v1/cache/locked/lock', await lock());
  await ask(sidecar, 'DELETE /v1/cache/locked/lock?ttl=60', await lock());
  await ask(sidecar, 'PUT /v1/cache/locked', { ...(await lock()), body: '2' });
  const held = await lock();
  await ask(sidecar, 'POST /v1/cache/locked/lock?lease=60');
  const other = { headers: { 'lock-token': '0'.repeat(32) } };
  await ask(sidecar, 'PUT /v1/cache/locked', { ...other, body: '3' });
  await ask(sidecar, 'DELETE /v1/cache/locked', other);
  await ask(sidecar, 'DELETE /v1/cache/locked', held);
  await ask(sidecar, 'DELETE /v1/cache/locked/lock?ttl=60', await lock());
  t.same(await settled(reader), ['touch locked', 'put locked', 'delete locked']);
});

t.test('what has not been done is not told', async (t) => {
  await cache.put('there', 1);
  using reader = await readEvents(sidecar);
  await reader.first(1);
  await put(sidecar, 'there', 'x');
  await ask(sidecar, 'PUT /v1/cache/there', { headers: { 'if-none-match': '*' }, body: 'y' });
  await ask(sidecar, 'PUT /v1/cache/absent', { headers: { 'if-match': '*' }, body: 'y' });
  await ask(sidecar, 'DELETE /v1/cache/absent');
  await ask(sidecar, 'POST /v1/cache/absent/touch?ttl=60');
  await ask(sidecar, 'POST /v1/cache/there/increment');
  await ask(sidecar, 'PUT /v1/cache/there?ttl=0', { body: 'y' });
  t.same(await settled(reader), ['put there']);
});

t.test('a reader is told of the keys that begin with its prefix, taken literally', async (t) => {
  using stars = await readEvents(sidecar, '?prefix=a%2A%5B%3F');
  using users = await readEvents(socket, '?prefix=gr%C3%B6%C3%9Fe');
  await Promise.all([stars.first(1), users.first(1)]);
  for (const key of ['a*[?', 'a*[?b', 'ab', 'a*', 'größe', 'größer', 'grö', 'GRÖSSE'])
    await cache.put(key, 1);
  t.same(await settled(stars, 'a*[?'), ['put a*[?', 'put a*[?b']);
  t.same(await settled(users, 'größe'), ['put größe', 'put größer']);
});

t.test('a clear is told to those whose keys it can have removed', async (t) => {
  for (const key of ['clear:a', 'clear:b', 'other']) await cache.put(key, 1);
  const readers = await Promise.all(
    ['', 'clear:', 'clear:a', 'clears', 'other'].map((p) => readEvents(socket, `?prefix=${p}`)),
  );
  await Promise.all(readers.map((reader) => reader.first(1)));
  await ask(sidecar, 'DELETE /v1/keys?prefix=clear:');
  await ask(sidecar, 'DELETE /v1/keys?prefix=clear:&cursor=none');
  for (const [i, reader] of readers.entries()) {
    await settled(reader, reader.prefix);
    const clears = reader.told.filter(({ event }) => event === 'clear');
    t.same(clears, i < 3 ? [{ event: 'clear', data: { prefix: 'clear:' } }] : [], reader.prefix);
    reader.close();
  }
});

t.test('a change is told when it can be read', async (t) => {
  using reader = await readEvents(sidecar, '?prefix=visible');
  await reader.first(1);
  for (let i = 1; i <= 50; i++) {
    const putting = put(sidecar, 'visible', String(i));
    await reader.first(1 + i);
    t.equal((await ask(sidecar, 'GET /v1/cache/visible')).text, String(i));
    await putting;
  }
});

t.test('what is wrong is said', async (t) => {
  const cases: [query: string, status: number, code: string][] = [
    ['?prefix=%00', 400, 'key_invalid'],
    ['?prefix=%FF', 400, 'query_invalid'],
    ['?prefix=%', 400, 'query_invalid'],
    [`?prefix=${'x'.repeat(1025)}`, 400, 'key_too_long'],
    ['?prefix=a&prefix=b', 400, 'query_invalid'],
    ['?key=a', 400, 'query_invalid'],
  ];
  for (const [query, status, code] of cases)
    t.match(await ask(sidecar, `GET /v1/events${query}`), { status, error: { code } }, query.slice(0, 20));
  t.match(await ask(sidecar, 'POST /v1/events'), { status: 405, error: { code: 'method_not_allowed' } });
});

t.test('the token is asked for', async (t) => {
  await using guarded = await startSidecar({ env: { AZURE_CACHE_API_TOKEN: 'secret-token-of-20-x' } });
  t.match(await ask(guarded, 'GET /v1/events'), { status: 401, error: { code: 'unauthorized' } });
  using reader = await readEvents(guarded, '', { authorization: 'Bearer secret-token-of-20-x' });
  await reader.first(1);
});

t.test('a reader that stops is dropped with a reason, holds nobody up, and is not buffered', async (t) => {
  const stopped = await connectDoor(socket);
  stopped.write('GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await within(new Promise((resolve) => stopped.once('data', resolve)), 5000, 'the first event');
  stopped.pause();
  using quick = await readEvents(sidecar, '?prefix=last');
  await quick.first(1);
  const keys = Array.from({ length: 1000 }, (_, i) => `${i}-${'x'.repeat(1000)}`);
  // 16 MB of events: more than the system takes, and what is held for a reader.
  for (let i = 0; i < 16; i++) await cache.putMany(keys.map((key) => [key, i]));
  await cache.put('last', 1);
  await quick.first(2);
  let text = '';
  stopped.on('data', (chunk) => {
    text += chunk;
  });
  stopped.resume();
  await within(new Promise((resolve) => stopped.once('end', resolve)), 10_000, 'the end of the slow reader');
  t.match(text, /event: end\ndata: {"reason":"slow"}\n\n\r\n0\r\n\r\n$/);
  // Of this the system's own share is small at a Unix socket. The Windows leg comes to its pipe by TCP, which takes up to
  // ten megabytes.
  const most = process.env.WINDOWS_LEG_NODE ? 13_000_000 : 2_000_000;
  t.ok(text.length < most, `${text.length} characters were kept for it`);
  await cache.removeMany(keys);
});

t.test(
  'more readers than the sidecar takes are refused, and there is room again when some have gone',
  async (t) => {
    const readers = await Promise.all(Array.from({ length: 256 }, () => readEvents(socket)));
    t.match(await ask(sidecar, 'GET /v1/events'), {
      status: 503,
      error: { code: 'too_many_readers', retryable: true },
      headers: { 'retry-after': '1' },
    });
    await cache.put('to-all', 1);
    for (const reader of readers) {
      t.same((await reader.first(2))[1], { event: 'put', data: { key: 'to-all' } });
      reader.close();
    }
    await until(
      async () => {
        using reader = await readEvents(sidecar);
        return reader.response.statusCode === 200;
      },
      5000,
      'room',
    );
  },
);

t.test('when the sidecar ends, its readers are told, and do not hold it up', async (t) => {
  await using ending = await startSidecar();
  using reader = await readEvents(ending);
  await reader.first(1);
  const start = performance.now();
  t.equal((await ending.stop()).code, 0);
  await reader.ended;
  t.same(reader.told.at(-1), { event: 'end', data: { reason: 'closing' } });
  t.ok(performance.now() - start < 2000);
});
