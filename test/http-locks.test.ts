// Locks over HTTP, on both doors of a sidecar on its embedded backend, and in a batch.
import { createHash } from 'node:crypto';
import { test } from 'tap';
import { type Asked, ask } from './fixtures/ask.js';
import type { DoorAddress } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

const sidecar = await startSidecar();
const doors: [string, DoorAddress][] = [
  ['TCP', { url: sidecar.url }],
  ['socket', { socketPath: sidecar.socketPath }],
];
const TOKEN = /^[0-9a-f]{32}$/;
const OTHER = '0123456789abcdef0123456789abcdef';
const etagOf = (value: string) => `"${createHash('sha1').update(value).digest('hex')}"`;
const held = (token: unknown, more = {}) => ({ headers: { 'lock-token': String(token), ...more } });

for (const [name, door] of doors) {
  const key = (ending: string) => `${name}-${ending}`;
  const send = (line: string, asked: Asked = {}) => {
    const [method, path] = line.split(' ');
    return ask(door, `${method} /v1/cache/${path}`, asked);
  };
  const lock = async (path: string) => {
    const { status, headers } = await send(`POST ${path}/lock?lease=60&absent=true`);
    if (status !== 200 && status !== 204) throw new Error(`locking was answered with ${status}`);
    return String(headers['lock-token']);
  };

  test(`${name}: a lock answers value, ETag and token; a second one is refused until it is given up`, async (t) => {
    const a = key('a');
    await send(`PUT ${a}`, { body: 'hello' });
    const first = await send(`POST ${a}/lock?lease=60`);
    t.equal(first.status, 200);
    t.equal(first.text, 'hello');
    t.equal(first.headers.etag, etagOf('hello'));
    t.equal(first.headers['content-type'], 'application/octet-stream');
    t.equal(first.headers['x-content-type-options'], 'nosniff');
    const token = first.headers['lock-token'];
    t.match(token, TOKEN);
    const second = await send(`POST ${a}/lock?lease=60`);
    t.equal(second.status, 423);
    t.match(second.error, { code: 'locked', error: 'Locked', retryable: true, outcome: 'not_applied' });
    t.equal(second.headers['lock-token'], undefined);
    const wait = Number(second.headers['retry-after']);
    t.ok(wait > 45 && wait <= 60, `Retry-After: ${wait}`);
    t.equal((await send(`DELETE ${a}/lock`, held(OTHER))).error.code, 'not_held');
    t.equal((await send(`DELETE ${a}/lock`, held(token))).status, 204);
    const again = await send(`DELETE ${a}/lock`, held(token));
    t.equal(again.status, 412);
    t.match(again.error, { code: 'not_held', retryable: false, outcome: 'not_applied' });
    const third = await send(`POST ${a}/lock?lease=1500ms`);
    t.equal(third.status, 200);
    t.not(third.headers['lock-token'], token, 'every lock has a token of its own');
    t.equal((await send(`POST ${a}/lock?lease=60`)).headers['retry-after'], '2', 'rounded up');
  });

  test(`${name}: where there is no entry a lock is 404, and with absent=true 204`, async (t) => {
    const b = key('b');
    for (const query of ['', '&absent=false']) {
      const none = await send(`POST ${b}/lock?lease=60${query}`);
      t.equal(none.status, 404);
      t.equal(none.error.code, 'not_found');
      t.equal(none.headers['lock-token'], undefined);
    }
    const locked = await send(`POST ${b}/lock?lease=60&absent=true`);
    t.equal(locked.status, 204);
    t.match(locked.headers['lock-token'], TOKEN);
    t.equal(locked.headers.etag, undefined);
    t.equal((await send(`GET ${b}`)).status, 404);
    t.equal((await send(`GET ${b}/lock`)).headers.allow, 'POST, DELETE');
    await send(`PUT ${key('empty')}`, { body: '' });
    t.equal((await send(`POST ${key('empty')}/lock?lease=60`)).status, 200, 'a value of no bytes is one');
  });

  test(`${name}: PUT with the token writes and unlocks; with another, and later, it is 412 and writes nothing`, async (t) => {
    const c = key('c');
    const token = await lock(c);
    t.equal((await send(`PUT ${c}`, { ...held(OTHER), body: 'other' })).error.code, 'not_held');
    t.equal((await send(`GET ${c}`)).status, 404);
    t.equal((await send(`PUT ${c}?ttl=90`, { ...held(token), body: 'mine' })).status, 204);
    t.equal((await send(`HEAD ${c}`)).headers.ttl, '90');
    t.equal((await send(`PUT ${c}`, { ...held(token), body: 'late' })).status, 412);
    t.equal((await send(`GET ${c}`)).text, 'mine');
    const next = await lock(c);
    const changed = await send(`PUT ${c}`, { ...held(next, { 'if-match': etagOf('old') }), body: 'x' });
    t.match(changed.error, { code: 'changed' }, 'the condition counts as well');
    t.equal(changed.headers.etag, etagOf('mine'));
    const right = await send(`PUT ${c}`, { ...held(next, { 'if-match': etagOf('mine') }), body: 'new' });
    t.equal(right.status, 204, 'and the lock was kept');
    t.equal(right.headers.etag, etagOf('new'));
  });

  test(`${name}: DELETE with the token deletes and unlocks`, async (t) => {
    const d = key('d');
    await send(`PUT ${d}`, { body: 'hello' });
    const token = await lock(d);
    t.equal((await send(`DELETE ${d}`, held(OTHER))).status, 412);
    t.equal((await send(`GET ${d}`)).status, 200);
    t.equal((await send(`DELETE ${d}`, held(token.toUpperCase()))).status, 204, 'hex of either case');
    t.equal((await send(`GET ${d}`)).status, 404);
    await lock(d);
  });

  test(`${name}: an unlock can give the entry a life`, async (t) => {
    const e = key('e');
    await send(`PUT ${e}?ttl=60`, { body: 'hello' });
    t.equal((await send(`DELETE ${e}/lock`, held(await lock(e)))).status, 204);
    t.equal((await send(`HEAD ${e}`)).headers.ttl, '60');
    t.equal((await send(`DELETE ${e}/lock?ttl=600`, held(await lock(e)))).status, 204);
    t.equal((await send(`HEAD ${e}`)).headers.ttl, '600');
    t.equal((await send(`DELETE ${e}/lock?ttl=never`, held(await lock(e)))).status, 204);
    t.equal((await send(`HEAD ${e}`)).headers.ttl, undefined);
    const token = await lock(e);
    await send(`DELETE ${e}`);
    t.equal((await send(`DELETE ${e}/lock?ttl=600`, held(token))).status, 404, 'there is none any more');
    t.equal((await send(`DELETE ${e}/lock`, held(token))).status, 412, 'and the lock is given up');
  });

  test(`${name}: a lock ends by its lease, and is renewed with its own token`, async (t) => {
    const f = key('f');
    await send(`PUT ${f}`, { body: 'hello' });
    const { headers } = await send(`POST ${f}/lock?lease=100ms`);
    const token = headers['lock-token'];
    const renewed = await send(`POST ${f}/lock?lease=60`, held(token));
    t.equal(renewed.status, 200);
    t.equal(renewed.headers['lock-token'], token);
    t.ok(Number((await send(`POST ${f}/lock?lease=60`)).headers['retry-after']) > 45);
    t.equal((await send(`POST ${f}/lock?lease=1ms`, held(token))).status, 200);
    await until(
      async () => (await send(`POST ${f}/lock?lease=60`)).status === 200,
      5000,
      'the lease to pass',
    );
    t.equal((await send(`PUT ${f}`, { ...held(token), body: 'late' })).error.code, 'not_held');
  });

  test(`${name}: plain requests go on as if there were no lock`, async (t) => {
    const g = key('g');
    const token = await lock(g);
    t.equal((await send(`PUT ${g}`, { body: '1' })).status, 204);
    t.equal((await send(`POST ${g}/increment`)).text, '2');
    t.equal((await send(`POST ${g}/touch?ttl=60`)).status, 204);
    t.equal((await send(`GET ${g}`)).text, '2');
    t.equal((await send(`DELETE ${g}`)).status, 204);
    t.equal((await send(`DELETE ${g}/lock`, held(token))).status, 204, 'and it is held all the time');
  });

  test(`${name}: a put or delete of a batch takes a token`, async (t) => {
    const [h, i] = [key('h'), key('i')];
    const [token, another] = [await lock(h), await lock(i)];
    const items = [
      { op: 'put', key: h, value: 'x', token: OTHER },
      { op: 'put', key: h, value: 'x', token: 'none' },
      { op: 'put', key: h, value: 'x', token },
      { op: 'delete', key: i, token: OTHER },
      { op: 'delete', key: i, token: another },
      { op: 'delete', key: h, token },
      { op: 'get', key: h },
    ];
    const { text } = await ask(door, 'POST /v1/batch', { body: JSON.stringify(items) });
    t.match(JSON.parse(text), [
      { status: 412, code: 'not_held' },
      { status: 400, code: 'token_invalid' },
      { status: 204 },
      { status: 412, code: 'not_held' },
      { status: 404, code: 'not_found' },
      { status: 412, code: 'not_held' },
      { status: 200, value: 'x' },
    ]);
    for (const item of [
      { op: 'get', key: h, token },
      { op: 'touch', key: h, token },
      { op: 'lock', key: h, lease: 5 },
      { op: 'put', key: h, value: 'x', token: 5 },
    ]) {
      const refused = await ask(door, 'POST /v1/batch', { body: JSON.stringify([item]) });
      t.equal(refused.error.code, 'batch_invalid', item.op);
    }
  });
}

test('the sidecar ends in order', async (t) => t.same(await sidecar.stop(), { code: 0, signal: null }));
