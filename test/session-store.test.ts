// The store contract of express-session, line by line (its README, "Session Store Implementation"), on both backends.
import { EventEmitter } from 'node:events';
import session, { Cookie } from 'express-session';
import t, { type Test } from 'tap';
import { BACKENDS, type Backend, type Store, startBackend } from './fixtures/session-backend.js';
import { calledBack } from './fixtures/wait.js';

/** A session as applications set one without the middleware. */
function plain(fields: object = {}, maxAge?: number): session.SessionData {
  const cookie = new Cookie();
  if (maxAge !== undefined) cookie.maxAge = maxAge;
  return { cookie, ...fields };
}

/** Sessions as JSON has them. */
const asJson = (value: unknown) => JSON.parse(JSON.stringify(value));

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('it is a Store of express-session, and an EventEmitter', async (t) => {
      const store = backend.store(t);
      t.ok(store instanceof session.Store);
      t.ok(store instanceof EventEmitter);
      t.equal(store.constructor.name, 'AzureCacheStore');
    });

    t.test('every method of the contract answers its callback once, with null for no error', async (t) => {
      const store = backend.store(t);
      t.same(await calledBack((done) => store.set('a', plain({ n: 1 }), done)), [null, undefined]);
      const [error, found] = await calledBack((done) => store.get('a', done));
      t.equal(error, null);
      t.same(asJson(found), asJson(plain({ n: 1 })));
      t.same(await calledBack((done) => store.touch('a', plain(), done)), [null, undefined]);
      t.same(await calledBack((done) => store.length(done)), [null, 1]);
      t.same(await calledBack((done) => store.ids(done)), [null, ['a']]);
      t.same(asJson(await calledBack((done) => store.all(done))), [
        null,
        [asJson({ ...plain({ n: 1 }), id: 'a' })],
      ]);
      t.same(await calledBack((done) => store.destroy('a', done)), [null, undefined]);
      t.same(await calledBack((done) => store.set('b', plain(), done)), [null, undefined]);
      t.same(await calledBack((done) => store.clear(done)), [null, undefined]);
      t.same(await calledBack((done) => store.length(done)), [null, 0]);
    });

    t.test('without callbacks every method answers a promise', async (t) => {
      const store = backend.store(t);
      t.equal(await store.set('a', plain({ n: 1 })), undefined);
      t.match(await store.get('a'), { n: 1 });
      t.equal(await store.touch('a', plain()), undefined);
      t.equal(await store.length(), 1);
      t.same(await store.ids(), ['a']);
      t.match(await store.all(), [{ id: 'a', n: 1 }]);
      t.equal(await store.destroy('a'), undefined);
      t.equal(await store.clear(), undefined);
    });

    t.test('get of a session that is not there gives null and no error', async (t) => {
      const store = backend.store(t);
      t.same(await calledBack((done) => store.get('none', done)), [null, null]);
      await store.set('gone', plain());
      await store.destroy('gone');
      t.same(await calledBack((done) => store.get('gone', done)), [null, null]);
    });

    t.test('set is an upsert: it makes a session, and writes over one', async (t) => {
      const store = backend.store(t);
      await store.set('a', plain({ n: 1, old: true }));
      await store.set('a', plain({ n: 2 }));
      t.same(asJson(await store.get('a')), asJson(plain({ n: 2 })));
    });

    t.test('a session lives as long as its cookie says, and touch gives it that anew', async (t) => {
      const store = backend.store(t);
      await store.set('a', plain({ n: 1 }, 100_000));
      t.equal(await backend.ttlSeconds(`${store.prefix}a`), 100);
      await store.touch('a', plain({ n: 2 }, 500_000));
      t.equal(await backend.ttlSeconds(`${store.prefix}a`), 500);
      t.match(await store.get('a'), { n: 1 }, 'and nothing else');
    });

    t.test('touch of a session that is not there makes none', async (t) => {
      const store = backend.store(t);
      t.same(await calledBack((done) => store.touch('none', plain({}, 60_000), done)), [null, undefined]);
      t.equal(await store.length(), 0);
    });

    t.test('destroy of a session that is not there is no error', async (t) => {
      const store = backend.store(t);
      t.same(await calledBack((done) => store.destroy('none', done)), [null, undefined]);
    });

    t.test('a session whose cookie is over is deleted when it is set or touched', async (t) => {
      const store = backend.store(t);
      for (const act of ['set', 'touch'] as const) {
        await store.set('a', plain({}, 60_000));
        await store[act]('a', plain({}, -1));
        t.equal(await store.get('a'), null, act);
      }
      await store.set('never', plain({}, 0));
      t.equal(await store.length(), 0);
    });

    t.test('all, ids, length and clear know the sessions of this prefix only, each once', async (t) => {
      const store = backend.store(t, { prefix: `a*[b]?${name}:` });
      const neighbours = [
        backend.store(t, { prefix: `aX[b]?${name}:` }),
        backend.store(t, { prefix: `a*b?${name}:` }),
      ];
      const ids = Array.from({ length: 1500 }, (_, n) => `s${n}`).concat('ü/ %2F', ':', '\\*');
      await Promise.all(ids.map((id) => store.set(id, plain({ id_: id }))));
      for (const neighbour of neighbours) await neighbour.set('theirs', plain());
      t.equal(await store.length(), ids.length);
      t.same((await store.ids()).toSorted(), ids.toSorted());
      const all = await store.all();
      t.same(all.map(({ id }) => id).toSorted(), ids.toSorted());
      t.ok(all.every(({ id, id_ }) => id === id_));
      await store.clear();
      t.equal(await store.length(), 0);
      for (const neighbour of neighbours) t.equal(await neighbour.length(), 1);
    });

    t.test('what is set, changed and set again keeps what others have stored meanwhile', (t) =>
      changesOfPlain(t, backend),
    );

    t.test('calls of one tick take effect in their order', async (t) => {
      const store = backend.store(t);
      await Promise.all([
        store.set('a', plain({ n: 1 })),
        store.set('a', plain({ n: 2 })),
        store.destroy('a'),
      ]);
      t.equal(await store.get('a'), null);
      await Promise.all([store.destroy('a'), store.set('a', plain({ n: 3 }))]);
      t.match(await store.get('a'), { n: 3 });
    });
  });
}

async function changesOfPlain(t: Test, backend: Backend): Promise<void> {
  const sum = (_field: string, base: unknown, mine: unknown, theirs: unknown) =>
    Number(mine) + Number(theirs) - Number(base);
  const store: Store = backend.store(t, { conflict: sum });
  await store.set('a', plain({ n: 0, other: 'x' }));
  const [one, two] = [await store.get('a'), await store.get('a')];
  if (!one || !two) throw new Error('There is no session.');
  one.n = 1;
  one.other = 'y';
  two.n = 10;
  const first = store.set('a', one);
  one.n = 2;
  await Promise.all([first, store.set('a', one), store.set('a', two)]);
  t.match(await store.get('a'), { n: 12, other: 'y' }, 'also when one object is set twice in a tick');
  await store.destroy('a');
  one.n = 99;
  await store.set('a', one);
  t.equal(await store.get('a'), null, 'and what has been destroyed meanwhile stays so');
  t.same(store.counts.dropped, 1);
}
