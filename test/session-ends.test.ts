// With touchAfter: when the end of a session is asked with it, and when it is known already. On a cache in this process,
// which shows each operation; what becomes of lives with a sidecar: session-touch.test.ts.
import t from 'tap';
import { type Memory, memoryStore, sessionOf } from './fixtures/memory-transport.js';

/** One request that changes nothing: what it asks of the cache. */
async function request(memory: Memory): Promise<string[]> {
  memory.asked.length = 0;
  const session = await sessionOf(memory, 'id');
  await memory.store.touch('id', session);
  return memory.asked.map(({ verb, wantTtl }) => (wantTtl ? `${verb} with its end` : verb));
}

async function save(memory: Memory, id: string): Promise<void> {
  const session = await sessionOf(memory, id, { n: 0 });
  session.cookie.maxAge = 60_000;
  await memory.store.set(id, session);
}

/** A session of a minute that this process has saved. */
async function saved(touchAfter: number): Promise<Memory> {
  const memory = memoryStore({ touchAfter });
  await save(memory, 'id');
  return memory;
}

t.test('what this process has saved or touched, it need neither ask nor touch', async (t) => {
  const memory = await saved(20);
  t.same(await request(memory), ['get']);
  t.same(await request(memory), ['get']);
});

t.test('changed by others, its end is not known: it is touched once', async (t) => {
  const memory = await saved(20);
  memory.write('id', { n: 1 });
  t.same(await request(memory), ['get', 'touch']);
  t.same(await request(memory), ['get']);
});

t.test('of what it has not saved or touched, nor asked about, it asks', async (t) => {
  const memory = await saved(20);
  await memory.store.set('id', { cookie: { maxAge: 60_000 } });
  t.same((await request(memory))[0], 'get with its end', 'written over whatever lay there');
  const another = await saved(20);
  await another.store.touch('id', { cookie: { maxAge: 5000 } });
  t.same((await request(another))[0], 'get with its end', 'touched, whatever lay there');
  const ended = await saved(20);
  await ended.store.destroy('id');
  await ended.store.get('id');
  t.equal(ended.asked.at(-1)?.wantTtl, true, 'destroyed');
});

t.test('only so many are remembered', async (t) => {
  const memory = await saved(20);
  for (let n = 0; n < 10_000; n += 1) await save(memory, `id${n}`);
  t.same((await request(memory))[0], 'get with its end');
  memory.asked.length = 0;
  await memory.store.get('id9999');
  t.equal(memory.asked[0]?.wantTtl, false);
});

t.test('without touchAfter it asks for no end, and touches', async (t) => {
  const memory = await saved(0);
  t.same(await request(memory), ['get', 'touch']);
  t.same(await request(memory), ['get', 'touch']);
});
