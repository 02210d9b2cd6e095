// The servers that the other tests start: that they come up, do what they are for, and leave nothing behind.
import { connect } from 'node:net';
import t from 'tap';
import { startChild } from './fixtures/child.js';
import { startProxy } from './fixtures/proxy.js';
import { startRedis } from './fixtures/redis.js';
import { startRedisCluster } from './fixtures/redis-cluster.js';
import { within } from './fixtures/wait.js';

t.test('a redis-server answers, and is gone after stop', async (t) => {
  const redis = await startRedis();
  t.equal(await redis.cli('PING'), 'PONG');
  t.equal(await redis.cli('SET', 'schlüssel 🗝', 'v'), 'OK');
  await redis.stop();
  t.same(await redis.ended, { code: 0, signal: null });
  await t.rejects(redis.cli('PING'), /Connection refused/);
});

t.test('a redis-server with TLS and a user takes only that user, over TLS', async (t) => {
  await using redis = await startRedis({ tls: true, acl: { user: 'app', password: 'open-sesame' } });
  t.equal(await redis.cli('PING'), 'PONG');
  t.equal(await redis.cli('ACL', 'WHOAMI'), 'app');
  await t.rejects(redis.cli('--user', 'default', 'PING'), /WRONGPASS|NOAUTH/);
  t.match(redis.url, /^rediss:\/\/app:open-sesame@127\.0\.0\.1:\d+$/);
});

t.test('the nodes of a cluster hold a third of the keys each', async (t) => {
  await using cluster = await startRedisCluster();
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f'])
    t.equal(await (await cluster.nodeOf(key)).cli('SET', key, 'v'), 'OK');
});

t.test('a proxy passes bytes on, and ends its connections when told to', async (t) => {
  await using redis = await startRedis();
  await using proxy = await startProxy({ to: redis });
  await proxy.latency(20);
  const socket = connect(proxy.port, proxy.host);
  const answer = new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes))));
  socket.write('PING\r\n');
  t.equal(await within(answer, 5000, 'PONG through the proxy'), '+PONG\r\n');
  const reset = new Promise<Error>((resolve) => socket.once('error', resolve));
  await proxy.reset();
  t.match(await within(reset, 5000, 'the reset'), { code: 'ECONNRESET' });
});

t.test('a program that ends before it is ready is told of at once, with its output', async (t) => {
  const started = startChild({
    name: 'a program',
    command: process.execPath,
    args: ['-e', 'console.error("no such luck"); process.exit(3)'],
    readyLine: () => undefined,
  });
  await t.rejects(started, /a program ended \(code 3\) before it was ready:\nno such luck/);
});
