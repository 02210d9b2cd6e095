// The sidecar on a real redis-server: what lies there, how it is reached, what it refuses. A Redis that is away or
// does not answer: backend-outage.test.ts. The rules of the verbs: contract-redis.test.ts.
import t, { type Test } from 'tap';
import { type Answer, ask, get, put } from './fixtures/ask.js';
import { makeCertificates } from './fixtures/certificates.js';
import { startRedis } from './fixtures/redis.js';
import { type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { tempFolder } from './fixtures/temp-folder.js';

const USER = { user: 'app', password: 'p@ss:w/rd%41=é' }; // No comma: a StackExchange.Redis string cannot carry one.

function startOn(connection: string, env: Record<string, string> = {}): Promise<Sidecar> {
  return startSidecar({
    env: { AZURE_CACHE_CONNECTION: connection, AZURE_CACHE_DEADLINE_MS: '1000', ...env },
  });
}

/** 503 within the deadline, honest about the write, and without what must stay secret. */
function unreachable(t: Test, { status, error, ms, text }: Answer, secret: string): void {
  t.equal(status, 503);
  t.match(error, { code: 'backend_unreachable', retryable: true, outcome: 'not_applied' });
  t.match(error.message, /backend/);
  t.notMatch(text, secret);
  t.ok(ms < 2000, `after ${ms} ms`);
}

t.test('an entry is a plain string with its life, for others to read, and theirs for us', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis.url);
  t.equal((await put(sidecar, 'greeting?ttl=60', 'hello')).status, 204);
  t.equal(await redis.cli('GET', 'greeting'), 'hello');
  t.match(await redis.cli('TTL', 'greeting'), /^(59|60)$/);
  await put(sidecar, 'for-good?ttl=never', 'v');
  t.equal(await redis.cli('TTL', 'for-good'), '-1');
  await redis.cli('SET', 'schlüssel 🗝', 'theirs', 'EX', '60');
  const theirs = await ask(sidecar, `GET /v1/cache/${encodeURIComponent('schlüssel 🗝')}`);
  t.match(theirs, { status: 200, text: 'theirs' });
  t.match((await ask(sidecar, 'HEAD /v1/cache/for-good')).headers, { ttl: undefined });
  t.match((await ask(sidecar, 'HEAD /v1/cache/greeting')).headers.ttl, /^(59|60)$/);
});

t.test('the key prefix stands before every key, and nothing else of the Redis is seen', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis.url, { AZURE_CACHE_KEY_PREFIX: 'shop:' });
  await redis.cli('SET', 'a', 'not ours');
  t.equal((await get(sidecar, 'a')).status, 404);
  await put(sidecar, 'a', 'ours');
  t.equal(await redis.cli('GET', 'shop:a'), 'ours');
  t.equal((await ask(sidecar, 'DELETE /v1/cache/a')).status, 204);
  // Keys with NUL are the sidecar's own: marks of the near cache, which live briefly.
  const keys = (await redis.cli('KEYS', '*')).split('\n').filter((key) => !key.includes('\0'));
  t.same(keys, ['a']);
});

t.test(
  'a URL and a StackExchange.Redis string sign in with user and password, to the database they name',
  async (t) => {
    await using redis = await startRedis({ acl: USER });
    const { user, password } = USER;
    const forms = [
      [`${redis.url}/3`, '3'],
      [`127.0.0.1:${redis.port},user=${user},password=${password},defaultDatabase=4`, '4'],
    ] as const;
    for (const [connection, database] of forms) {
      await using sidecar = await startOn(connection);
      t.equal((await put(sidecar, 'a', 'hello')).status, 204, `database ${database}`);
      t.equal(await redis.cli('-n', database, 'GET', 'a'), 'hello');
      t.match(await redis.cli('CLIENT', 'LIST'), /name=azurecache-\S+ .* user=app/, 'it says who it is');
    }
  },
);

t.test('a wrong password gives 503 with a sentence, without the password', async (t) => {
  await using redis = await startRedis({ acl: USER });
  await using sidecar = await startOn(`redis://app:not-the-password@127.0.0.1:${redis.port}`);
  unreachable(t, await ask(sidecar, 'GET /readyz'), 'not-the-password');
  unreachable(t, await put(sidecar, 'a', 'hello'), 'not-the-password');
  t.equal((await ask(sidecar, 'GET /healthz')).status, 200);
});

t.test('TLS: the issuer of AZURE_CACHE_CA_FILE is trusted, others and none are not', async (t) => {
  await using redis = await startRedis({ tls: true, acl: USER });
  const trusted = (caFile: string) => ({ AZURE_CACHE_CA_FILE: caFile });
  const forms = [redis.url, `localhost:${redis.port},ssl=true,user=app,password=${USER.password}`];
  for (const connection of forms) {
    await using sidecar = await startOn(connection, trusted(redis.tls?.caFile as string));
    t.equal((await ask(sidecar, 'GET /readyz')).status, 200);
    t.equal((await put(sidecar, 'a', 'hello')).status, 204);
    t.equal(await redis.cli('GET', 'a'), 'hello');
  }
  const foreign = await makeCertificates(await tempFolder(t));
  for (const env of [{}, trusted(foreign.caFile)]) {
    await using sidecar = await startOn(redis.url, env);
    unreachable(t, await ask(sidecar, 'GET /readyz'), USER.password);
    unreachable(t, await put(sidecar, 'b', 'hello'), USER.password);
  }
  t.equal(await redis.cli('EXISTS', 'b'), '0');
});

t.test('what is no cache entry is not read and not counted as one, but a put overwrites it', async (t) => {
  await using redis = await startRedis();
  await using sidecar = await startOn(redis.url);
  await redis.cli('RPUSH', 'list', 'x');
  t.match(await get(sidecar, 'list'), { status: 409, error: { code: 'foreign_type' } });
  t.match(await ask(sidecar, 'GET /v1/cache/list?touch=60'), {
    status: 409,
    error: { code: 'foreign_type' },
  });
  t.equal(await redis.cli('LRANGE', 'list', '0', '-1'), 'x', 'it is still there');
  t.equal((await put(sidecar, 'list', 'hello')).status, 204);
  t.equal((await get(sidecar, 'list')).text, 'hello');
});

t.test('a command that Redis refuses is answered with 502, and was not applied', async (t) => {
  await using redis = await startRedis({ config: ['maxmemory 1', 'maxmemory-policy noeviction'] });
  await using sidecar = await startOn(redis.url);
  const refused = { code: 'backend_refused', retryable: false, outcome: 'not_applied', message: /\(OOM\)/ };
  t.match(await put(sidecar, 'a', 'hello'), { status: 502, error: refused });
  await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  t.equal((await put(sidecar, 'a', 'hello')).status, 204, 'and works once there is room');
  await redis.cli('ACL', 'SETUSER', 'default', '-@write');
  t.match(await put(sidecar, 'a', 'hello'), { status: 502, error: { message: /\(NOPERM\)/ } });
  t.equal((await get(sidecar, 'a')).text, 'hello');
});
