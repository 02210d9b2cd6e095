// Many requests at once on one connection, and requests of a form that seldom comes: answered in order, one after the
// other, and with nothing of them lost.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { ask } from './fixtures/ask.js';
import { connectDoor, rawRequest } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until, within } from './fixtures/wait.js';

const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());
const END = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
const get = (key: string, headers = '') =>
  `GET /v1/cache/${key} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
const put = (key: string, value: string, headers = '') =>
  `PUT /v1/cache/${key} HTTP/1.1\r\nHost: localhost\r\n${headers}Content-Length: ${value.length}\r\n\r\n${value}`;
/** Everything that comes back until the last answer. */
const send = async (...requests: string[]) => rawRequest(await connectDoor(sidecar), requests.join('') + END);
const statusesOf = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));

t.test('a read finds what the write before it has written', async (t) => {
  for (let i = 0; i < 20; i++) {
    const text = await send(put('order', `value-${i}`), get('order'), put('order', 'other'), get('order'));
    t.same(statusesOf(text), [204, 200, 204, 200, 200]);
    t.match(text, new RegExp(`value-${i}[^]*other`));
  }
});

t.test('thousands are answered, hits and misses, each in its place', async (t) => {
  await ask(sidecar, 'PUT /v1/cache/hit', { body: 'x' });
  for (let i = 0; i < 3; i++) await ask(sidecar, 'GET /v1/cache/hit');
  const asked = Array.from({ length: 5000 }, (_, i) => (i % 3 === 0 ? 'miss' : 'hit'));
  const statuses = statusesOf(await send(...asked.map((key) => get(key))));
  t.same(statuses, [...asked.map((key) => (key === 'hit' ? 200 : 404)), 200]);
});

t.test('readers of events on one connection are one, and are gone with it', async (t) => {
  const socket = await connectDoor(sidecar);
  socket.write('GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(300));
  await within(new Promise((resolve) => socket.once('data', resolve)), 5000, 'the first event');
  t.equal((await ask(sidecar, 'GET /readyz')).status, 200);
  socket.destroy();
  const others = await Promise.all(Array.from({ length: 255 }, () => connectDoor(sidecar)));
  for (const other of others) other.write('GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  for (const other of others)
    t.match(await within(new Promise((resolve) => other.once('data', resolve)), 5000, 'its event'), /200 OK/);
  for (const other of others) other.destroy();
});

t.test(
  'large answers that nobody reads are not made one beside the other',
  { skip: process.platform === 'linux' ? false : 'memory is read from /proc' },
  async (t) => {
    const rss = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${sidecar.pid}/status`, 'utf8'))?.[1]) / 1024;
    await ask(sidecar, 'PUT /v1/cache/large', { body: Buffer.alloc(8 * 1024 * 1024) });
    const socket = await connectDoor(sidecar);
    socket.on('error', () => {});
    const before = rss();
    socket.pause();
    socket.write(get('large', 'Cache-Control: no-cache\r\n').repeat(100));
    // As long as others get their answers, the sidecar has had the time to make them.
    for (let i = 0; i < 200; i++) t.equal((await ask(sidecar, 'GET /v1/cache/none')).status, 404);
    const grown = rss() - before;
    t.ok(grown < 200, `${grown.toFixed(0)} MiB more`);
    socket.destroy();
  },
);

t.test('an upgrade waits for the answers before it', async (t) => {
  await ask(sidecar, 'PUT /v1/cache/first', { body: 'first' });
  const upgrade = (to: string, path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${to}\r\n\r\n`;
  const text = await send(get('first'), upgrade('h2c', '/v1/cache/first'), get('first'));
  t.same(statusesOf(text), [200, 200, 200, 200]);
  const socket = await connectDoor(sidecar);
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.write(
    get('none') + get('first', 'Cache-Control: no-cache\r\n') + upgrade('azurecache/1', '/v1/stream'),
  );
  await until(
    () => received.includes('101 Switching'),
    5000,
    () => received,
  );
  t.same(statusesOf(received), [404, 200, 101]);
  socket.destroy();
});

t.test('a connection that is reset while its upgrade waits ends nothing but itself', async (t) => {
  for (const to of ['h2c', 'azurecache/1'])
    for (let i = 0; i < 5; i++) {
      const socket = await connectDoor(sidecar);
      socket.on('error', () => {});
      socket.write(
        `GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${to}\r\n\r\n`,
      );
      await within(new Promise((resolve) => socket.once('data', resolve)), 5000, 'the events');
      socket.resetAndDestroy();
      // Written to a connection that is gone.
      for (let n = 0; n < 3; n++)
        t.equal((await ask(sidecar, 'PUT /v1/cache/reset', { body: 'x' })).status, 204);
    }
  t.equal((await ask(sidecar, 'GET /readyz')).status, 200);
});

t.test('of thousands of headers none is dropped', async (t) => {
  const many = 'a:\r\n'.repeat(2500);
  await ask(sidecar, 'PUT /v1/cache/many', { body: 'old' });
  t.same(statusesOf(await send(put('many', 'new', `${many}If-None-Match: *\r\n`))), [412, 200]);
  t.same(statusesOf(await send(put('many', 'new', many))), [204, 200]);
  t.equal((await ask(sidecar, 'GET /v1/cache/many')).text, 'new');
  t.same(statusesOf(await send(get('many', `${many}Origin: http://evil.example\r\n`))), [403, 200]);
});

t.test('without a Host, and with a method that is none here, the answer is as always', async (t) => {
  const noHost = await send('GET /v1/cache/a HTTP/1.1\r\n\r\n');
  t.same(statusesOf(noHost), [403, 200]);
  t.match(noHost, /"code":"host_refused"/);
  for (const path of ['/v1/cache/a', '/healthz'])
    t.match(
      await ask(sidecar, `QUERY ${path}`),
      { status: 405, error: { code: 'method_not_allowed' } },
      path,
    );
  t.match(await ask(sidecar, 'QUERY /nope'), { status: 404, error: { code: 'route_not_found' } });
  t.same(
    sidecar.logs().filter(({ level }) => Number(level) >= 40),
    [],
  );
});
