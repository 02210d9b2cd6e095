// Tags over HTTP, on a sidecar with its embedded backend. The rules of tags: contract/tags.ts and tags-at-once.ts; what
// lies in Redis: tags-redis.test.ts.
import t from 'tap';
import type { ClearedPage, KeyPage } from '../src/backend.js';
import { ERRORS } from '../src/errors.js';
import { type Answer, ask, get, put } from './fixtures/ask.js';
import { startSidecar } from './fixtures/sidecar.js';

const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());
const keysOf = ({ text }: Answer) => (JSON.parse(text) as KeyPage).keys.sort();
const tagged = async (path: string) => keysOf(await ask(sidecar, `GET /v1/tags${path}`));

t.test('PUT with tags, then the keys by tag, by any and by all of several', async (t) => {
  t.equal((await put(sidecar, 'a?tag=user:42&tag=x%2Fy', 'v')).status, 204);
  t.equal((await put(sidecar, 'b?ttl=60&tag=user:42', 'v')).status, 204);
  t.equal((await put(sidecar, 'c?tag=x%2Fy', 'v')).status, 204);
  const page = await ask(sidecar, 'GET /v1/tags/user:42');
  t.match(page.headers, { 'content-type': /^application\/json/, 'cache-control': 'no-store' });
  t.same(keysOf(page), ['a', 'b']);
  t.same(await tagged('/x%2Fy'), ['a', 'c']);
  t.same(await tagged('?tag=user:42&tag=x/y'), ['a', 'a', 'b', 'c'], 'for each of its tags');
  t.same(await tagged('?tag=user:42&tag=x/y&match=any'), ['a', 'a', 'b', 'c']);
  t.same(await tagged('?tag=user:42&tag=x/y&match=all'), ['a']);
  t.same(await tagged('/user:42?prefix=b'), ['b']);
  t.same(await tagged('/user:43'), []);
  await put(sidecar, 'a', 'w');
  t.same(await tagged('/user:42'), ['a', 'b'], 'a PUT without tag leaves them alone');
  await put(sidecar, 'a?tag=', 'w');
  t.same(await tagged('/user:42'), ['b'], 'one with none takes them away');
});

t.test('DELETE by tag removes page by page, and says how many', async (t) => {
  for (let i = 0; i < 40; i++) await put(sidecar, `many:${i}?tag=many&tag=other`, 'v');
  let removed = 0;
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const { status, text } = await ask(sidecar, `DELETE /v1/tags/many?limit=10&cursor=${cursor}`);
    t.equal(status, 200);
    const page = JSON.parse(text) as ClearedPage;
    removed += page.removed;
    cursor = page.cursor;
  }
  t.equal(removed, 40);
  t.equal((await get(sidecar, 'many:0')).status, 404);
  t.same(await tagged('/other'), []);
  for (const key of ['d1', 'd2', 'e1'])
    await put(sidecar, `${key}?tag=one${key === 'd1' ? '&tag=two' : ''}`, 'v');
  t.equal((await ask(sidecar, 'DELETE /v1/tags?tag=one&tag=two&match=all')).text, '{"removed":1}');
  t.equal((await ask(sidecar, 'DELETE /v1/tags?tag=one&prefix=d')).text, '{"removed":1}');
  t.same(await tagged('/one'), ['e1']);
});

t.test('conditions and locks go with tags', async (t) => {
  const conditional = (query: string, headers: Record<string, string>) =>
    ask(sidecar, `PUT /v1/cache/${query}`, { headers, body: 'v' });
  t.equal((await conditional('once?tag=cond', { 'if-none-match': '*' })).status, 201);
  t.equal((await conditional('once?tag=no', { 'if-none-match': '*' })).status, 412);
  t.equal((await conditional('none?tag=no', { 'if-match': '*' })).status, 412);
  const locked = await ask(sidecar, 'POST /v1/cache/once/lock?lease=60');
  const token = String(locked.headers['lock-token']);
  t.equal((await conditional('once?tag=no', { 'lock-token': '0'.repeat(32) })).status, 412);
  t.same(await tagged('/cond'), ['once']);
  t.same(await tagged('/no'), []);
  t.equal((await conditional('once?tag=held', { 'lock-token': token })).status, 204);
  t.same(await tagged('/held'), ['once']);
  const again = await ask(sidecar, 'POST /v1/cache/once/lock?lease=60');
  t.equal(again.status, 200, 'and the lock was given up');
  await ask(sidecar, 'DELETE /v1/cache/once', {
    headers: { 'lock-token': String(again.headers['lock-token']) },
  });
  await put(sidecar, 'once', 'anew');
  t.same(await tagged('/held'), [], 'a delete with a token takes the tags with it');
});

t.test('a batch puts with tags as well, in the order of its list', async (t) => {
  const batch = [
    { op: 'put', key: 'batch', value: '1', tags: ['batch', 'é 🗝'] },
    { op: 'put', key: 'batch', value: '2' },
    { op: 'put', key: 'batch2', value: '1', tags: ['batch'] },
    { op: 'put', key: 'batch2', value: '1', tags: [] },
    { op: 'get', key: 'batch' },
    { op: 'put', key: 'bad', value: '1', tags: [''] },
  ];
  const { text } = await ask(sidecar, 'POST /v1/batch', { body: JSON.stringify(batch) });
  const answers = JSON.parse(text);
  t.match(answers[4], { status: 200, value: '2' });
  t.match(answers[5], { status: 400, code: 'tag_invalid' });
  t.same(await tagged('/batch'), ['batch']);
  t.same(await tagged(`/${encodeURIComponent('é 🗝')}`), ['batch']);
});

t.test('what is no tag is refused, and nothing is put', async (t) => {
  const tags = (count: number) => Array.from({ length: count }, (_, i) => `tag=${i}`).join('&');
  for (const [query, code] of [
    ['tag=&tag=a', 'tag_invalid'],
    ['tag=a%00b', 'tag_invalid'],
    [`tag=${'x'.repeat(256)}`, 'tag_invalid'],
    [`tag=${'%C3%A9'.repeat(128)}`, 'tag_invalid'],
    [tags(101), 'tag_invalid'],
    ['tag=a%ff', 'query_invalid'],
    ['tag=%ED%A0%80', 'query_invalid'],
    ['tags=a', 'query_invalid'],
  ] as const) {
    const { status, error } = await put(sidecar, `refused?${query}`, 'v');
    t.match(
      { status, ...error },
      { status: ERRORS[code].status, code, outcome: 'not_applied' },
      query.slice(0, 40),
    );
  }
  t.equal((await get(sidecar, 'refused')).status, 404);
  t.equal((await put(sidecar, `fine?${tags(100)}&tag=5`, 'v')).status, 204, 'twice the same is once');
  t.equal((await put(sidecar, `fine?tag=${'x'.repeat(255)}`, 'v')).status, 204);
});

t.test('what cannot be asked of tags is refused', async (t) => {
  for (const [path, code] of [
    ['?tag=a&match=some', 'query_invalid'],
    ['?match=any', 'query_invalid'],
    ['', 'query_invalid'],
    ['?tag=', 'tag_invalid'],
    ['/a?match=all', 'query_invalid'],
    ['/a?tag=b', 'query_invalid'],
    ['/a?limit=0', 'query_invalid'],
    ['/a?limit=1001', 'query_invalid'],
    ['/a?cursor=none', 'cursor_invalid'],
    ['/a?cursor=1-5', 'cursor_invalid'],
    [`/a?cursor=${'9'.repeat(65)}`, 'cursor_invalid'],
    ['/a?prefix=b%00', 'key_invalid'],
    [`/a?prefix=${'k'.repeat(1025)}`, 'key_too_long'],
    [`/${'x'.repeat(256)}`, 'tag_invalid'],
    ['/a%00', 'tag_invalid'],
    ['/', 'tag_invalid'],
  ] as const)
    for (const method of ['GET', 'DELETE']) {
      const { status, error } = await ask(sidecar, `${method} /v1/tags${path}`);
      t.match({ status, ...error }, { status: ERRORS[code].status, code }, `${method} ${path.slice(0, 40)}`);
    }
  const { status, headers } = await ask(sidecar, 'PUT /v1/tags/a');
  t.match({ status, allow: headers.allow }, { status: 405, allow: 'GET, DELETE' });
});

t.test('a value of 8 MiB is put with tags', async (t) => {
  const big = Buffer.alloc(8 * 1024 * 1024, 'x');
  t.equal((await put(sidecar, 'big?tag=big', big)).status, 204);
  t.equal((await ask(sidecar, 'DELETE /v1/tags/big')).text, '{"removed":1}');
  t.equal((await get(sidecar, 'big')).status, 404);
});
