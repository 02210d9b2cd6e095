// GETs that are answered before fastify is asked: which these are, and that the answer is the one that the routes give.
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { operation, type Watched } from '../src/backend.js';
import { Guard } from '../src/guard.js';
import { withHits } from '../src/hits.js';
import { NearCache } from '../src/near-cache.js';
import { FakeBackend } from './fake-backend.js';
import { ask } from './fixtures/ask.js';
import { startSidecar } from './fixtures/sidecar.js';

/** A door before a routing that answers 418, and how often that was asked. */
async function open(token?: string) {
  const backend = Object.assign(new FakeBackend(), { alone: true, watch: () => {}, mark: () => {} });
  const near = new NearCache(backend satisfies Watched, { maxBytes: 1024 * 1024 });
  const run = (verb: 'get' | 'put' | 'delete', key: string, value?: string) =>
    near.run({
      ...operation(verb, Buffer.from(key)),
      ...(value === undefined ? {} : { value: Buffer.from(value), ttlKind: 'for', ttlMs: 60_000 }),
      deadlineMs: 1000,
    });
  const hold = async (key: string, value: string) => {
    await run('put', key, value);
    for (let i = 0; i < 2; i++) await run('get', key);
  };
  const routing: RequestListener = (_request, response) => void response.writeHead(418).end();
  const server = createServer(withHits(routing, near, new Guard({ apiToken: token, remote: false })));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.teardown(() => server.close());
  return { door: { url }, near, hold, run };
}

t.test('a plain GET of a copy is answered; without a copy the routes are asked', async (t) => {
  const { door, hold, run } = await open();
  t.equal((await ask(door, 'GET /v1/cache/a')).status, 418);
  await hold('a', 'hello');
  t.match(await ask(door, 'GET /v1/cache/a'), { status: 200, text: 'hello' });
  await run('put', 'a', 'changed');
  t.equal((await ask(door, 'GET /v1/cache/a')).status, 418, 'a write takes the copy away');
  await hold('a', 'x');
  await run('delete', 'a');
  t.equal((await ask(door, 'GET /v1/cache/a')).status, 418);
});

t.test('whatever is more than a plain GET goes to the routes', async (t) => {
  const { door, hold } = await open();
  for (const key of ['a', 'a b', 'a/b', '%', 'ä', 'A_b.c:d~e@f-g']) await hold(key, 'held');
  t.equal((await ask(door, 'GET /v1/cache/A_b.c:d~e@f-g')).status, 200);
  const paths = ['a?touch=60', 'a?', 'a%20b', 'a%2Fb', 'a/b', '%25', '%C3%A4', 'a/touch', '', 'b'];
  for (const path of paths) t.equal((await ask(door, `GET /v1/cache/${path}`)).status, 418, path);
  for (const path of ['/v1/cache', '/v1/keys', '/v1/Cache/a', '//v1/cache/a', '/v1/cache//a'])
    t.equal((await ask(door, `GET ${path}`)).status, 418, path);
  for (const method of ['HEAD', 'PUT', 'DELETE', 'POST', 'PATCH'])
    t.equal((await ask(door, `${method} /v1/cache/a`)).status, 418, method);
  const headers = [
    { 'if-none-match': '*' },
    { 'if-match': '*' },
    { 'cache-control': 'no-cache' },
    { 'lock-token': '00' },
    { 'content-length': '1' },
    { 'transfer-encoding': 'chunked' },
  ];
  for (const given of headers) {
    const body = 'content-length' in given ? { body: 'x' } : {};
    t.equal(
      (await ask(door, 'GET /v1/cache/a', { headers: given, ...body })).status,
      418,
      JSON.stringify(given),
    );
  }
});

t.test('who may not ask gets nothing of it', async (t) => {
  const { door, hold } = await open('planted-token-0123456789');
  await hold('a', 'hello');
  t.equal((await ask(door, 'GET /v1/cache/a')).status, 418);
  const authorization = 'Bearer planted-token-0123456789';
  t.equal((await ask(door, 'GET /v1/cache/a', { headers: { authorization } })).status, 200);
  for (const more of [
    { host: 'evil.example' },
    { origin: 'http://evil.example' },
    { 'sec-fetch-site': 'cross-site' },
  ])
    t.equal((await ask(door, 'GET /v1/cache/a', { headers: { authorization, ...more } })).status, 418);
});

t.test('the answer is that of the routes, byte for byte and header for header', async (t) => {
  await using sidecar = await startSidecar();
  const socket = { socketPath: sidecar.socketPath };
  const stable = ({ date, ...headers }: IncomingHttpHeaders) => headers;
  for (const [key, body] of [
    ['text', 'hello'],
    ['empty', ''],
    ['bytes', Buffer.from([0, 255, 10, 13])],
    ['large', Buffer.alloc(1024 * 1024, 'x')],
  ] as const) {
    await ask(sidecar, `PUT /v1/cache/${key}`, { body });
    for (const door of [sidecar, socket]) {
      for (let i = 0; i < 3; i++) await ask(door, `GET /v1/cache/${key}`);
      const quick = await ask(door, `GET /v1/cache/${key}`);
      // A directive that changes nothing, but is more than a plain GET.
      const routed = await ask(door, `GET /v1/cache/${key}`, { headers: { 'cache-control': 'max-age=5' } });
      t.same([quick.status, quick.text], [200, String(body)], key);
      t.same(stable(quick.headers), stable(routed.headers), key);
      t.equal(quick.text, routed.text);
    }
  }
});
