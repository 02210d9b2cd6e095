// What the doctor says of a Redis, real ones: well, and with one thing wrong.
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { backendChecks } from '../src/doctor/backend.js';
import { makeCertificates } from './fixtures/certificates.js';
import { runDoctor, SECRET } from './fixtures/doctor.js';
import { freePort } from './fixtures/free-port.js';
import { startRedis } from './fixtures/redis.js';
import { startRedisCluster } from './fixtures/redis-cluster.js';
import { startSidecar } from './fixtures/sidecar.js';
import { tempFolder } from './fixtures/temp-folder.js';

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
    t.notMatch(await redis.cli('KEYS', '*doctor*'), /doctor/);
  },
);

t.test('a wrong password, none, and a user that is not known', async (t) => {
  await using redis = await startRedis({ acl: { user: 'app', password: 'right-password' } });
  const at = `127.0.0.1:${redis.port}`;
  for (const connection of [
    `redis://app:${SECRET}@${at}`,
    `redis://${at}`,
    `redis://other:${SECRET}@${at}`,
  ]) {
    const { line, has } = await runDoctor(t, { env: { AZURE_CACHE_CONNECTION: connection } });
    t.equal(line('tcp').state, 'ok');
    t.match(line('sign-in'), { state: 'fail', says: /^refused \(/, fix: /AZURE_CACHE_CONNECTION/ });
    t.notOk(has('entries'));
  }
});

t.test('nobody at the port; a name without an address; a string that cannot be read', async (t) => {
  const nobody = await runDoctor(t, {
    env: { AZURE_CACHE_CONNECTION: `redis://:${SECRET}@127.0.0.1:${await freePort()}` },
  });
  t.match(nobody.line('tcp'), { state: 'fail', says: /ECONNREFUSED/, fix: /firewall/ });
  t.notOk(nobody.has('sign-in'));
  const nameless = await runDoctor(t, {
    env: { AZURE_CACHE_CONNECTION: `nowhere.invalid:6380,password=${SECRET}` },
  });
  t.match(nameless.line('dns'), { state: 'fail', says: /nowhere\.invalid has no address/, fix: /DNS/ });
  t.notOk(nameless.has('tcp'));
  const unread = await runDoctor(t, {
    env: { AZURE_CACHE_CONNECTION: `127.0.0.1:1,password=${SECRET},frobnicate=1` },
  });
  t.match(unread.line('backend'), { state: 'fail', says: /AZURE_CACHE_CONNECTION/, fix: /redis:\/\/ URL/ });
});

t.test('TLS: trusted by AZURE_CACHE_CA_FILE, not trusted, a certificate for another name', async (t) => {
  await using redis = await startRedis({ tls: true });
  const env = { AZURE_CACHE_CONNECTION: redis.url, AZURE_CACHE_CA_FILE: redis.tls?.caFile as string };
  const well = await runDoctor(t, { env });
  t.equal(well.code, 0);
  // The certificates of the tests last a day.
  t.match(well.line('tls'), {
    state: 'warn',
    says: /^TLSv1\.3, certificate of localhost by azurecache test CA/,
    fix: /renew/,
  });
  t.equal(well.line('entries').state, 'ok');

  const other = await makeCertificates(await tempFolder(t));
  for (const more of [{}, { AZURE_CACHE_CA_FILE: other.caFile }]) {
    const { line } = await runDoctor(t, { env: { AZURE_CACHE_CONNECTION: redis.url, ...more } });
    t.match(line('tls'), { state: 'fail', says: /its issuer is not trusted/, fix: /AZURE_CACHE_CA_FILE/ });
  }
  const connection = `127.0.0.1:${redis.port},ssl=true,sslHost=cache.example`;
  const name = await runDoctor(t, { env: { ...env, AZURE_CACHE_CONNECTION: connection } });
  t.match(name.line('tls'), {
    state: 'fail',
    says: /it is not for cache\.example/,
    fix: /name that is in the certificate/,
  });
  const broken = join(await tempFolder(t), 'ca.pem');
  await copyFile(redis.tls?.keyFile as string, broken);
  const key = await runDoctor(t, { env: { ...env, AZURE_CACHE_CA_FILE: broken } });
  t.match(key.line('backend'), { state: 'fail', says: /AZURE_CACHE_CA_FILE/ });
});

t.test('TLS at one end only', async (t) => {
  await using secure = await startRedis({ tls: true });
  const plainly = await runDoctor(t, { env: { AZURE_CACHE_CONNECTION: `redis://127.0.0.1:${secure.port}` } });
  t.match(plainly.line('tls'), { state: 'fail', says: /speaks TLS/, fix: /rediss:/ });
  await using plain = await startRedis();
  const secretly = await runDoctor(t, {
    env: { AZURE_CACHE_CONNECTION: `rediss://127.0.0.1:${plain.port}` },
  });
  t.match(secretly.line('tls'), { state: 'fail', says: /no TLS with/, fix: /redis:/ });
});

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

t.test('a server that takes connections and says nothing: it ends in time', async (t) => {
  const open = new Set<Socket>();
  const server = createServer((socket) => open.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const begun = performance.now();
  // runCommand ends it at 20 s.
  const { line } = await runDoctor(t, {
    env: { AZURE_CACHE_CONNECTION: `127.0.0.1:${port},password=${SECRET}` },
  });
  t.match(line('sign-in'), { state: 'fail', says: /can be reached, but/ });
  t.ok(performance.now() - begun < 20_000);
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
