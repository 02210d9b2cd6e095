// What the doctor says of the way to a Redis: names, connections, TLS, signing in.
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { makeCertificates } from './fixtures/certificates.js';
import { runDoctor, SECRET } from './fixtures/doctor.js';
import { freePort } from './fixtures/free-port.js';
import { startRedis } from './fixtures/redis.js';
import { tempFolder } from './fixtures/temp-folder.js';

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
