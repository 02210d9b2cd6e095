// What cannot be done is refused with one documented 4xx that says what to do; nothing is stored, nobody else notices.
import { type Test, test } from 'tap';
import { ERRORS, type ErrorCode } from '../src/errors.js';
import { connectDoor, type HttpAnswer, rawRequest, request } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';

const sidecar = await startSidecar({ env: { AZURE_CACHE_MAX_VALUE_BYTES: '2097152' } });
const door = { url: sidecar.url };
const ETAG = `"${'0'.repeat(40)}"`;
const TOKEN = '0'.repeat(32);

interface Case {
  why: string;
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  code: ErrorCode;
}

const put = (why: string, query: string, code: ErrorCode, headers = {}): Case => ({
  ...{ why, method: 'PUT', path: `/v1/cache/bad${query}`, headers, body: 'x', code },
});
const touch = (why: string, code: ErrorCode, headers: Record<string, string>): Case => ({
  ...{ why, method: 'POST', path: '/v1/cache/bad/touch', headers, code },
});
const change = (why: string, verb: string, code: ErrorCode, headers = {}): Case => ({
  ...{ why, method: 'POST', path: `/v1/cache/bad/${verb}`, headers, body: 'x', code },
});
const unlock = (why: string, query: string, code: ErrorCode, headers = {}): Case => ({
  ...{ why, method: 'DELETE', path: `/v1/cache/bad/lock${query}`, headers, code },
});
const post = (why: string, body: string | Buffer, code: ErrorCode): Case => ({
  ...{ why, method: 'POST', path: '/v1/batch', body, code },
});

const CASES: Case[] = [
  { why: 'an empty key', path: '/v1/cache/', code: 'key_empty' },
  { why: 'a key of 1,025 bytes', path: `/v1/cache/${'k'.repeat(1025)}`, code: 'key_too_long' },
  {
    why: 'a key of 1,026 bytes in 342 characters',
    path: `/v1/cache/${'%E2%82%AC'.repeat(342)}`,
    code: 'key_too_long',
  },
  { why: 'a key with NUL', path: '/v1/cache/a%00b', code: 'key_invalid' },
  { why: 'broken percent-encoding', path: '/v1/cache/a%2', code: 'key_invalid' },
  { why: 'percent-encoding of no hex', path: '/v1/cache/a%zz', code: 'key_invalid' },
  { why: 'invalid UTF-8', path: '/v1/cache/a%ff', code: 'key_invalid' },
  { why: 'a lone surrogate', path: '/v1/cache/%ED%A0%80', code: 'key_invalid' },
  { why: 'a path beyond every key', path: `/v1/cache/${'k'.repeat(9000)}`, code: 'uri_too_long' },
  put('ttl 0', '?ttl=0', 'ttl_invalid'),
  put('a negative ttl', '?ttl=-1', 'ttl_invalid'),
  put('a bare fraction', '?ttl=1.5', 'ttl_invalid'),
  put('a word', '?ttl=abc', 'ttl_invalid'),
  put('no ttl', '?ttl=', 'ttl_invalid'),
  put('over 10 years', '?ttl=315360001', 'ttl_invalid'),
  put('far over 10 years', '?ttl=999999999999999', 'ttl_invalid'),
  put('0ms', '?ttl=0ms', 'ttl_invalid'),
  put('an unknown query parameter', '?tl=60', 'query_invalid'),
  put('a query parameter twice', '?ttl=60&ttl=61', 'query_invalid'),
  put('an ETag without quotes', '', 'etag_invalid', { 'if-match': '0'.repeat(40) }),
  put('an ETag that is too short', '', 'etag_invalid', { 'if-match': '"abc"' }),
  put('a weak ETag', '', 'etag_invalid', { 'if-match': `W/${ETAG}` }),
  put('two conditions', '', 'condition_invalid', { 'if-match': ETAG, 'if-none-match': '*' }),
  put('If-None-Match with an ETag', '', 'condition_invalid', { 'if-none-match': ETAG }),
  { why: 'keep on touch', method: 'POST', path: '/v1/cache/bad/touch?ttl=keep', code: 'ttl_invalid' },
  touch('If-Match: * on touch', 'condition_invalid', { 'if-match': '*' }),
  touch('If-None-Match on touch', 'condition_invalid', { 'if-none-match': '*' }),
  touch('a weak ETag on touch', 'etag_invalid', { 'if-match': `W/${ETAG}` }),
  ...[
    '',
    '1.5',
    '1e3',
    'abc',
    '0x10',
    '-',
    '--1',
    '%2B1',
    '+1',
    '9223372036854775808',
    '1'.repeat(300),
  ].flatMap((text) => [
    change(`by=${text.slice(0, 30)}`, `increment?by=${text}`, 'query_invalid'),
    change(`initial=${text.slice(0, 30)}`, `increment?initial=${text}`, 'query_invalid'),
  ]),
  change('by below 64 bits', 'increment?by=-9223372036854775809', 'query_invalid'),
  change('by twice', 'increment?by=1&by=2', 'query_invalid'),
  change('an unknown parameter of increment', 'increment?step=1', 'query_invalid'),
  change('ttl 0 of increment', 'increment?ttl=0', 'ttl_invalid'),
  change('keep on increment', 'increment?ttl=keep', 'ttl_invalid'),
  change('a sum beyond 64 bits', 'increment?by=1&initial=9223372036854775807', 'number_overflow'),
  change('If-Match on increment', 'increment', 'condition_invalid', { 'if-match': ETAG }),
  ...['append', 'prepend'].flatMap((verb) => [
    change(`${verb} to nothing`, verb, 'not_found'),
    change(`ttl on ${verb}`, `${verb}?ttl=60`, 'query_invalid'),
    change(`If-Match on ${verb}`, verb, 'condition_invalid', { 'if-match': '*' }),
    change(`If-None-Match on ${verb}`, verb, 'condition_invalid', { 'if-none-match': '*' }),
    { ...change(`3 MiB to ${verb}`, verb, 'value_too_large'), body: Buffer.alloc(3 * 1024 * 1024) },
  ]),
  ...[
    '',
    '=',
    '=0',
    '=0ms',
    '=-1',
    '=1.5',
    '=abc',
    '=never',
    '=keep',
    '=3601',
    '=3600001ms',
    '=999999999999999',
  ].map((lease) => change(`lease${lease}`, `lock?absent=true&lease${lease}`, 'lease_invalid')),
  change('no lease', 'lock?absent=true', 'lease_invalid'),
  change('a lease twice', 'lock?lease=1&lease=2', 'query_invalid'),
  change('an unknown parameter of lock', 'lock?lease=1&ttl=60', 'query_invalid'),
  change('absent that is neither', 'lock?lease=1&absent=1', 'query_invalid'),
  change('If-Match on lock', 'lock?lease=1', 'condition_invalid', { 'if-match': ETAG }),
  change('a lock where there is nothing', 'lock?lease=1', 'not_found'),
  ...['', 'x', '0'.repeat(31), '0'.repeat(33), `${'0'.repeat(31)}g`, `"${'0'.repeat(32)}"`].flatMap(
    (token) => [
      put(`the token ${token}`, '', 'token_invalid', { 'lock-token': token }),
      change(`a lock with the token ${token}`, 'lock?lease=1', 'token_invalid', { 'lock-token': token }),
      unlock(`an unlock with the token ${token}`, '', 'token_invalid', { 'lock-token': token }),
    ],
  ),
  put('the token of no lock', '', 'not_held', { 'lock-token': TOKEN }),
  unlock('the token of no lock to unlock', '', 'not_held', { 'lock-token': TOKEN }),
  unlock('an unlock without a token', '', 'token_invalid'),
  unlock('keep on unlock', '?ttl=keep', 'ttl_invalid', { 'lock-token': TOKEN }),
  unlock('a lease on unlock', '?lease=1', 'query_invalid', { 'lock-token': TOKEN }),
  unlock('If-Match on unlock', '', 'condition_invalid', { 'lock-token': TOKEN, 'if-match': ETAG }),
  { why: 'a token on get', path: '/v1/cache/bad', headers: { 'lock-token': TOKEN }, code: 'token_invalid' },
  touch('a token on touch', 'token_invalid', { 'lock-token': TOKEN }),
  ...['increment', 'append', 'prepend'].map((verb) =>
    change(`a token on ${verb}`, verb, 'token_invalid', { 'lock-token': TOKEN }),
  ),
  ...(
    [
      ['GET', '/v1/keys'],
      ['DELETE', '/v1/keys?prefix=none'],
      ['GET', '/v1/tags?tag=none'],
      ['DELETE', '/v1/tags?tag=none'],
      ['GET', '/v1/tags/none'],
      ['DELETE', '/v1/tags/none'],
      ['POST', '/v1/batch'],
      ['GET', '/v1/events'],
    ] as const
  ).flatMap(([method, path]): Case[] => {
    const body = method === 'POST' ? '[{"op":"put","key":"bad","value":"x"}]' : '';
    const asked = (why: string, code: ErrorCode, headers: Record<string, string>) => ({
      ...{ why: `${why} on ${method} ${path}`, method, path, body, headers, code },
    });
    return [
      asked('a token', 'token_invalid', { 'lock-token': TOKEN }),
      asked('If-Match', 'condition_invalid', { 'if-match': ETAG }),
      ...(method === 'GET' ? [] : [asked('If-None-Match', 'condition_invalid', { 'if-none-match': '*' })]),
    ];
  }),
  put('an empty tag beside another', '?tag=a&tag=', 'tag_invalid'),
  { why: 'invalid UTF-8 in a tag', path: '/v1/tags/%FF', code: 'key_invalid' },
  { why: 'invalid UTF-8 in a tag of the query', path: '/v1/tags?tag=%FF', code: 'query_invalid' },
  put('sliding 0', '?sliding=0', 'ttl_invalid'),
  put('sliding 0ms', '?sliding=0ms', 'ttl_invalid'),
  put('sliding never', '?sliding=never', 'ttl_invalid'),
  put('sliding keep', '?sliding=keep', 'ttl_invalid'),
  put('no sliding', '?sliding=', 'ttl_invalid'),
  put('a negative sliding', '?sliding=-1', 'ttl_invalid'),
  put('sliding over 10 years', '?sliding=315360001', 'ttl_invalid'),
  put('sliding far over 10 years', '?sliding=999999999999999', 'ttl_invalid'),
  put('sliding twice', '?sliding=60&sliding=60', 'query_invalid'),
  put('sliding to keep', '?sliding=60&ttl=keep', 'ttl_invalid'),
  put('a hash to keep', '?layout=hash&ttl=keep', 'ttl_invalid'),
  put('sliding with a bad ttl', '?sliding=60&ttl=0', 'ttl_invalid'),
  put('a layout that is none', '?layout=string', 'query_invalid'),
  put('an empty layout', '?layout=', 'query_invalid'),
  put('a layout twice', '?layout=hash&layout=hash', 'query_invalid'),
  { why: 'sliding on get', path: '/v1/cache/bad?sliding=60', code: 'query_invalid' },
  {
    ...{ why: 'sliding on touch', method: 'POST', path: '/v1/cache/bad/touch?sliding=60' },
    code: 'query_invalid',
  },
  { why: 'If-Match on get', path: '/v1/cache/bad', headers: { 'if-match': ETAG }, code: 'condition_invalid' },
  { why: 'a wrong method', method: 'PATCH', path: '/v1/cache/bad', code: 'method_not_allowed' },
  { why: 'POST to an entry', method: 'POST', path: '/v1/cache/bad', body: 'x', code: 'method_not_allowed' },
  { why: 'OPTIONS', method: 'OPTIONS', path: '/v1/cache/bad', code: 'method_not_allowed' },
  { why: 'a slash in the key', path: '/v1/cache/a/b', code: 'route_not_found' },
  { why: 'no such path', path: '/v2/cache/a', code: 'route_not_found' },
  { why: 'a stream without upgrade', path: '/v1/stream', code: 'upgrade_required' },
  post('no JSON', '[{"op":"get"', 'batch_invalid'),
  post('no array', '{"op":"get","key":"a"}', 'batch_invalid'),
  post('no operations', '[]', 'batch_invalid'),
  post(
    'an unknown operation',
    '[{"op":"put","key":"bad","value":"x"},{"op":"drop","key":"bad"}]',
    'batch_invalid',
  ),
  post('an unknown field', '[{"op":"put","key":"bad","value":"x","tll":1}]', 'batch_invalid'),
  post('no key', '[{"op":"put","value":"x"}]', 'batch_invalid'),
  post('value and base64', '[{"op":"put","key":"bad","value":"x","base64":"eA=="}]', 'batch_invalid'),
  post('a put without value', '[{"op":"put","key":"bad"}]', 'batch_invalid'),
  post('bad base64', '[{"op":"put","key":"bad","base64":"###"}]', 'batch_invalid'),
  post('a lone surrogate', '[{"op":"put","key":"bad\\ud800","value":"x"}]', 'batch_invalid'),
  post('invalid UTF-8', Buffer.from('5b22ff225d', 'hex'), 'batch_invalid'),
  post(
    '1,001 operations',
    JSON.stringify(Array(1001).fill({ op: 'put', key: 'bad', value: 'x' })),
    'batch_invalid',
  ),
  post('17 MiB', Buffer.alloc(17 * 1024 * 1024, ' '), 'batch_too_large'),
];

function checkError(t: Test, { status, headers, body }: HttpAnswer, code: ErrorCode): void {
  t.equal(status, ERRORS[code].status);
  t.match(headers['content-type'], /^application\/json/);
  const { message, ...rest } = JSON.parse(body.toString());
  t.match(rest, { statusCode: status, code, retryable: ERRORS[code].retryable, outcome: 'not_applied' });
  t.ok(message.length > 20, 'the message says what to do');
}

for (const { why, code, ...asked } of CASES)
  test(`${why}: ${code}`, async (t) => {
    const answer = await request({ ...door, ...asked });
    checkError(t, answer, code);
    if (code === 'method_not_allowed') t.equal(answer.headers.allow, 'GET, HEAD, PUT, DELETE');
    t.equal((await request({ ...door, path: '/v1/cache/bad' })).status, 404, 'nothing was stored');
  });

test('the message says what of the request is wrong', async (t) => {
  const put = { op: 'put', key: 'bad', value: 'x' };
  const batch = (...items: object[]) => ({ method: 'POST', path: '/v1/batch', body: JSON.stringify(items) });
  const at = (method: string, path: string) => ({ method, path });
  for (const [asked, said] of [
    [batch({ ...put, sliding: null }), 'Batch, item 0.sliding: string or number expected. '],
    [batch(put, { ...put, ttl: true }), 'Batch, item 1.ttl: string or number expected. '],
    [batch(put, { ...put, op: 'drop' }), 'Batch, item 1.op: op must be get, put, delete or touch. '],
    [batch({ key: 'bad' }), 'Batch, item 0.op: op must be get, put, delete or touch. '],
    [at('PUT', '/v1/cache/bad?foo=1'), '(known: ttl, sliding, layout, tag)'],
    [at('PUT', '/v1/cache/bad?tag=a&foo=1'), '(known: ttl, sliding, layout, tag)'],
    [at('GET', '/v1/tags?tag=a&foo=1'), '(known: tag, match, prefix, cursor, limit)'],
    [at('PUT', '/v1/cache/bad?tag=&tag='), 'An empty `tag=` takes all tags away, so it stands alone.'],
    [at('PUT', '/v1/cache/bad?tag=a&tag='), 'An empty `tag=` takes all tags away, so it stands alone.'],
  ] as const) {
    const { status, body } = await request({ ...door, ...asked });
    t.equal(status, 400);
    t.ok(JSON.parse(body.toString()).message.includes(said), body.toString());
  }
  t.equal((await request({ ...door, path: '/v1/cache/bad' })).status, 404, 'nothing was stored');
});

test('If-None-Match of a list is passed over, as a browser may send it', async (t) => {
  const headers = { 'if-none-match': ETAG };
  t.equal((await request({ ...door, path: '/v1/keys', headers })).status, 200);
});

test('a value of exactly the limit is stored; one byte more is refused, and the limit is named', async (t) => {
  const send = (bytes: number) =>
    request({ ...door, method: 'PUT', path: '/v1/cache/limit', body: Buffer.alloc(bytes, 1) });
  t.equal((await send(2_097_152)).status, 204);
  const refused = await send(2_097_153);
  checkError(t, refused, 'value_too_large');
  t.match(refused.body.toString(), /2097152 bytes/);
  t.equal(
    (await request({ ...door, path: '/v1/cache/limit' })).body.length,
    2_097_152,
    'the old value is there',
  );
});

test('a value grows to exactly the limit; one byte more is refused, and the limit is named', async (t) => {
  const path = '/v1/cache/grown';
  const send = (method: string, way: string, bytes: number) =>
    request({ ...door, method, path: path + way, body: Buffer.alloc(bytes, 1) });
  t.equal((await send('PUT', '', 2_097_151)).status, 204);
  t.equal((await send('POST', '/append', 1)).body.toString(), '2097152');
  for (const way of ['/append', '/prepend']) {
    const refused = await send('POST', way, 1);
    checkError(t, refused, 'value_too_large');
    t.match(refused.body.toString(), /2097152 bytes/);
  }
  t.equal((await request({ ...door, path })).body.length, 2_097_152);
});

test('If-Match with an ETag is refused over 1 MiB, If-Match: * is not', async (t) => {
  const send = (key: string, bytes: number, match?: string) =>
    request({
      ...door,
      method: 'PUT',
      path: `/v1/cache/${key}`,
      headers: match === undefined ? {} : { 'if-match': match },
      body: Buffer.alloc(bytes, 1),
    });
  await send('small', 1);
  checkError(t, await send('small', 1_048_577, ETAG), 'too_large_for_condition');
  await send('large', 1_048_577);
  checkError(t, await send('large', 1, ETAG), 'too_large_for_condition');
  t.equal((await send('large', 1_048_578, '*')).status, 204);
});

test('headers over 16 KiB, and what is no HTTP, are answered and the connection ends', async (t) => {
  const head = 'GET /v1/cache/a HTTP/1.1\r\nHost: localhost\r\n';
  const large = await rawRequest(await connectDoor(door), `${head}X: ${'x'.repeat(17_000)}\r\n\r\n`);
  t.match(large, /^HTTP\/1\.1 431 /);
  t.match(large, /headers_too_large/);
  const broken = await rawRequest(await connectDoor(door), 'nonsense\r\n\r\n');
  t.match(broken, /^HTTP\/1\.1 400 /);
  t.match(broken, /request_malformed/);
});

test('a request that stops half way stores nothing', async (t) => {
  const socket = await connectDoor(door);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write('PUT /v1/cache/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf');
  socket.end();
  socket.resume();
  await closed;
  t.equal((await request({ ...door, path: '/v1/cache/half' })).status, 404);
});

test('after all of this the sidecar is well', async (t) => {
  t.equal((await request({ ...door, path: '/readyz' })).status, 200);
  const bad = sidecar.logs().filter(({ level }) => Number(level) >= 50);
  t.same(bad, [], 'nothing was logged as an error');
  t.same(await sidecar.stop(), { code: 0, signal: null });
});
