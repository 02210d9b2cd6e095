// POST /v1/batch on a real sidecar: per-item answers, list order, bytes, and the bound on the answer.
import { test } from 'tap';
import { request } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';

const sidecar = await startSidecar();
const door = { url: sidecar.url };

async function batch(items: object[]): Promise<Record<string, unknown>[]> {
  const answer = await request({ ...door, method: 'POST', path: '/v1/batch', body: JSON.stringify(items) });
  if (answer.status !== 200) throw new Error(answer.body.toString());
  return JSON.parse(answer.body.toString());
}

test('each operation gets its own answer, in the order of the list', async (t) => {
  const answers = await batch([
    { op: 'get', key: 'a' },
    { op: 'put', key: 'a', value: 'grüße 😀\0', ttl: 60 },
    { op: 'get', key: 'a' },
    { op: 'touch', key: 'a', ttl: '90' },
    { op: 'put', key: 'a', value: 'x', ifNoneMatch: '*' },
    { op: 'delete', key: 'a' },
    { op: 'delete', key: 'a' },
    { op: 'put', key: '', value: 'x' },
    { op: 'put', key: 'a', value: 'x', ttl: 0 },
    { op: 'put', key: 'a', value: 'x', ttl: 1.5 },
    { op: 'put', key: 'a', value: 'x', ifMatch: 'nonsense' },
  ]);
  t.match(
    answers.map(({ status, code }) => [status, code]),
    [
      [404, 'not_found'],
      [204, undefined],
      [200, undefined],
      [204, undefined],
      [412, 'exists'],
      [204, undefined],
      [404, 'not_found'],
      [400, 'key_empty'],
      [400, 'ttl_invalid'],
      [400, 'ttl_invalid'],
      [400, 'etag_invalid'],
    ],
  );
  t.equal(answers[2]?.value, 'grüße 😀\0');
  t.match(answers[2]?.etag, /^"[0-9a-f]{40}"$/);
  t.match(answers[4], { retryable: false, outcome: 'not_applied' });
});

test('bytes go in and come out as base64; bytes that are no text always come out so', async (t) => {
  const bytes = Buffer.from('00ff00fe', 'hex');
  const answers = await batch([
    { op: 'put', key: 'bytes', base64: bytes.toString('base64') },
    { op: 'get', key: 'bytes' },
    { op: 'put', key: 'text', value: 'hello' },
    { op: 'get', key: 'text', encoding: 'base64' },
    { op: 'put', key: 'none', value: '' },
    { op: 'get', key: 'none' },
  ]);
  t.equal(answers[1]?.base64, bytes.toString('base64'));
  t.equal(answers[1]?.value, undefined);
  t.equal(answers[3]?.base64, 'aGVsbG8=');
  t.equal(answers[5]?.value, '', 'no bytes are no miss');
  t.same((await request({ ...door, path: '/v1/cache/bytes' })).body, bytes, 'the same entry as over HTTP');
});

test('compare-and-set works inside a batch, and tells what is there', async (t) => {
  const [, first] = await batch([
    { op: 'put', key: 'cas', value: '1' },
    { op: 'get', key: 'cas' },
  ]);
  const [right, wrong] = await batch([
    { op: 'put', key: 'cas', value: '2', ifMatch: first?.etag },
    { op: 'put', key: 'cas', value: '3', ifMatch: first?.etag },
  ]);
  t.match(right, { status: 204 });
  const touches = await batch([
    { op: 'touch', key: 'cas', ttl: 90, ifMatch: right?.etag },
    { op: 'touch', key: 'cas', ttl: 90, ifMatch: first?.etag },
    { op: 'touch', key: 'cas', ttl: 90, ifMatch: '*' },
    { op: 'touch', key: 'not-there', ifMatch: first?.etag },
  ]);
  t.match(touches, [
    { status: 204 },
    { status: 412, code: 'changed', etag: right?.etag },
    { status: 400, code: 'condition_invalid' },
    { status: 412, code: 'absent' },
  ]);
  t.match(wrong, { status: 412, code: 'changed', etag: right?.etag });
});

test('1,000 operations on one key take effect in the order of the list', async (t) => {
  const items = Array.from({ length: 500 }, (_, n) => [
    { op: 'put', key: 'order', value: String(n) },
    { op: 'get', key: 'order' },
  ]).flat();
  const answers = await batch(items);
  t.equal(answers.length, 1000);
  const values = answers.filter((_, n) => n % 2 === 1).map(({ value }) => value);
  t.same(
    values,
    Array.from({ length: 500 }, (_, n) => String(n)),
  );
});

test('values that no longer fit into 16 MiB are left out, and writes still happen', async (t) => {
  const large = 'x'.repeat(3 * 1024 * 1024);
  await request({ ...door, method: 'PUT', path: '/v1/cache/large', body: large });
  const answers = await batch([
    ...Array(8).fill({ op: 'get', key: 'large' }),
    { op: 'put', key: 'after', value: 'written' },
  ]);
  const statuses = answers.map(({ status }) => status);
  t.same(statuses, [200, 200, 200, 200, 200, 413, 413, 413, 204]);
  t.equal(answers[5]?.code, 'answer_too_large');
  t.equal((await request({ ...door, path: '/v1/cache/after' })).body.toString(), 'written');
});

test('the sidecar ends in order', async (t) => t.same(await sidecar.stop(), { code: 0, signal: null }));
