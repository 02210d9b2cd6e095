// Lists and clears of keys on a Redis Cluster of three nodes: every one is gone through, and a paused one holds up nobody else.
import t from 'tap';
import { type Connection, connect } from '../client/dist/transport/connection.js';
import type { ClearedPage, KeyPage } from '../src/backend.js';
import { ask } from './fixtures/ask.js';
import type { Redis } from './fixtures/redis.js';
import { startRedisCluster } from './fixtures/redis-cluster.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until, within } from './fixtures/wait.js';

const KEYS = 3000;
/** Longer than the test takes: nothing here ends by its deadline. */
const DEADLINE_MS = 30_000;

const cluster = await startRedisCluster();
const sidecar = await startSidecar({
  env: {
    AZURE_CACHE_CONNECTION: cluster.connection,
    AZURE_CACHE_DEADLINE_MS: String(DEADLINE_MS),
    AZURE_CACHE_KEY_PREFIX: 'app:',
  },
});
const connection = await connect({ path: sidecar.socketPath }, { deadlineMs: DEADLINE_MS });
t.teardown(async () => {
  await connection.close();
  await sidecar.stop();
  await cluster.stop();
});

const key = (i: number) => `key:${i}`;
const put = (name: string) => connection.run({ verb: 'put', key: name, value: Buffer.from('v') });
const remove = (name: string) => connection.run({ verb: 'delete', key: name });
const every = (run: (name: string) => Promise<unknown>, step: number) =>
  Promise.all(Array.from({ length: KEYS / step }, (_, i) => run(key(i * step))));

/** One page, and the cursor that led to it. */
interface Page extends KeyPage {
  from: string;
}

async function page(cursor = '', prefix = 'key:', on: Connection = connection): Promise<Page> {
  const asked = { verb: 'list', key: prefix, value: Buffer.from(cursor), ttlMs: 200 } as const;
  const { value } = await on.run(asked);
  return { ...(JSON.parse(String(value)) as KeyPage), from: cursor };
}

async function pages(between?: () => Promise<unknown>): Promise<Page[]> {
  const found = [await page()];
  await between?.();
  for (let { cursor } = found[0] as Page; cursor !== undefined; ) {
    const next = await page(cursor);
    found.push(next);
    cursor = next.cursor;
  }
  return found;
}

const listed = (found: Page[]) => new Set(found.flatMap(({ keys }) => keys));
/** Which node a page came from is seen in its cursor, up to the position. */
const serverOf = ({ from, cursor }: Page) => (from || (cursor ?? '')).split('-')[0];

t.before(() => every(put, 1));

t.test('the keys of all three nodes are listed, node after node', async (t) => {
  const found = await pages();
  t.equal(listed(found).size, KEYS);
  const holders = new Map<string, number>();
  for (const [n, node] of cluster.nodes.entries())
    for (const name of (await node.cli('KEYS', 'app:*')).split('\n')) holders.set(name, n);
  const servers = new Map<unknown, Set<unknown>>();
  for (const one of found) {
    const nodes = servers.get(serverOf(one)) ?? new Set();
    for (const name of one.keys) nodes.add(holders.get(`app:${name}`));
    servers.set(serverOf(one), nodes);
  }
  t.equal(servers.size, 3);
  for (const nodes of servers.values()) t.equal(nodes.size, 1, 'a page is of one node');
});

t.test('what stays there is listed, while between the pages every second key is deleted', async (t) => {
  const found = listed(await pages(() => every(remove, 2)));
  for (let i = 1; i < KEYS; i += 2) if (!found.has(key(i))) t.fail(`${key(i)} is missing`);
  t.equal(listed(await pages()).size, KEYS / 2);
  await every(put, 2);
});

t.test('a clear goes through all three nodes', async (t) => {
  await Promise.all(Array.from({ length: 300 }, (_, i) => put(`gone:${i}`)));
  let removed = 0;
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const { value } = await connection.run({ verb: 'clear', key: 'gone:', value: cursor });
    const page = JSON.parse(String(value)) as ClearedPage;
    removed += page.removed;
    cursor = page.cursor;
  }
  t.equal(removed, 300);
  t.equal((await page('', 'gone:')).keys.length, 0);
  t.equal(listed(await pages()).size, KEYS);
});

t.test('a list that waits for a paused node holds up neither lists nor entries of the others', async (t) => {
  const found = await pages();
  const begins = [...new Map(found.toReversed().map((one) => [serverOf(one), one.from])).values()];
  const nodes = await Promise.all(
    begins.map(async (from) => cluster.nodeOf(`app:${(await page(from)).keys[0]}`)),
  );
  for (const [i, node] of nodes.entries()) {
    node.pause();
    let waiting = true;
    const held = page(begins[i]).finally(() => {
      waiting = false;
    });
    const others = begins.filter((_, n) => n !== i);
    const names = (
      await within(Promise.all(others.map((from) => page(from))), DEADLINE_MS / 2, 'two other pages')
    )
      .flatMap(({ keys }) => keys)
      .slice(0, 100);
    const gets = Promise.all(names.map((name) => connection.run({ verb: 'get', key: name })));
    for (const { status } of await within(gets, DEADLINE_MS / 2, '100 gets')) t.equal(status, 'ok');
    t.ok(waiting, 'before the page of the paused node');
    node.resume();
    t.not((await within(held, DEADLINE_MS / 2, 'the page of the node that goes on')).keys.length, 0);
  }
});

t.test(
  'once a node has left, a cursor is refused, and a new list has the keys of those that are left',
  async (t) => {
    const { cursor = '' } = await page();
    const [first, second, third] = cluster.nodes;
    await third?.cli('FLUSHALL');
    // Whether the other nodes have heard of it before they are told is a matter of luck.
    const tell = (node: Redis | undefined, order: string) =>
      node?.cli('CLUSTER', order, '10923', '16383').then(
        () => true,
        () => false,
      );
    const moved = async () => {
      for (const node of [third, first, second]) await tell(node, 'DELSLOTSRANGE');
      return tell(second, 'ADDSLOTSRANGE');
    };
    await until(moved, 20_000, 'the slots to move');
    for (const node of cluster.nodes) {
      const agrees = async () => (await node.cli('CLUSTER', 'NODES')).includes('5461-16383');
      await until(agrees, 20_000, 'the nodes to agree on the slots');
    }
    t.match(await ask(sidecar, `GET /v1/keys?cursor=${cursor}`), {
      status: 400,
      error: { code: 'cursor_invalid', outcome: 'not_applied', message: /servers of the backend/ },
    });
    await every(put, 1);
    t.equal(listed(await pages()).size, KEYS);
  },
);
