// What the doctor says of the way to a Redis: names, connections, signing in.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t from 'tap';
import { runDoctor, SECRET } from './fixtures/doctor.js';
import { freePort } from './fixtures/free-port.js';
import { startRedis } from './fixtures/redis.js';

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
