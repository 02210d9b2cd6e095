// The sidecar on a Redis Cluster of three nodes, one of which is paused: it holds up nobody else.
import t, { type Test } from 'tap';
import { type Connection, connect } from '../client/dist/transport/connection.js';
import type { Operation, Result } from '../client/dist/transport/operation.js';
import { ask, get, put } from './fixtures/ask.js';
import { openCache } from './fixtures/cache.js';
import { type RedisCluster, startRedisCluster } from './fixtures/redis-cluster.js';
import { type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { until, within } from './fixtures/wait.js';

const OTHERS = 1000;
const MIB = 1024 * 1024;
/** Longer than the test takes: nothing here ends by its deadline. */
const DEADLINE_MS = 30_000;

const cluster = await startRedisCluster();
const sidecar = await startSidecar({
  env: { AZURE_CACHE_CONNECTION: cluster.connection, AZURE_CACHE_DEADLINE_MS: String(DEADLINE_MS) },
});
const tags = await tagPerNode(cluster);
t.teardown(async () => {
  await sidecar.stop();
  await cluster.stop();
});

/** A hash tag for each node, in the order of the nodes: `{tag}:anything` lies there. */
async function tagPerNode({ nodes, nodeOf }: RedisCluster): Promise<string[]> {
  const found = new Map<unknown, string>();
  for (let i = 0; found.size < nodes.length; i++) {
    const tag = `{tag-${i}}`;
    const node = await nodeOf(tag);
    if (!found.has(node)) found.set(node, tag);
  }
  return nodes.map((node) => found.get(node) as string);
}

function streamTo({ socketPath }: Sidecar): Promise<Connection> {
  return connect({ path: socketPath }, { deadlineMs: DEADLINE_MS });
}

t.test('keys of every node are written, read, changed on a condition and deleted', async (t) => {
  for (const [i, tag] of tags.entries()) {
    const key = encodeURIComponent(`${tag}:a`);
    t.equal((await put(sidecar, `${key}?ttl=60`, 'hello')).status, 204);
    t.equal(await cluster.nodes[i]?.cli('GET', `${tag}:a`), 'hello', `it lies on node ${i}`);
    const { headers } = await get(sidecar, key);
    const ifMatch = { headers: { 'if-match': headers.etag }, body: 'changed' };
    t.equal((await ask(sidecar, `PUT /v1/cache/${key}`, ifMatch)).status, 204);
    t.equal((await ask(sidecar, `PUT /v1/cache/${key}`, ifMatch)).status, 412);
    t.equal((await get(sidecar, key)).text, 'changed');
    t.equal((await ask(sidecar, `DELETE /v1/cache/${key}`)).status, 204);
  }
  const gets = tags.map((tag) => ({ op: 'get', key: `${tag}:a` }));
  const { text } = await ask(sidecar, 'POST /v1/batch', { body: JSON.stringify(gets) });
  t.match(JSON.parse(text), [{ status: 404 }, { status: 404 }, { status: 404 }]);
});

/** Asks the paused node for something of every size, so that its connection is full. */
function fillUp(run: (operation: Operation) => Promise<Result>, tag: string): Promise<Result>[] {
  return [
    run({ verb: 'get', key: `${tag}:absent` }),
    run({ verb: 'put', key: `${tag}:large`, value: Buffer.alloc(8 * MIB, 'x') }),
    ...[...Array(20).keys()].map((i) => run({ verb: 'put', key: `${tag}:${i}`, value: Buffer.from('v') })),
  ];
}

async function othersAreAnsweredFirst(t: Test, paused: number): Promise<void> {
  const connection = await streamTo(sidecar);
  const order: string[] = [];
  const run = async (operation: Operation) => {
    const result = await connection.run(operation);
    order.push(operation.key as string);
    return result;
  };
  const [tag, ...others] = [tags[paused] as string, ...tags.filter((_, i) => i !== paused)];
  cluster.nodes[paused]?.pause();
  const held = fillUp(run, tag);
  const asked = [...Array(OTHERS).keys()].map((i) => {
    const key = `${others[i % 2]}:${i % 100}`;
    return run(i % 4 < 2 ? { verb: 'put', key, value: Buffer.from(`${i}`) } : { verb: 'get', key });
  });
  const answers = await within(
    Promise.all(asked),
    DEADLINE_MS / 2,
    () => `1,000 answers; ${order.length} came`,
  );
  t.ok(
    answers.every(({ status }) => status === 'ok' || status === 'miss'),
    'all with success',
  );
  t.equal(order.length, OTHERS);
  t.notOk(
    order.some((key) => key.startsWith(tag)),
    'before any of the paused node',
  );
  cluster.nodes[paused]?.resume();
  const late = await within(Promise.all(held), DEADLINE_MS / 2, 'the answers of the paused node');
  t.same(
    late.map(({ status }) => status),
    ['miss', ...Array(21).fill('ok')],
    'which answers too once it goes on',
  );
  t.equal(await cluster.nodes[paused]?.cli('STRLEN', `${tag}:large`), String(8 * MIB));
  await connection.close();
}

for (const paused of [0, 1, 2])
  t.test(`while node ${paused} is paused, 1,000 operations on the others are answered before its own`, (t) =>
    othersAreAnsweredFirst(t, paused),
  );

t.test('1,000 entries over all nodes are put, got, touched and removed at once', async (t) => {
  await using cache = openCache(sidecar, { prefix: '' });
  const keys = Array.from({ length: 1000 }, (_, i) => `bulk-${i}`);
  t.equal(await cache.putMany(keys.map((key, i) => [key, i])), 1000);
  const sizes = await Promise.all(cluster.nodes.map((node) => node.cli('DBSIZE')));
  for (const size of sizes) t.ok(Number(size) > 200, 'each node has its share');
  t.same(
    [...(await cache.getMany(keys)).entries()],
    keys.map((key, i) => [key, i]),
  );
  t.equal(await cache.touchMany([...keys, 'absent'], 60), 1000);
  t.ok(Number((await cache.get('bulk-7', { etag: true, ttl: true }))?.ttl) <= 60);
  const items = keys.map((key, i) => ({ op: i % 2 ? 'touch' : 'get', key, ...(i % 2 ? { ttl: 90 } : {}) }));
  const { text } = await ask(sidecar, 'POST /v1/batch', { body: JSON.stringify(items) });
  const answers = JSON.parse(text) as { status: number; value?: string }[];
  t.same(
    answers.map(({ status, value }) => [status, value]),
    keys.map((_, i) => (i % 2 ? [204, undefined] : [200, String(i)])),
  );
  t.equal(await cache.removeMany(keys), 1000);
});

t.test(
  'with a node gone, its keys get an error that says so, and the others work, also of a batch',
  async (t) => {
    const [first = '', second = ''] = tags.map((tag) => encodeURIComponent(`${tag}:b`));
    await cluster.nodes[0]?.kill();
    const lost = () => sidecar.logs().some(({ event }) => event === 'connection_failed');
    await until(lost, 5000, 'the loss to be noticed');
    t.match(await put(sidecar, first, 'v'), {
      status: 503,
      error: { code: 'backend_unreachable', outcome: 'not_applied' },
    });
    t.equal((await put(sidecar, second, 'v')).status, 204);
    const items = [tags[0], tags[1], tags[2]].map((tag) => ({ op: 'put', key: `${tag}:c`, value: 'v' }));
    const { text } = await ask(sidecar, 'POST /v1/batch', { body: JSON.stringify(items) });
    const [lostOne, ...done] = JSON.parse(text);
    t.match(lostOne, { status: 503, code: 'backend_unreachable', outcome: 'not_applied' });
    t.same(
      done.map(({ status }: { status: number }) => status),
      [204, 204],
    );
    await using cache = openCache(sidecar, { prefix: '' });
    const putting = cache.putMany(items.map(({ key }) => [key, 1]));
    await t.rejects(putting, { code: 'backend_unreachable', outcome: 'not_applied', failed: [0] });
    t.equal(await cache.get(`${tags[1]}:c`), 1);
  },
);
