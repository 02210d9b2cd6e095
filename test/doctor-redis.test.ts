import t from 'tap';
import { backendChecks } from '../src/doctor/backend.js';
import { placeOf, startEntraFor, startLockedRedis } from './entra/signed-in.js';
import { runDoctor, SECRET } from './fixtures/doctor.js';
import { startEntra } from './fixtures/entra.js';
import { startRedis } from './fixtures/redis.js';
import { startRedisCluster } from './fixtures/redis-cluster.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

const WELL = [
  'backend',
  'tcp',
  'sign-in',
  'server',
  'entries',
  'scripting',
  'tracking',
  'eviction',
  'latency',
  'clock',
];

t.test(
  'a Redis with everything: also while a sidecar uses it, and nothing of the doctor stays there',
  async (t) => {
    await using redis = await startRedis({ acl: { user: 'app', password: SECRET } });
    const env = { AZURE_CACHE_CONNECTION: redis.url, AZURE_CACHE_KEY_PREFIX: 'shop:' };
    await using _sidecar = await startSidecar({ env });
    const { code, line, checks } = await runDoctor(t, { env });
    t.equal(code, 0);
    for (const name of WELL) t.equal(line(name as 'tcp').state, 'ok', `${name}: ${line(name as 'tcp').says}`);
    t.match(line('server').says, /^Redis \d+\.\d+\.\d+, standalone, 1 server$/);
    t.notOk(
      checks.some(({ says }) => says.includes('app')),
      'no user is named',
    );
    // The marks by which it sees that changes are told live for two seconds.
    await until(async () => !(await redis.cli('KEYS', '*doctor*')), 10_000, 'the marks to be gone');
  },
);

t.test('users of Redis who may not do everything', async (t) => {
  await using redis = await startRedis({ acl: { user: 'admin', password: 'admin-password' } });
  const asUser = async (...rules: string[]) => {
    await redis.cli('ACL', 'SETUSER', 'app', 'reset', 'on', `>${SECRET}`, ...rules);
    const connection = `redis://app:${SECRET}@127.0.0.1:${redis.port}`;
    return runDoctor(t, { env: { AZURE_CACHE_CONNECTION: connection, AZURE_CACHE_KEY_PREFIX: 'shop:' } });
  };
  const scripts = await asUser('~*', '&*', '+@all', '-eval', '-evalsha');
  t.match(scripts.line('scripting'), { state: 'fail', says: /NOPERM/, fix: /\+eval \+evalsha/ });
  t.equal(scripts.line('entries').state, 'ok');
  const keys = await asUser('~other:*', '&*', '+@all');
  t.match(keys.line('entries'), { state: 'fail', says: /put failed.*NOPERM/, fix: /AZURE_CACHE_KEY_PREFIX/ });
  t.equal(keys.line('sign-in').state, 'ok');
  const client = await asUser('~shop:*', '&*', '+@all', '-client|tracking', '-info');
  t.equal(client.code, 0);
  t.match(client.line('tracking'), { state: 'warn', says: /not to this user/, fix: /\+client\|tracking/ });
  t.match(client.line('server'), { state: 'warn', says: /INFO is refused/, fix: /\+info/ });
});

t.test('a server whose memory is full, and one that will refuse when it is', async (t) => {
  await using redis = await startRedis({ config: ['maxmemory 100mb', 'maxmemory-policy noeviction'] });
  const env = { AZURE_CACHE_CONNECTION: redis.url };
  const { code, line } = await runDoctor(t, { env });
  t.equal(code, 0);
  t.match(line('eviction'), { state: 'warn', says: /refuses every put/, fix: /volatile-lru/ });
  await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
  t.match((await runDoctor(t, { env })).line('entries'), {
    state: 'fail',
    says: /put failed.*OOM/,
    fix: /more memory/,
  });
});

t.test('a replica takes no writes', async (t) => {
  await using primary = await startRedis();
  await using replica = await startRedis({ config: [`replicaof 127.0.0.1 ${primary.port}`] });
  const { line } = await runDoctor(t, { env: { AZURE_CACHE_CONNECTION: replica.url } });
  t.match(line('server'), { state: 'fail', says: /a replica/, fix: /primary/ });
});

t.test('a cluster', async (t) => {
  await using cluster = await startRedisCluster();
  const { code, line, checks } = await runDoctor(t, { env: { AZURE_CACHE_CONNECTION: cluster.connection } });
  t.equal(code, 0);
  t.match(line('server'), { state: 'ok', says: /cluster, 3 servers/ });
  t.equal(checks.filter(({ name }) => name === 'tcp').length, 3);
  t.match(line('tracking'), { state: 'warn', says: /more than one server|part of a cluster/ });
  t.equal(line('entries').state, 'ok');
});

t.test('clock, way and version: what their numbers mean', async (t) => {
  // A server with another clock, or a slow way, is not to be had here.
  const facts = {
    failure: null,
    word: null,
    kind: 'Standalone',
    servers: 1,
    info: { redis_version: '5.0.7' },
    pingMs: 40,
    skewMs: -5000,
  };
  const says = (more: Partial<typeof facts>) =>
    Object.fromEntries(
      backendChecks(
        { events: [], facts: { ...facts, ...more } },
        { identifier: undefined, entra: undefined },
        false,
      ).map((check) => [check.name, check]),
    );
  t.match(says({}).clock, { state: 'warn', says: /^5 s behind the server's$/ });
  t.match(says({ skewMs: 120 }).clock, { state: 'ok', says: /^120 ms ahead of/ });
  t.match(says({}).latency, { state: 'warn', says: /^40 ms/ });
  t.match(says({}).server, { state: 'warn', says: /Redis 5\.0\.7/, fix: /version 6/ });
  t.match(says({ info: { redis_version: '7.2.4', valkey_version: '8.0.1' } as never }).server, {
    state: 'ok',
    says: /^Valkey 8\.0\.1/,
  });
});
t.test('Entra ID: a token and until when it lasts; none; one that the cache refuses', async (t) => {
  const redis = await startLockedRedis(t);
  const entra = await startEntraFor(t, [redis], { lifeSeconds: 60 });
  const env = { ...entra.env, AZURE_CACHE_CONNECTION: placeOf(redis), AZURE_CACHE_ENTRA: 'system' };
  const well = await runDoctor(t, { env });
  t.match(well.line('sign-in'), {
    state: 'ok',
    says: /^accepted\. There is a token of Entra ID for .*, until \d{4}-/,
  });
  t.equal(well.line('entries').state, 'ok');
  for (const { text } of entra.tokens) t.notMatch(JSON.stringify(well.checks), text);
  entra.fail(true);
  const none = await runDoctor(t, { env });
  t.match(none.line('sign-in'), { state: 'fail', says: /gives no token.*HTTP 500/, fix: /^turn it on/ });
  const stranger = await startEntra({ lifeSeconds: 60 });
  t.teardown(() => stranger.stop());
  const refused = await runDoctor(t, { env: { ...env, ...stranger.env } });
  t.match(refused.line('sign-in'), { state: 'fail', says: /refuse/, fix: /access policy|docs\/entra\.md/ });
});
