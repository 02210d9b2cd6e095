// Entries that slide, and hashes, over HTTP and in batches, on a sidecar with its embedded backend. What a backend does is
// in contract/sliding.ts and contract/hashes.ts; what ASP.NET Core makes of it, in gateway-dotnet/Tests.
import t from 'tap';
import { ask, get, put } from './fixtures/ask.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

const sidecar = await startSidecar({ env: { AZURE_CACHE_TTL_SECONDS: '1000' } });
t.teardown(() => sidecar.stop());

/** Seconds left, as HEAD tells them; undefined = never. */
async function left(key: string): Promise<number | undefined> {
  const { status, headers } = await ask(sidecar, `HEAD /v1/cache/${key}`);
  t.equal(status, 200);
  return headers.ttl === undefined ? undefined : Number(headers.ttl);
}

t.test('sliding alone has no other end: not the default life either', async (t) => {
  t.equal((await put(sidecar, 'a?sliding=2000', 'v')).status, 204);
  t.equal(await left('a'), 2000);
  t.match(await get(sidecar, 'a'), { status: 200, text: 'v' });
});

t.test('ttl beside sliding is the end that no use moves; of both the shorter counts', async (t) => {
  await put(sidecar, 'capped?sliding=2000&ttl=50', 'v');
  await get(sidecar, 'capped');
  t.equal(await left('capped'), 50);
  await put(sidecar, 'capped?ttl=2000&sliding=50000ms', 'v');
  t.equal(await left('capped'), 50);
  await put(sidecar, 'capped?ttl=never&sliding=50', 'v');
  t.equal(await left('capped'), 50);
});

t.test('a GET is a use; a HEAD, and a GET with touch=keep, only look', async (t) => {
  await put(sidecar, 'used?sliding=5', 'v');
  await until(async () => (await left('used')) === 4, 5000, 'a second to pass');
  t.equal((await get(sidecar, 'used?touch=keep')).text, 'v');
  t.equal((await ask(sidecar, 'HEAD /v1/cache/used?touch=keep')).headers.ttl, '4');
  t.equal(await left('used'), 4);
  t.equal((await get(sidecar, 'used')).text, 'v');
  t.equal(await left('used'), 5);
});

t.test('what slides ends when nobody uses it', async (t) => {
  await put(sidecar, 'short?sliding=100ms', 'v');
  await until(async () => (await ask(sidecar, 'HEAD /v1/cache/short')).status === 404, 5000, 'its end');
  t.match(await get(sidecar, 'short'), { status: 404, error: { code: 'not_found' } });
});

t.test('layout=hash takes the lives of any put, the default one too', async (t) => {
  for (const [query, seconds] of [
    ['layout=hash&ttl=60', 60],
    ['layout=hash&ttl=never', undefined],
    ['layout=hash', 1000],
    ['layout=hash&sliding=70', 70],
  ] as const) {
    t.equal((await put(sidecar, `hash?${query}`, 'v')).status, 204);
    t.equal(await left('hash'), seconds, query);
    t.equal((await get(sidecar, 'hash')).text, 'v');
  }
});

t.test('ETags, If-Match, If-None-Match and DELETE are as with any entry', async (t) => {
  const put412 = await ask(sidecar, 'PUT /v1/cache/etag?sliding=60', {
    body: 'v',
    headers: { 'if-match': '*' },
  });
  t.match(put412, { status: 412, error: { code: 'absent' } });
  const added = { body: 'v', headers: { 'if-none-match': '*' } };
  const first = await ask(sidecar, 'PUT /v1/cache/etag?sliding=60', added);
  t.equal(first.status, 201);
  const { etag } = first.headers;
  t.match(await ask(sidecar, 'PUT /v1/cache/etag?sliding=60', added), {
    status: 412,
    error: { code: 'exists' },
  });
  t.match(await ask(sidecar, 'PUT /v1/cache/etag', added), { status: 412, error: { code: 'exists' } });
  const unchanged = await ask(sidecar, 'GET /v1/cache/etag', { headers: { 'if-none-match': etag } });
  t.match(unchanged, { status: 304, text: '' });
  const replaced = await ask(sidecar, 'PUT /v1/cache/etag?ttl=keep', {
    body: 'w',
    headers: { 'if-match': etag },
  });
  t.equal(replaced.status, 204);
  t.equal(await left('etag'), 60, 'keep has kept it sliding');
  const changed = await ask(sidecar, 'PUT /v1/cache/etag?layout=hash', {
    body: 'x',
    headers: { 'if-match': etag },
  });
  t.match(changed, { status: 412, error: { code: 'changed' }, headers: { etag: replaced.headers.etag } });
  const deleted = await ask(sidecar, 'DELETE /v1/cache/etag', {
    headers: { 'if-match': replaced.headers.etag },
  });
  t.equal(deleted.status, 204);
});

t.test('a touch gives what slides another end; counters and text want a plain value', async (t) => {
  await put(sidecar, 'touched?sliding=2000', '1');
  t.equal((await ask(sidecar, 'POST /v1/cache/touched/touch?ttl=60')).status, 204);
  await get(sidecar, 'touched');
  t.equal(await left('touched'), 60);
  for (const verb of ['increment', 'append', 'prepend'])
    t.match(await ask(sidecar, `POST /v1/cache/touched/${verb}`, { body: '2' }), {
      status: 409,
      error: { code: 'foreign_type' },
    });
});

t.test('a batch puts, gets and deletes them; what is wrong with one is said in its place', async (t) => {
  const items = [
    { op: 'put', key: 'b1', value: 'one', sliding: 60 },
    { op: 'put', key: 'b2', value: 'two', sliding: '1500ms', ttl: '70' },
    { op: 'put', key: 'b3', value: 'three', layout: 'hash', ttl: 80 },
    { op: 'put', key: 'b4', value: 'x', sliding: 60, ttl: 'keep' },
    { op: 'put', key: 'b4', value: 'x', sliding: 0 },
    { op: 'put', key: 'b4', value: 'x', layout: 'string' },
    { op: 'get', key: 'b1' },
    { op: 'get', key: 'b2' },
    { op: 'get', key: 'b3', touch: 'keep' },
    { op: 'get', key: 'b4' },
    { op: 'touch', key: 'b1', ttl: 50 },
    { op: 'delete', key: 'b3' },
  ];
  const { text } = await ask(sidecar, 'POST /v1/batch', { body: JSON.stringify(items) });
  const answers = JSON.parse(text) as { status: number; code?: string; value?: string }[];
  t.same(
    answers.map(({ status, code, value }) => code ?? value ?? status),
    [
      204,
      204,
      204,
      'ttl_invalid',
      'ttl_invalid',
      'query_invalid',
      'one',
      'two',
      'three',
      'not_found',
      204,
      204,
    ],
  );
  t.equal(await left('b1'), 50);
  const sent = JSON.stringify([{ op: 'get', key: 'b1', sliding: 60 }]);
  t.match(await ask(sidecar, 'POST /v1/batch', { body: sent }), {
    status: 400,
    error: { code: 'batch_invalid' },
  });
});
