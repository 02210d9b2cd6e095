// What the sidecar prints: log records on stdout, one per line, and never a key, a value or a credential. Secrets are
// planted wherever one can stand, at the most talkative level; neither the log nor an error answer may have them.
import t, { type Test } from 'tap';
import { type Answer, ask, get, put } from './fixtures/ask.js';
import { connectDoor, rawRequest } from './fixtures/http.js';
import { startRedis } from './fixtures/redis.js';
import { type LogRecord, type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

const KEY = 'planted-key-81f2';
const VALUE = 'planted-value-5c07';
const API_TOKEN = 'planted-token-0123456789';
const PASSWORD = 'planted-password-77aa';
const PLANTED = /planted-/;
const authorization = { authorization: `Bearer ${API_TOKEN}` };

function startTalkative(connection: string): Promise<Sidecar> {
  const secrets = { AZURE_CACHE_CONNECTION: connection, AZURE_CACHE_API_TOKEN: API_TOKEN };
  return startSidecar({
    env: { ...secrets, AZURE_CACHE_LOG_LEVEL: 'debug', AZURE_CACHE_DEADLINE_MS: '500' },
  });
}

/** Everything that can go wrong with a request, secrets in it. */
async function misbehave({ url }: Sidecar): Promise<Answer[]> {
  const headers = authorization;
  const lines: [string, object?][] = [
    [`GET /v1/cache/${KEY}-absent`, { headers }],
    [`GET /v1/cache/${KEY}%zz`, { headers }],
    [`GET /v1/cache/${KEY}?${VALUE}=1`, { headers }],
    [`GET /${KEY}`, { headers }],
    [`GET /v1/cache/${KEY.repeat(99)}`, { headers }],
    [`PATCH /v1/cache/${KEY}`, { headers }],
    [`PUT /v1/cache/${KEY}?ttl=${VALUE}`, { headers, body: VALUE }],
    [`PUT /v1/cache/${KEY}`, { headers: { ...headers, 'if-match': `"${VALUE}"` }, body: VALUE }],
    [`PUT /v1/cache/${KEY}`, { headers: { ...headers, 'if-none-match': '*' }, body: VALUE }],
    ['POST /v1/batch', { headers, body: `[{"op":"put","key":"${KEY}","value":"${VALUE}",}]` }],
    ['POST /v1/batch', { headers, body: JSON.stringify([{ op: VALUE, key: KEY }]) }],
    [`GET /v1/cache/${KEY}-list`, { headers }],
    [`GET /v1/cache/${KEY}`, { headers: { authorization: `Bearer ${VALUE}` } }],
    [`GET /v1/cache/${KEY}`, { headers: { ...headers, origin: `http://${VALUE}` } }],
    [`GET /v1/cache/${KEY}`, { headers: { ...headers, host: VALUE } }],
  ];
  const answers: Answer[] = [];
  for (const [line, asked] of lines) answers.push(await ask({ url }, line, asked));
  return answers;
}

/** What was printed, stdout and stderr together: every line is a record of the log. */
function recordsOf(t: Test, sidecar: Sidecar): LogRecord[] {
  const lines = sidecar.output().trimEnd().split('\n');
  const records = sidecar.logs();
  t.equal(records.length, lines.length, 'nothing but JSON');
  for (const record of records)
    t.match(record, { level: Number, time: /^\d{4}-/, msg: String, pid: sidecar.pid });
  return records;
}

t.test('no key, value, token or password is logged or repeated in an error answer', async (t) => {
  await using redis = await startRedis({ acl: { user: 'app', password: PASSWORD } });
  await using sidecar = await startTalkative(redis.url);
  await redis.cli('RPUSH', `${KEY}-list`, VALUE);
  t.equal((await ask(sidecar, `PUT /v1/cache/${KEY}`, { headers: authorization, body: VALUE })).status, 204);
  for (const { status, text } of await misbehave(sidecar)) {
    t.ok(status >= 400 && status < 500, `${status} is an error of the asker`);
    t.notMatch(text, PLANTED);
  }
  const raw = await rawRequest(await connectDoor(sidecar), `GET /${KEY} HTTP/9.9\r\n${VALUE}\r\n\r\n`);
  t.match(raw, /^HTTP\/1\.1 400 /);
  t.notMatch(raw, PLANTED);
  await redis.kill();
  const lost = await ask(sidecar, `PUT /v1/cache/${KEY}`, { headers: authorization, body: VALUE });
  t.equal(lost.status, 503);
  t.notMatch(lost.text, PLANTED);
  await sidecar.stop();
  recordsOf(t, sidecar);
  t.notMatch(sidecar.output(), PLANTED);
});

t.test('a refused password is in neither the log nor the answer', async (t) => {
  await using redis = await startRedis({ acl: { user: 'app', password: 'another-one' } });
  await using sidecar = await startTalkative(`redis://app:${PASSWORD}@127.0.0.1:${redis.port}`);
  const answer = await ask(sidecar, 'GET /readyz');
  t.equal(answer.status, 503);
  t.notMatch(answer.text, PLANTED);
  await sidecar.stop();
  recordsOf(t, sidecar);
  t.notMatch(sidecar.output(), PLANTED);
});

t.test('at debug level each request is one line, with its route in place of its path', async (t) => {
  await using sidecar = await startSidecar({ env: { AZURE_CACHE_LOG_LEVEL: 'debug' } });
  await put(sidecar, KEY, VALUE);
  await get(sidecar, `${KEY}-absent`);
  const requests = () => sidecar.logs().filter(({ msg }) => msg === 'request');
  await until(() => requests().length >= 2, 5000, 'two request lines');
  t.match(requests(), [
    { level: 20, method: 'PUT', route: '/v1/cache/:key', statusCode: 204, ms: Number },
    { level: 20, method: 'GET', route: '/v1/cache/:key', statusCode: 404, ms: Number },
  ]);
  t.equal(requests().length, 2);
});

t.test('at the usual level a request leaves no line', async (t) => {
  await using sidecar = await startSidecar();
  await put(sidecar, 'a', 'hello');
  await sidecar.stop();
  t.same(
    sidecar.logs().map(({ msg }) => msg),
    ['ready', 'closing', 'closed'],
  );
});
