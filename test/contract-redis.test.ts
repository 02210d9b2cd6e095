// The contract through the real bridge on a real redis-server, and what others see of our entries there.
import t from 'tap';
import type { Backend } from '../src/backend.js';
import { entry, isDone, lasting } from './contract/entry.js';
import { backendContract, openSubject, RULES } from './contract.js';
import { openTestBridge } from './fixtures/bridge.js';
import { startRedis } from './fixtures/redis.js';

const PREFIX = 'app:';
const redis = await startRedis();
t.teardown(() => redis.stop());
const open = () => openTestBridge({ connection: redis.url, keyPrefix: PREFIX });

backendContract(t, {
  name: 'redis',
  open,
  oneStore: true,
  plant: async (key) => void (await redis.cli('RPUSH', PREFIX + key.toString(), 'an item')),
});

t.test('redis-cli reads a value as it was put, under prefix and key, with its life', async (t) => {
  const backend = await open();
  t.teardown(() => backend.close());
  isDone(await entry(backend, Buffer.from('schlüssel 🗝')).put('wert', lasting(60_000)));
  t.equal(await redis.cli('GET', 'app:schlüssel 🗝'), 'wert');
  const left = Number(await redis.cli('PTTL', 'app:schlüssel 🗝'));
  t.ok(left > 45_000 && left <= 60_000, `${left} ms left`);
});

t.test('a value that others set is read, and has an ETag', async (t) => {
  const backend = await open();
  t.teardown(() => backend.close());
  await redis.cli('SET', 'app:foreign', 'theirs');
  const it = entry(backend, Buffer.from('foreign'));
  const read = await it.get({ wantEtag: true, wantTtl: true });
  t.equal(read.value?.toString(), 'theirs');
  t.equal(read.ttlMs, Number.POSITIVE_INFINITY);
  isDone(await it.put('ours', { condition: 'etag', etag: read.etag }));
});

for (const { title, holds } of RULES.filter(({ title }) => title.includes('braces')))
  t.test(`redis, without a prefix: ${title}`, async () => {
    const opened: Backend[] = [];
    const unprefixed = () => openTestBridge({ connection: redis.url });
    const options = { name: 'redis', open: unprefixed, oneStore: true, plant: 'not here' };
    await holds(await openSubject(options, opened)).finally(() =>
      Promise.all(opened.map((one) => one.close())),
    );
  });
