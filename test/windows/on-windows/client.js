// Runs under the Windows Node: the client as an application has it, against the sidecar that the environment names, or
// that is found by name. Started by client.test.ts, which says with VISITS how often its session was met before.
import assert from 'node:assert/strict';
import { createServer, get } from 'node:http';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';

// Under another name the compiler takes it for no import: these have types for servers of other kinds.
const load = createRequire(import.meta.url);
const session = load('express-session');
const AzureCacheStore = load('azurecache')(session);
const cache = load('azurecache').create({ waitMs: 2000 });
const store = new AzureCacheStore({ waitMs: 2000 });

after(async () => {
  await cache.close();
  await store.close();
});

test('what is put is got, with its life, also if it is large, until it is removed', async () => {
  await cache.put('object', { ü: ['€', 1] }, { ttl: 60 });
  assert.deepEqual(await cache.get('object'), { ü: ['€', 1] });
  const large = 'x'.repeat(3 * 1024 * 1024);
  await cache.put('large', large);
  assert.equal(await cache.get('large'), large);
  await cache.remove('object');
  assert.equal(await cache.get('object'), null);
});

test('a thousand operations at once are answered, each with its own value', async () => {
  const numbers = Array.from({ length: 1000 }, (_, number) => number);
  await Promise.all(numbers.map((number) => cache.put(`n${number}`, number)));
  assert.deepEqual(await Promise.all(numbers.map((number) => cache.get(`n${number}`))), numbers);
});

test('a session is kept from request to request, and from process to process', async (t) => {
  const middleware = session({ store, secret: 'of the test', resave: false, saveUninitialized: false });
  const server = createServer((/** @type {any} */ visit, response) =>
    middleware(visit, response, () => {
      visit.session.visits = (visit.session.visits ?? 0) + 1;
      response.end(String(visit.session.visits));
    }),
  );
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  t.after(() => server.close());
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const before = Number(process.env.VISITS);
  const known = before > 0 ? await cache.get('cookie') : undefined;
  const first = await visit(port, known);
  assert.equal(first.text, String(before + 1));
  const cookie = known ?? first.cookie;
  await cache.put('cookie', cookie);
  assert.equal((await visit(port, cookie)).text, String(before + 2));
});

/**
 * Not with fetch: its connections fail under Wine.
 * @param {number} port
 * @param {string | undefined} cookie
 * @returns {Promise<{ text: string, cookie: string | undefined }>}
 */
function visit(port, cookie) {
  return new Promise((resolve, reject) => {
    const headers = cookie === undefined ? {} : { cookie };
    get({ host: '127.0.0.1', port, headers, agent: false }, async (response) => {
      const text = Buffer.concat(await response.toArray()).toString();
      resolve({ text, cookie: response.headers['set-cookie']?.[0]?.split(';')[0] });
    }).on('error', reject);
  });
}
