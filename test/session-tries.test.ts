// How often a save tries, how long, and in what order with others: on a cache in this process.
import t from 'tap';
import { countOf, disturb, held, memoryStore, sessionOf } from './fixtures/memory-transport.js';

t.test('a save that others are ahead of eight times is a conflict', async (t) => {
  const { memory, session, store } = await held();
  disturb(memory, 'put');
  session.n = 1;
  await t.rejects(store.set('id', session), {
    ...{ code: 'conflict', status: 503, retryable: true, outcome: 'not_applied' },
    message: /Nothing of this one was stored/,
  });
  t.equal(countOf(memory, 'put'), 8);
  t.match(memory.read('id'), { n: 0 });
  t.same(store.counts, { dropped: 0, merged: 0 });
});

t.test('one that gets through at the eighth is stored, on top of what others wrote', async (t) => {
  const { memory, session, store } = await held();
  disturb(memory, 'put');
  const { fateOf } = memory;
  memory.fateOf = (operation) => (countOf(memory, 'put') === 8 ? {} : fateOf(operation));
  session.n = 1;
  await store.set('id', session);
  t.equal(countOf(memory, 'put'), 8);
  t.match(memory.read('id'), { n: 1, others: Number });
  t.same(store.counts, { dropped: 0, merged: 1 }, 'told once');
});

t.test('a new save of a session that had a conflict begins with what others wrote', async (t) => {
  const { memory, session, store } = await held();
  disturb(memory, 'put');
  session.n = 1;
  await t.rejects(store.set('id', session), { code: 'conflict' });
  memory.fateOf = () => ({});
  await store.set('id', session);
  t.match(memory.read('id'), { n: 1, others: Number });
});

t.test('all tries together end by the deadline', async (t) => {
  const { memory, session, store } = await held(300);
  disturb(memory, 'put');
  const { fateOf } = memory;
  memory.fateOf = (operation) => ({
    ...fateOf(operation),
    until: new Promise((done) => setTimeout(done, 60)),
  });
  session.n = 1;
  const start = performance.now();
  await t.rejects(store.set('id', session), { code: 'conflict' });
  t.ok(performance.now() - start < 2000);
  const limits = memory.asked.map(({ deadlineMs }) => deadlineMs);
  t.equal(limits[0], undefined, 'the first operation has the deadline of every call');
  t.ok(
    limits.length > 1 && limits.slice(1).every((limit) => limit !== undefined && limit > 0 && limit <= 300),
  );
  t.same(
    limits.slice(1),
    limits.slice(1).toSorted((a = 0, b = 0) => b - a),
    'the others what is left of it',
  );
});

t.test('a save leaves alone what is no session any more: it is dropped', async (t) => {
  const { memory, session, store } = await held();
  memory.fates.push({ first: () => memory.plant('id', '["no session"]') });
  session.n = 1;
  await store.set('id', session);
  t.same(memory.verbs(), ['put']);
  t.same(memory.read('id'), ['no session']);
  t.same(store.counts, { dropped: 1, merged: 0 });
});

t.test(
  'saves and touches of one request queue behind each other, each with what was there when it was called',
  async (t) => {
    const { memory, session, store } = await held();
    let answer = () => {};
    memory.fates.push({
      until: new Promise((resolve) => {
        answer = resolve;
      }),
    });
    session.n = 1;
    const first = store.set('id', session);
    session.n = 2;
    const calls = [store.set('id', session), store.touch('id', session)];
    session.n = 3;
    await new Promise(setImmediate);
    t.same(memory.verbs(), ['put'], 'nothing goes out before the first is answered');
    answer();
    await Promise.all([first, ...calls]);
    t.same(memory.verbs(), ['put', 'put', 'touch']);
    t.match(memory.read('id'), { n: 2 });
    t.same(store.counts, { dropped: 0, merged: 0 });
  },
);

t.test('one that fails does not hold up the next', async (t) => {
  const { memory, session, store } = await held();
  memory.fates.push({ error: { code: 'backend_unreachable', outcome: 'not_applied' } });
  session.n = 1;
  const first = store.set('id', session);
  session.m = 1;
  const second = store.set('id', session);
  await t.rejects(first, { code: 'backend_unreachable' });
  await second;
  t.match(memory.read('id'), { n: 1, m: 1 });
});

t.test('sessions are read past the near cache, unless the store says near', async (t) => {
  for (const near of [false, true]) {
    const memory = memoryStore({ near });
    await memory.store.get('id');
    t.equal(memory.asked[0]?.fresh, !near);
  }
});

t.test('the life left is asked for only when touchAfter needs it', async (t) => {
  for (const touchAfter of [0, 60]) {
    const memory = memoryStore({ touchAfter });
    await memory.store.get('id');
    t.equal(memory.asked[0]?.wantTtl, touchAfter > 0);
  }
});

t.test(
  'a session that is ended while its creation fails is not created by what waits behind that',
  async (t) => {
    const memory = memoryStore();
    const session = await sessionOf(memory, 'new', { n: 1 });
    memory.fates.push({ error: { code: 'backend_unreachable', outcome: 'not_applied' } });
    const first = memory.store.set('new', session);
    session.n = 2;
    const second = memory.store.set('new', session);
    await Promise.all([
      t.rejects(first, { code: 'backend_unreachable' }),
      memory.store.destroy('new'),
      second,
    ]);
    t.equal(memory.read('new'), undefined);
    t.same(memory.store.counts, { dropped: 1, merged: 0 });
  },
);
