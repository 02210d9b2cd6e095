// What the bridge tells of changes in a Redis: by whom and how ever they come, over whatever happens to connections, and
// why where it cannot. What the near cache makes of it: near-cache*.test.ts.
import t, { type Test } from 'tap';
import { type BackendEvent, operation } from '../src/backend.js';
import type { Bridge, BridgeOptions } from '../src/bridge.js';
import { entry, isDone, lasting } from './contract/entry.js';
import { openTestBridge } from './fixtures/bridge.js';
import { listenTo, type Told } from './fixtures/changes.js';
import { startProxy } from './fixtures/proxy.js';
import { startRedis } from './fixtures/redis.js';
import { startRedisCluster } from './fixtures/redis-cluster.js';
import { until } from './fixtures/wait.js';

const PREFIX = 'app:';

async function open(t: Test, options: Partial<BridgeOptions>): Promise<{ bridge: Bridge; told: Told }> {
  const bridge = await openTestBridge({ tracking: true, keyPrefix: PREFIX, ...options });
  t.teardown(() => bridge.close());
  return { bridge, told: listenTo(bridge) };
}

/** What is told of what `act` does: keys, or `everything`. */
async function toldOf(told: Told, act: () => Promise<unknown>): Promise<string[]> {
  await told.proof();
  told.clear();
  await act();
  await told.proof();
  return [...new Set(told.all.filter((what) => what !== 'proof'))].sort();
}

t.test('whatever changes a key under the prefix is told, by its key without the prefix', async (t) => {
  await using redis = await startRedis();
  const { bridge, told } = await open(t, { connection: redis.url });
  const foreign: [...string[]][] = [
    ['SET', 'app:a', '1'],
    ['SET', 'app:a', '1'],
    ['EXPIRE', 'app:a', '100'],
    ['GETEX', 'app:a', 'PERSIST'],
    ['APPEND', 'app:a', '1'],
    ['DEL', 'app:a'],
    ['RPUSH', 'app:a', 'an item'],
    ['EVAL', "redis.call('SET', KEYS[1], '1')", '1', 'app:a'],
    ['MSET', 'app:a', '1', 'app:b', '2', 'other:c', '3'],
  ];
  for (const command of foreign) {
    const name = command.join(' ');
    t.same(await toldOf(told, () => redis.cli(...command)), command[0] === 'MSET' ? ['a', 'b'] : ['a'], name);
  }
  const odd = Buffer.from('ä 🗝'.repeat(50));
  const own = entry(bridge, odd);
  t.same(
    await toldOf(told, async () => isDone(await own.put('v', lasting(60_000)))),
    [String(odd)],
    'our own put',
  );
  t.same(
    await toldOf(told, async () => isDone(await own.touch(lasting(60_000)))),
    [String(odd)],
    'our own touch',
  );
  t.same(await toldOf(told, () => own.get()), [], 'a read is no change');
  const ends = () => until(async () => (await redis.cli('EXISTS', 'app:b')) === '0', 5000, 'b to expire');
  t.same(await toldOf(told, () => redis.cli('PEXPIRE', 'app:b', '20').then(ends)), ['b'], 'expiry');
  t.same(await toldOf(told, () => redis.cli('FLUSHDB')), ['everything'], 'FLUSHDB names no key');
  const keyOfTooManyBytes = `app:${'k'.repeat(1025)}`;
  t.same(
    await toldOf(told, () => redis.cli('SET', keyOfTooManyBytes, '1')),
    [],
    'nobody can ask for such a key',
  );
});

t.test('without a prefix every key is told, but those of sidecars', async (t) => {
  await using redis = await startRedis();
  const { told } = await open(t, { connection: redis.url, keyPrefix: '' });
  const other = await open(t, { connection: redis.url, keyPrefix: '' });
  await other.told.proof();
  const change = async () => {
    await redis.cli('SET', 'a', '1');
    await other.told.proof();
  };
  t.same(await toldOf(told, change), ['a']);
});

t.test('marks live briefly, and are in no list', async (t) => {
  await using redis = await startRedis();
  const { bridge, told } = await open(t, { connection: redis.url });
  await told.proof();
  const listed = await bridge.run({ ...operation('list', Buffer.alloc(0)), deadlineMs: 5000 });
  t.equal(String(listed.value), '{"keys":[]}');
  t.match(await redis.cli('DBSIZE'), /^[1-9]\d*$/);
  await until(async () => (await redis.cli('DBSIZE')) === '0', 5000, 'the marks to be gone');
});

for (const types of [['normal'], ['pubsub'], ['normal', 'pubsub']])
  t.test(
    `when connections are cut (${types.join(', ')}), changes are lost, and then told again`,
    async (t) => {
      await using redis = await startRedis();
      const { bridge, told } = await open(t, { connection: redis.url });
      await told.proof();
      told.clear();
      for (const type of types) await redis.cli('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
      await until(() => told.all.includes('lost'), 5000, 'the loss to be told');
      await told.proof();
      t.ok(told.all.lastIndexOf('everything') > told.all.indexOf('lost'), told.all.join(' '));
      t.ok(told.all.lastIndexOf('proof') > told.all.lastIndexOf('everything'), told.all.join(' '));
      t.same(await toldOf(told, () => redis.cli('SET', 'app:a', '1')), ['a']);
      t.equal(String((await entry(bridge, Buffer.from('a')).get()).value), '1');
    },
  );

t.test(
  'a half-open connection proves nothing; when the network is back, changes are told again',
  async (t) => {
    await using redis = await startRedis();
    await using proxy = await startProxy({ to: redis });
    const { bridge, told } = await open(t, {
      connection: `redis://127.0.0.1:${proxy.port}`,
      deadlineMs: 500,
    });
    await told.proof();
    proxy.pause();
    told.clear();
    for (let mark = 1000; mark < 1005; mark++) {
      bridge.mark(mark);
      await entry(bridge, Buffer.from('a')).get({ deadlineMs: 300 });
    }
    t.notOk(told.all.includes('proof'), told.all.join(' '));
    proxy.resume();
    const again = listenTo(bridge, 1010);
    t.same(await toldOf(again, () => redis.cli('SET', 'app:a', '1')), ['a']);
  },
);

t.test('so many changes at once that they are not told one by one are told as everything', async (t) => {
  await using redis = await startRedis();
  const { told } = await open(t, { connection: redis.url });
  const many = "for i = 1, 300000 do redis.call('SET', 'app:' .. i, '1') end";
  const what = await toldOf(told, () => redis.cli('EVAL', many, '0'));
  t.ok(what.includes('everything') || what.length === 300_000, `${what.length} told`);
});

async function off(t: Test, connection: string, why: RegExp): Promise<void> {
  const events: BackendEvent[] = [];
  const { bridge, told } = await open(t, { connection, onEvent: (event) => events.push(event) });
  const of = () => events.filter(({ event }) => event === 'changes_not_told');
  const asking = setInterval(() => bridge.mark(1), 20);
  t.teardown(() => clearInterval(asking));
  await until(() => of().length > 0, 5000, 'the reason to be told');
  isDone(await entry(bridge, Buffer.from('a')).put('v', lasting(60_000)));
  t.match(of()[0], { level: 'info', message: why });
  t.equal(of().length, 1, 'it is told once');
  t.notOk(told.all.includes('proof'));
}

t.test('where the user may not, nothing is told, and the reason once', async (t) => {
  await using redis = await startRedis();
  await redis.cli('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking');
  await off(t, `redis://app:secret@127.0.0.1:${redis.port}`, /not to this user \(NOPERM\)/);
});

t.test('where the server has no client tracking, nothing is told, and the reason once', async (t) => {
  await using redis = await startRedis({ config: ['rename-command CLIENT ""'] });
  await off(t, redis.url, /does not offer it/);
});

t.test('on a cluster nothing is told, and the reason once', async (t) => {
  await using cluster = await startRedisCluster();
  await off(t, cluster.connection, /cluster|more than one server/);
});

t.test('embedded: nobody else can write, and nothing is told', async (t) => {
  const { bridge, told } = await open(t, {});
  t.equal(bridge.alone, true);
  bridge.mark(1);
  isDone(await entry(bridge, Buffer.from('a')).put('v', lasting(60_000)));
  t.same(told.all, []);
});
