// The contract through the real bridge on a Redis Cluster of three nodes, and the keys that it cannot lock.
import t from 'tap';
import { entry, isDone, isMiss, isRefused } from './contract/entry.js';
import { backendContract } from './contract.js';
import { openTestBridge } from './fixtures/bridge.js';
import { startRedisCluster } from './fixtures/redis-cluster.js';

const PREFIX = 'app:';
const cluster = await startRedisCluster();
t.teardown(() => cluster.stop());
const open = (keyPrefix = PREFIX) => openTestBridge({ connection: cluster.connection, keyPrefix });

backendContract(t, {
  name: 'cluster',
  open: () => open(),
  oneStore: true,
  plant: async (key) => {
    const full = PREFIX + key.toString();
    await (await cluster.nodeOf(full)).cli('RPUSH', full, 'an item');
  },
});

t.test('a key is locked in its own slot, or else refused with lock_key_invalid', async (t) => {
  const token = Buffer.alloc(16, 7);
  const lockable = [
    'a',
    'a:b',
    '{a}',
    '{a}b',
    'b{a}c',
    'a{b',
    '}{a}',
    '{a}}',
    '{{a}}',
    '{{}a}',
    'a{',
    'a{b{c}',
    '漢字 🗝',
  ];
  const refused = ['a}b', '{}', '{}a', '{}{a}', '}', 'a{}b}'];
  for (const [prefix, keys, fine] of [
    [PREFIX, lockable, true],
    [PREFIX, refused, false],
    ['{app}:', [...lockable, ...refused], true],
    ['{}', lockable, false],
  ] as const) {
    const backend = await open(prefix);
    t.teardown(() => backend.close());
    for (const key of keys) {
      const it = entry(backend, Buffer.from(key));
      const locked = await it.lock(token, { absent: true });
      if (fine) isDone(locked);
      else {
        isRefused(locked, 'lock_key_invalid');
        isRefused(await it.put('v', { extras: { token } }), 'lock_key_invalid');
        isRefused(await it.delete({ extras: { token } }), 'lock_key_invalid');
        isRefused(await it.unlock(token), 'lock_key_invalid');
        isMiss(await it.get());
      }
      if (fine) isDone(await it.put('v', { extras: { token } }));
      isDone(await it.put('v'));
      t.pass(`${prefix}${key}`);
    }
  }
});
