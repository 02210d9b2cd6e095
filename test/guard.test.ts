// Who may ask: the token on both doors and on the upgrade, and web pages kept out of the TCP door.
import { test } from 'tap';
import { connectDoor, type DoorAddress, rawRequest, request } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';

const TOKEN = 'a-token-of-this-test-1234';
const open = await startSidecar();
const guarded = await startSidecar({ env: { AZURE_CACHE_API_TOKEN: TOKEN } });
const PATH = '/v1/cache/guard';
const doorsOf = (sidecar: typeof open): [string, DoorAddress][] => [
  ['TCP', { url: sidecar.url }],
  ['socket', { socketPath: sidecar.socketPath }],
];

const PAGES: [why: string, headers: Record<string, string>, code: string][] = [
  ['a rebound name', { host: 'evil.example' }, 'host_refused'],
  ['a name that begins like loopback', { host: '127.0.0.1.evil.example' }, 'host_refused'],
  ['a name that ends like loopback', { host: 'evil.localhost.example:80' }, 'host_refused'],
  ['an address beyond loopback', { host: '10.0.0.1' }, 'host_refused'],
  ['a foreign Origin', { origin: 'https://evil.example' }, 'origin_refused'],
  ['another port of this machine', { origin: 'http://127.0.0.1:3000' }, 'origin_refused'],
  ['Origin: null', { origin: 'null' }, 'origin_refused'],
  ['a cross-site request', { 'sec-fetch-site': 'cross-site' }, 'origin_refused'],
  ['a same-site request of another port', { 'sec-fetch-site': 'same-site' }, 'origin_refused'],
];

for (const [why, headers, code] of PAGES)
  test(`TCP door: ${why} is refused, for reading and writing`, async (t) => {
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await request({ url: open.url, method, path: PATH, headers });
      t.equal(answer.status, 403, method);
      t.equal(JSON.parse(answer.body.toString()).code, code);
      t.notOk(answer.headers['access-control-allow-origin']);
    }
    t.equal((await request({ url: open.url, path: '/healthz', headers })).status, 403, 'health too');
  });

test('TCP door: loopback names and the own origin are taken', async (t) => {
  const { port } = new URL(open.url);
  const hosts = [
    'localhost',
    `localhost:${port}`,
    'LOCALHOST.',
    '127.0.0.1',
    `127.0.0.1:${port}`,
    '[::1]:80',
  ];
  for (const host of hosts)
    t.equal((await request({ url: open.url, path: PATH, headers: { host } })).status, 404, host);
  const own = { origin: open.url, 'sec-fetch-site': 'same-origin' };
  t.equal((await request({ url: open.url, path: PATH, headers: own })).status, 404);
});

test('TCP door: a request without Host, or with an empty one, is refused', async (t) => {
  for (const head of ['HTTP/1.0', 'HTTP/1.0\r\nHost:', 'HTTP/1.1\r\nHost:\r\nConnection: close']) {
    const answer = await rawRequest(await connectDoor({ url: open.url }), `GET ${PATH} ${head}\r\n\r\n`);
    t.match(answer, /^HTTP\/1\.1 403 /);
  }
});

test('the socket takes any Host: no browser can reach it', async (t) => {
  const headers = { host: 'anything.example' };
  t.equal((await request({ socketPath: open.socketPath, path: PATH, headers })).status, 404);
});

for (const [name, door] of doorsOf(guarded))
  test(`${name} door: with a token set, nothing but health answers without it`, async (t) => {
    const statusWith = async (authorization?: string, path = PATH) =>
      (await request({ ...door, path, headers: authorization === undefined ? {} : { authorization } }))
        .status;
    t.equal(await statusWith(), 401);
    t.equal(await statusWith('Bearer wrong'), 401);
    t.equal(await statusWith(`Bearer ${TOKEN}x`), 401);
    t.equal(await statusWith(`Basic ${TOKEN}`), 401);
    t.equal(await statusWith(TOKEN), 401);
    t.equal(await statusWith(`Bearer ${TOKEN}`), 404);
    t.equal(await statusWith(`bearer ${TOKEN}`), 404, 'the scheme is not case-sensitive');
    t.equal(await statusWith(undefined, '/healthz'), 200);
    t.equal(await statusWith(undefined, '/readyz'), 200);
    t.equal(await statusWith(undefined, '/no/such/path'), 401, 'paths are not given away either');
    const refused = await request({ ...door, method: 'PUT', path: PATH, body: 'x' });
    t.equal(refused.headers['www-authenticate'], 'Bearer');
  });

const upgrade = (headers: string) =>
  `GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: azurecache/1\r\n${headers}\r\n`;

for (const [name, door] of doorsOf(guarded))
  test(`${name} door: the upgrade asks for the token too`, async (t) => {
    t.match(await rawRequest(await connectDoor(door), upgrade('')), /^HTTP\/1\.1 401 /);
    const socket = await connectDoor(door);
    const first = new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.write(upgrade(`Authorization: Bearer ${TOKEN}\r\n`));
    t.match((await first).toString(), /^HTTP\/1\.1 101 /);
    socket.destroy();
  });

test('TCP door: a web page cannot upgrade', async (t) => {
  const answer = await rawRequest(
    await connectDoor({ url: open.url }),
    upgrade('Origin: http://evil.example\r\n'),
  );
  t.match(answer, /^HTTP\/1\.1 403 /);
});

test('an offer of h2c is answered as plain HTTP/1.1, with its body', async (t) => {
  const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n';
  const socket = await connectDoor({ url: open.url });
  const first = new Promise<Buffer>((resolve) => socket.once('data', resolve));
  socket.write(`PUT ${PATH}-h2 HTTP/1.1\r\nHost: localhost\r\n${offer}Content-Length: 5\r\n\r\nhello`);
  t.match((await first).toString(), /^HTTP\/1\.1 204 /);
  const answer = await rawRequest(
    socket,
    `GET ${PATH}-h2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  );
  t.match(answer, /hello$/);
});

test('both end in order', async (t) => {
  t.same(await open.stop(), { code: 0, signal: null });
  t.same(await guarded.stop(), { code: 0, signal: null });
});
