// Saves whose answer is lost: what lies there tells what became of them, nothing is created twice, and what nobody
// knows is said. On a cache in this process, so that every way of being lost can be tried.
import t from 'tap';
import { type Fate, type Memory, memoryStore, sessionOf } from './fixtures/memory-transport.js';

const sum = (_field: string, base: unknown, mine: unknown, theirs: unknown) =>
  Number(mine) + Number(theirs) - Number(base ?? 0);

/** A session of two counters that a request has read and raised; the next operations meet these fates. */
async function raised(...fates: Fate[]) {
  const memory = memoryStore({ conflict: sum });
  memory.write('id', { cookie: {}, n: 0, theirs: 0 });
  const session = await sessionOf(memory, 'id');
  session.n = 1;
  memory.asked.length = 0;
  memory.fates.push(...fates);
  const save = () => memory.store.set('id', session);
  return { memory, session, save };
}

const counts = ({ store }: Memory) => ({ ...store.counts });
const NOTHING = { dropped: 0, merged: 0 };

t.test('done, and the answer lost: it is found lying there, and not done again', async (t) => {
  const { memory, session, save } = await raised({ lost: 'after' });
  await save();
  t.same(memory.verbs(), ['put', 'get']);
  t.match(memory.read('id'), { n: 1 });
  session.n = 2;
  await save();
  t.same(memory.verbs(), ['put', 'get', 'put'], 'the next save goes on from there');
  t.match(memory.read('id'), { n: 2 });
  t.same(counts(memory), NOTHING);
});

t.test('lost before it was done: what was there before is there, and it is done again', async (t) => {
  const { memory, save } = await raised({ lost: 'before' });
  await save();
  t.same(memory.verbs(), ['put', 'get', 'put']);
  t.match(memory.read('id'), { n: 1 });
  t.same(counts(memory), NOTHING);
});

t.test('lost, and the session ended meanwhile: dropped, and not made again', async (t) => {
  for (const lost of ['before', 'after'] as const) {
    const { memory, save } = await raised();
    memory.fates.push({ lost }, { first: () => memory.remove('id') });
    await save();
    t.same(memory.verbs(), ['put', 'get'], lost);
    t.equal(memory.read('id'), undefined);
    t.same(counts(memory), { dropped: 1, merged: 0 });
  }
});

t.test('lost before it was done, and others have changed the session: merged', async (t) => {
  const { memory, save } = await raised();
  memory.fates.push({ lost: 'before' }, { first: () => memory.write('id', { n: 5, theirs: 1 }) });
  await save();
  t.match(memory.read('id'), { n: 6, theirs: 1 });
  t.same(counts(memory), { dropped: 0, merged: 1 });
});

t.test('done late, when what was there before has been seen already: it is not counted twice', async (t) => {
  const { memory, save } = await raised({ lost: 'late' });
  await save();
  t.same(memory.verbs(), ['put', 'get', 'put']);
  t.match(memory.read('id'), { n: 1 });
  t.same(counts(memory), NOTHING);
});

t.test(
  'lost, and nobody can tell what became of it: that is the error; a later save finds out',
  async (t) => {
    for (const lost of ['before', 'after'] as const) {
      const unreachable = { code: 'sidecar_unreachable', outcome: 'not_applied' } as const;
      const { memory, session, save } = await raised({ lost }, { error: unreachable });
      await t.rejects(save(), { code: 'connection_lost', outcome: 'unknown', status: 503 }, lost);
      t.same(memory.verbs(), ['put', 'get']);
      session.n = 2;
      await save();
      t.match(memory.read('id'), { n: 2 }, 'counted once');
      t.same(counts(memory), NOTHING);
    }
  },
);

t.test('lost again and again: the error is the loss, not a conflict', async (t) => {
  const { memory, save } = await raised();
  memory.fateOf = ({ verb }) => (verb === 'put' ? { lost: 'before' } : {});
  await t.rejects(save(), { code: 'connection_lost', outcome: 'unknown' });
  t.equal(memory.verbs().filter((verb) => verb === 'put').length, 8);
  t.match(memory.read('id'), { n: 0 });
});

t.test('an error that says nothing was done is not looked into', async (t) => {
  const { memory, save } = await raised({ error: { code: 'backend_unreachable', outcome: 'not_applied' } });
  await t.rejects(save(), { code: 'backend_unreachable', outcome: 'not_applied' });
  t.same(memory.verbs(), ['put']);
});

t.test('a new session whose creation was done and its answer lost is there', async (t) => {
  const memory = memoryStore();
  const session = await sessionOf(memory, 'new', { n: 1 });
  memory.fates.push({ lost: 'after' });
  await memory.store.set('new', session);
  t.match(memory.read('new'), { n: 1 });
  t.same(counts(memory), NOTHING);
});

t.test(
  'a creation of which nothing is found is dropped and never repeated: it may have been ended',
  async (t) => {
    const memory = memoryStore();
    const session = await sessionOf(memory, 'new', { n: 1 });
    memory.fates.push({ lost: 'before' });
    await memory.store.set('new', session);
    t.same(memory.verbs(), ['put', 'get']);
    t.equal(memory.read('new'), undefined);
    t.same(counts(memory), { dropped: 1, merged: 0 });
  },
);

t.test('nor by a later save of the same request, when the first could find out nothing', async (t) => {
  for (const ended of [true, false]) {
    const memory = memoryStore({ conflict: sum });
    const session = await sessionOf(memory, 'new', { n: 1 });
    memory.fates.push({ lost: 'after' }, { error: { code: 'sidecar_unreachable', outcome: 'not_applied' } });
    await t.rejects(memory.store.set('new', session), { code: 'connection_lost' });
    if (ended) memory.remove('new');
    session.n = 2;
    await memory.store.set('new', session);
    t.match(memory.read('new'), ended ? undefined : { n: 2 });
    t.same(counts(memory), { dropped: ended ? 1 : 0, merged: 0 });
  }
});

t.test('a creation that was lost, under an id that exists by now, merges with an empty base', async (t) => {
  const memory = memoryStore({ conflict: sum });
  const session = await sessionOf(memory, 'new', { n: 1, mine: 1 });
  memory.fates.push(
    { lost: 'before' },
    { first: () => memory.write('new', { cookie: {}, n: 10, theirs: 1 }) },
  );
  await memory.store.set('new', session);
  t.match(memory.read('new'), { n: 11, mine: 1, theirs: 1 });
  t.same(counts(memory), { dropped: 0, merged: 1 });
});

t.test('a save that gives up by its deadline says so', async (t) => {
  const memory = memoryStore({}, 50);
  memory.write('id', { cookie: {}, n: 0 });
  const session = await sessionOf(memory, 'id');
  session.n = 1;
  const later = new Promise<void>((done) => setTimeout(done, 60));
  memory.fates.push({ lost: 'before', until: later, error: { code: 'timeout', outcome: 'unknown' } });
  await t.rejects(memory.store.set('id', session), { code: 'timeout', outcome: 'unknown' });
  t.equal(memory.asked.at(-1)?.deadlineMs, 1, 'with one short look at what lies there');
});
