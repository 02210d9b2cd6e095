// What the doctor says of TLS on the way to a Redis.
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { makeCertificates } from './fixtures/certificates.js';
import { runDoctor } from './fixtures/doctor.js';
import { startRedis } from './fixtures/redis.js';
import { tempFolder } from './fixtures/temp-folder.js';

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
