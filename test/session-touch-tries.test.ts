// Touches on a cache in this process: what they find, what they do about it, and when they give up. With a sidecar:
// session-touch.test.ts.
import t from 'tap';
import { countOf, disturb, held } from './fixtures/memory-transport.js';

const CONNECTION_LOST = { code: 'connection_lost', outcome: 'unknown' } as const;

t.test(
  'a touch that others are always ahead of is none, and no error: they have given the life',
  async (t) => {
    const { memory, session, store } = await held();
    disturb(memory, 'touch');
    await store.touch('id', session);
    t.ok(countOf(memory, 'touch') <= 8);
    t.equal(countOf(memory, 'put'), 0);
  },
);

t.test('a touch that finds a change takes the life of what lies there', async (t) => {
  const { memory, session, store } = await held();
  memory.fates.push({ first: () => memory.write('id', { cookie: { originalMaxAge: 3_600_000 } }) });
  await store.touch('id', session);
  t.equal(countOf(memory, 'touch'), 2);
  const { ttlKind, ttlMs = 0 } = memory.asked[1] ?? {};
  t.equal(ttlKind, 'for');
  t.ok(ttlMs > 3_590_000 && ttlMs <= 3_600_000);
});

t.test('a touch leaves alone what is no session any more, or one whose time is over', async (t) => {
  for (const there of [
    'no session',
    '{"cookie":{"expires":"1970-01-01"}}',
    '{"cookie":{"originalMaxAge":-1}}',
  ]) {
    const { memory, session, store } = await held();
    memory.fates.push({ first: () => memory.plant('id', there) });
    await store.touch('id', session);
    t.same(memory.verbs(), ['touch'], there);
  }
});

t.test('a touch whose answer is lost is repeated: twice the same life is the same life', async (t) => {
  for (const lost of ['before', 'after'] as const) {
    const { memory, session, store } = await held();
    memory.fates.push({ lost });
    await store.touch('id', session);
    t.same(memory.verbs(), ['touch', 'touch']);
  }
  const { memory, session, store } = await held();
  memory.fateOf = () => ({ lost: 'before' });
  await t.rejects(store.touch('id', session), CONNECTION_LOST, 'not for ever');
  t.equal(countOf(memory, 'touch'), 8);
});

t.test('a touch of a session that has ended is no error and told to nobody', async (t) => {
  const { memory, session, store } = await held();
  memory.remove('id');
  await store.touch('id', session);
  t.same(memory.verbs(), ['touch']);
  t.same(store.counts, { dropped: 0, merged: 0 });
});

t.test('a session too large to be compared is touched without', async (t) => {
  const { memory, session, store } = await held();
  memory.fates.push({ error: { code: 'too_large_for_condition', outcome: 'not_applied' } });
  await store.touch('id', session);
  t.same(
    memory.asked.map(({ verb, condition }) => `${verb} ${condition}`),
    ['touch etag', 'touch undefined'],
  );
});

t.test('a touch that nobody answered in time is an error', async (t) => {
  const { memory, session, store } = await held();
  memory.fates.push({ error: { code: 'timeout', outcome: 'unknown' } });
  await t.rejects(store.touch('id', session), { code: 'timeout', status: 503 });
  t.same(memory.verbs(), ['touch']);
});
