// The contract through the real bridge on embedded Garnet. Each bridge has a Garnet of its own and one connection to
// it, so here the increments run as four callers over one bridge; over four connections they run on the HTTP door.
import { Agent } from 'node:http';
import t from 'tap';
import { type Operation, operation } from '../src/backend.js';
import { backendContract } from './contract.js';
import { openTestBridge } from './fixtures/bridge.js';
import { request } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';

backendContract(t, {
  name: 'embedded',
  open: () => openTestBridge({}),
  oneStore: false,
  plant: 'embedded Garnet takes no commands but ours, so nothing foreign can get in',
});

t.test('4 connections × 500 increments with If-Match at once end at exactly 2000', async (t) => {
  await using sidecar = await startSidecar();
  const counter = { url: sidecar.url, path: '/v1/cache/counter' };
  t.equal((await request({ ...counter, method: 'PUT', body: '0' })).status, 204);

  async function increment(times: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let done = 0; done < times; ) {
      const { headers, body } = await request({ ...counter, agent });
      const next = { method: 'PUT', body: String(Number(body) + 1), headers: { 'if-match': headers.etag } };
      const { status } = await request({ ...counter, ...next, agent });
      if (status === 204) done += 1;
      else if (status !== 412) throw new Error(`a conditional PUT was answered with ${status}`);
    }
    agent.destroy();
  }
  await Promise.all([500, 500, 500, 500].map(increment));
  t.equal((await request(counter)).body.toString(), '2000');
});

t.test('a page that goes through 200,000 expired entries takes its time and holds up no get', async (t) => {
  const backend = await openTestBridge({});
  t.teardown(() => backend.close());
  const run = (verb: 'get' | 'put' | 'list', key: string, asked: Partial<Operation> = {}) =>
    backend.run({ ...operation(verb, Buffer.from(key)), deadlineMs: 10_000, ...asked });
  const value = Buffer.from('v');
  await run('put', 'a', { value, ttlKind: 'never' });
  for (let i = 0; i < 100; i++)
    await Promise.all(
      Array.from({ length: 2000 }, (_, n) => run('put', `${i}:${n}`, { value, ttlKind: 'for', ttlMs: 1 })),
    );
  const order: string[] = [];
  const list = run('list', '').then(({ value }) => order.push(String(value)));
  for (let i = 0; i < 3; i++) await run('get', 'a').then(({ value }) => order.push(String(value)));
  await list;
  t.same(order, ['v', 'v', 'v', '{"keys":["a"]}']);
});
