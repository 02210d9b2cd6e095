// The verbs over HTTP, on both doors of a sidecar on its embedded backend, and every bad input that has an answer.
import { createHash } from 'node:crypto';
import { test } from 'tap';
import { type DoorAddress, type HttpAnswer, request } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

const sidecar = await startSidecar();
const doors: [string, DoorAddress][] = [
  ['TCP', { url: sidecar.url }],
  ['socket', { socketPath: sidecar.socketPath }],
];
const etagOf = (value: string | Buffer) => `"${createHash('sha1').update(value).digest('hex')}"`;
const codeOf = (answer: HttpAnswer) => JSON.parse(answer.body.toString()).code;

for (const [name, door] of doors) {
  const send = (method: string, key: string, headers = {}, body?: string | Buffer) =>
    request({ ...door, method, path: `/v1/cache/${key}`, headers, ...(body === undefined ? {} : { body }) });

  test(`${name}: what is put is got, with its ETag, until it is deleted`, async (t) => {
    t.equal((await send('PUT', `${name}-a?ttl=60`, {}, 'hello')).status, 204);
    const got = await send('GET', `${name}-a`);
    t.equal(got.status, 200);
    t.equal(got.body.toString(), 'hello');
    t.equal(got.headers.etag, etagOf('hello'));
    t.equal((await send('DELETE', `${name}-a`)).status, 204);
    const gone = await send('GET', `${name}-a`);
    t.equal(gone.status, 404);
    t.equal(codeOf(gone), 'not_found');
    t.equal((await send('DELETE', `${name}-a`)).status, 404);
  });

  test(`${name}: keys and values are exact to the byte`, async (t) => {
    const value = Buffer.from('00ff00c3280d0a00', 'hex');
    for (const key of ['%F0%9F%98%80', 'a%2Fb', '%20', 'a%01b', '..%2F..%2Fx', 'a+b', '%2B']) {
      await send('PUT', `${name}-${key}`, {}, value);
      const got = await send('GET', `${name}-${key}`);
      t.same(got.body, value, key);
    }
    t.equal((await send('GET', `${name}-a%20b`)).status, 404, '+ in a path is a plus, not a space');
    await send('PUT', `${name}-none`, {}, '');
    const none = await send('GET', `${name}-none`);
    t.equal(none.status, 200, 'a value of no bytes is no miss');
    t.equal(none.headers['content-length'], '0');
    t.equal(none.headers.etag, etagOf(''));
  });

  test(`${name}: a value is never taken for a page`, async (t) => {
    await send('PUT', `${name}-html`, { 'content-type': 'text/html' }, '<script>alert(1)</script>');
    const { headers } = await send('GET', `${name}-html`);
    t.equal(headers['content-type'], 'application/octet-stream');
    t.equal(headers['x-content-type-options'], 'nosniff');
    t.match(headers['content-security-policy'], /sandbox/);
    t.notOk(headers['access-control-allow-origin'], 'no CORS');
  });

  test(`${name}: HEAD tells the length and the life left in seconds`, async (t) => {
    await send('PUT', `${name}-life?ttl=90`, {}, 'hello');
    const head = await send('HEAD', `${name}-life`);
    t.equal(head.status, 200);
    t.equal(head.headers['content-length'], '5');
    t.equal(head.body.length, 0);
    t.ok(Number(head.headers.ttl) > 80 && Number(head.headers.ttl) <= 90, head.headers.ttl as string);
    await send('PUT', `${name}-life?ttl=never`, {}, 'x');
    t.equal((await send('HEAD', `${name}-life`)).headers.ttl, undefined, 'no Ttl: it never expires');
    await send('PUT', `${name}-life`, {}, 'x');
    t.ok(Number((await send('HEAD', `${name}-life`)).headers.ttl) > 86_300, 'the default is a day');
  });

  test(`${name}: keep keeps the life; touch and ?touch= renew it; milliseconds are exact`, async (t) => {
    const ttl = async () => Number((await send('HEAD', `${name}-keep`)).headers.ttl);
    await send('PUT', `${name}-keep?ttl=100`, {}, 'a');
    await send('PUT', `${name}-keep?ttl=keep`, {}, 'b');
    t.ok((await ttl()) <= 100);
    t.equal(
      (await request({ ...door, method: 'POST', path: `/v1/cache/${name}-keep/touch?ttl=500` })).status,
      204,
    );
    t.ok((await ttl()) > 490);
    t.equal((await send('GET', `${name}-keep?touch=900`)).body.toString(), 'b');
    t.ok((await ttl()) > 890);
    t.equal(
      (await request({ ...door, method: 'POST', path: `/v1/cache/${name}-no/touch?ttl=5` })).status,
      404,
    );
    await send('PUT', `${name}-keep?ttl=150ms`, {}, 'c');
    await until(async () => (await send('GET', `${name}-keep`)).status === 404, 3000, 'the entry to expire');
  });

  test(`${name}: If-None-Match answers 304 to whom has the value`, async (t) => {
    await send('PUT', `${name}-304`, {}, 'hello');
    const etag = etagOf('hello');
    const matching = [etag, `W/${etag}`, `"other", ${etag}`, '*', etag.toUpperCase()];
    for (const given of matching) {
      const same = await send('GET', `${name}-304`, { 'if-none-match': given });
      t.equal(same.status, 304, given);
      t.equal(same.headers.etag, etag);
      t.equal(same.body.length, 0);
    }
    t.equal((await send('GET', `${name}-304`, { 'if-none-match': etagOf('x') })).status, 200);
    t.equal((await send('GET', `${name}-304`, { 'if-none-match': 'nonsense' })).status, 400);
  });

  test(`${name}: conditions decide whether a write happens`, async (t) => {
    const key = `${name}-cas`;
    t.equal((await send('PUT', key, { 'if-none-match': '*' }, 'one')).status, 201);
    const there = await send('PUT', key, { 'if-none-match': '*' }, 'two');
    t.equal(there.status, 412);
    t.equal(codeOf(there), 'exists');
    const right = await send('PUT', key, { 'if-match': etagOf('one') }, 'two');
    t.equal(right.status, 204);
    t.equal(right.headers.etag, etagOf('two'), 'a conditional put answers with the new ETag');
    const wrong = await send('PUT', key, { 'if-match': etagOf('one') }, 'three');
    t.equal(wrong.status, 412);
    t.equal(codeOf(wrong), 'changed');
    t.equal(wrong.headers.etag, etagOf('two'));
    t.equal((await send('DELETE', key, { 'if-match': etagOf('one') })).status, 412);
    t.equal((await send('PUT', key, { 'if-match': '*' }, 'four')).status, 204);
    t.equal((await send('DELETE', key, { 'if-match': etagOf('four') })).status, 204);
    const absent = await send('PUT', key, { 'if-match': '*' }, 'five');
    t.equal(absent.status, 412);
    t.equal(codeOf(absent), 'absent');
    t.equal((await send('GET', key)).status, 404, 'nothing was stored by a condition that did not hold');
  });

  test(`${name}: a touch with If-Match renews the life of this value and of no other`, async (t) => {
    const key = `${name}-touch`;
    const touch = (etag: string) => send('POST', `${key}/touch?ttl=500`, { 'if-match': etag });
    const ttl = async () => Number((await send('HEAD', key)).headers.ttl);
    const absent = await touch(etagOf('one'));
    t.equal(absent.status, 412);
    t.equal(codeOf(absent), 'absent');
    await send('PUT', `${key}?ttl=100`, {}, 'one');
    const changed = await touch(etagOf('two'));
    t.equal(changed.status, 412);
    t.equal(codeOf(changed), 'changed');
    t.equal(changed.headers.etag, etagOf('one'));
    t.ok((await ttl()) <= 100, 'its life is as it was');
    t.equal((await touch(etagOf('one'))).status, 204);
    t.ok((await ttl()) > 490);
    await send('PUT', key, {}, Buffer.alloc(1024 * 1024 + 1));
    const large = await touch(etagOf('one'));
    t.equal(large.status, 413);
    t.equal(codeOf(large), 'too_large_for_condition');
  });

  test(`${name}: numbers are counted, from initial where there is none, and keep their life`, async (t) => {
    const count = (query: string) => send('POST', `${name}-count/increment${query}`);
    const first = await count('?by=-3&initial=10&ttl=100');
    t.equal(first.status, 200);
    t.equal(first.body.toString(), '7');
    t.match(first.headers['content-type'], /^text\/plain/);
    t.equal(first.headers['x-content-type-options'], 'nosniff');
    t.equal((await count('')).body.toString(), '8');
    t.equal((await count('?by=9223372036854775799&ttl=never')).body.toString(), '9223372036854775807');
    const head = await send('HEAD', `${name}-count`);
    t.ok(Number(head.headers.ttl) <= 100, 'its life is as it was');
    const over = await count('');
    t.equal(over.status, 409);
    t.equal(codeOf(over), 'number_overflow');
    t.equal((await send('GET', `${name}-count`)).body.toString(), '9223372036854775807');
    t.equal((await send('POST', `${name}-new/increment`)).body.toString(), '1');
    t.ok(Number((await send('HEAD', `${name}-new`)).headers.ttl) > 86_300, 'the default is a day');
  });

  test(`${name}: what is no number is not counted: 409, and it stays`, async (t) => {
    for (const text of ['', '5.0', '"5"']) {
      await send('PUT', `${name}-text`, {}, text);
      const refused = await send('POST', `${name}-text/increment`);
      t.equal(refused.status, 409);
      t.equal(codeOf(refused), 'not_a_number');
      t.equal((await send('GET', `${name}-text`)).body.toString(), text);
    }
  });

  test(`${name}: append and prepend add the bytes of the body, and make nothing of nothing`, async (t) => {
    const add = (way: string, body?: string | Buffer, headers = {}) =>
      send('POST', `${name}-grown/${way}`, headers, body);
    const odd = Buffer.from('00ff00c328', 'hex');
    for (const way of ['append', 'prepend']) {
      const absent = await add(way, 'x');
      t.equal(absent.status, 404);
      t.equal(codeOf(absent), 'not_found');
    }
    await send('PUT', `${name}-grown?ttl=100`, {}, 'b');
    const longer = await add('append', odd, { 'content-type': 'application/json' });
    t.equal(longer.status, 200);
    t.equal(longer.body.toString(), '6');
    t.match(longer.headers['content-type'], /^text\/plain/);
    t.equal((await add('prepend', 'a')).body.toString(), '7');
    t.equal((await add('append')).body.toString(), '7', 'no body adds nothing');
    t.same((await send('GET', `${name}-grown`)).body, Buffer.concat([Buffer.from('ab'), odd]));
    t.ok(Number((await send('HEAD', `${name}-grown`)).headers.ttl) <= 100, 'its life is as it was');
  });
}

test('health needs no more than a GET', async (t) => {
  for (const path of ['/healthz', '/readyz'])
    for (const [name, door] of doors)
      t.equal((await request({ ...door, path })).status, 200, `${path} ${name}`);
});

test('the sidecar ends in order', async (t) => t.same(await sidecar.stop(), { code: 0, signal: null }));
