// Tags on a Redis Cluster of three nodes while the node of an index is away: what was done to the entry is answered, and
// nobody waits for ever.
import { randomUUID } from 'node:crypto';
import t from 'tap';
import type { Backend } from '../src/backend.js';
import { entry, isDone, isMiss, isRefused, isValue, lasting } from './contract/entry.js';
import { lockRules } from './contract/locks.js';
import { keysWith, tagged, UNTAGGED } from './contract/tagging.js';
import { openSubject } from './contract.js';
import { openTestBridge } from './fixtures/bridge.js';
import type { Redis } from './fixtures/redis.js';
import { startRedisCluster } from './fixtures/redis-cluster.js';

const DEADLINE_MS = 500;

const cluster = await startRedisCluster();
const open = () => openTestBridge({ connection: cluster.connection, deadlineMs: DEADLINE_MS });
const backend = await open();
t.teardown(async () => {
  await backend.close();
  await cluster.stop();
});

/** A tag whose index is on a node without this key. What is in braces decides, for an index as for a key. */
async function tagElsewhere(key: string): Promise<{ tag: string; node: Redis; own: Redis }> {
  const own = await cluster.nodeOf(key);
  for (;;) {
    const tag = `{${randomUUID()}}`;
    const node = await cluster.nodeOf(tag);
    if (node !== own) return { tag, node, own };
  }
}

for (const { title, holds } of lockRules.filter(({ title }) => title.includes('braces')))
  t.test(`cluster, without a prefix: ${title}`, async () => {
    const opened: Backend[] = [];
    const options = { name: 'cluster', open, oneStore: true, plant: 'not here' };
    await holds(await openSubject(options, opened)).finally(() =>
      Promise.all(opened.map((one) => one.close())),
    );
  });

t.test('what is done to an entry is answered, also while an index cannot be told of its life', async (t) => {
  const key = randomUUID();
  const { tag, node, own } = await tagElsewhere(key);
  const it = entry(backend, Buffer.from(key));
  isDone(await it.put('v', { ...tagged(tag), ...lasting(60_000) }));
  node.pause();
  try {
    isDone(await it.touch(lasting(120_000)));
    isValue(await it.get(lasting(240_000)), 'v');
    isDone(await it.put('w', lasting(480_000)));
    const ms = Number(await own.cli('PTTL', key));
    t.ok(ms > 400_000, `${ms} ms left`);
  } finally {
    node.resume();
  }
  t.same(await keysWith({ backend, tags: [tag] }), [key]);
  isDone(await it.delete());
});

t.test('what has waited behind puts with tags until its deadline is not done any more', async (t) => {
  const key = randomUUID();
  const { tag, node } = await tagElsewhere(key);
  const it = entry(backend, Buffer.from(key));
  // There are tags, so the pause is the only thing in the way.
  isDone(await it.put('v', tagged(tag)));
  isDone(await it.delete());
  node.pause();
  try {
    const puts = [1, 2, 3].map((n) => it.put(`${n}`, tagged(tag)));
    const late = await Promise.all([
      it.put('late'),
      it.put('late', UNTAGGED),
      it.put('late', tagged('another')),
    ]);
    for (const put of [...(await Promise.all(puts)), ...late]) isRefused(put, 'timeout');
  } finally {
    node.resume();
  }
  isMiss(await it.get());
  t.pass('nothing was put');
});

t.test('a node that is gone is as one that does not answer', async (t) => {
  const key = randomUUID();
  const { tag, node } = await tagElsewhere(key);
  const it = entry(backend, Buffer.from(key));
  isDone(await it.put('v', tagged(tag)));
  await node.kill();
  isDone(await it.touch(lasting(120_000)));
  isDone(await it.put('w'));
  isValue(await it.get(), 'w');
  t.pass('all three are done');
});
