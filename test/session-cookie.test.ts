// The life of a session and its cookie: "remember me", cookies that are over, ids of the application's own, and what
// lies in Redis meanwhile. Over HTTP with the real middleware, on both backends.
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { type Route, sidOf, startApp } from './fixtures/session-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

const DAY_MS = 86_400_000;
const login: Route = ({ session }) => {
  session.user = 'ada';
};
const remember: Route = ({ session }) => {
  session.cookie.maxAge = 30 * DAY_MS;
};
const nothing: Route = () => {};

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('a session without a date lives a day by default, or as the option ttl says', async (t) => {
      for (const [options, seconds] of [
        [{}, 86_400],
        [{ ttl: 60 }, 60],
        [{ ttl: () => 90 }, 90],
      ] as const) {
        const store = backend.store(t, options);
        const app = await startApp(t, { store }, { '/login': login });
        const ada = app.visitor();
        await ada.get('/login');
        t.equal(await backend.ttlSeconds(`${store.prefix}${sidOf(ada)}`), seconds);
      }
    });

    t.test('"remember me", which changes nothing but the cookie, is stored and given as life', async (t) => {
      for (const resave of [false, true]) {
        const store = backend.store(t);
        const routes = { '/login': login, '/remember': remember, '/': nothing };
        const app = await startApp(t, { store, resave, cookie: { maxAge: 60_000 } }, routes);
        const ada = app.visitor();
        await ada.get('/login');
        const key = `${store.prefix}${sidOf(ada)}`;
        t.equal(await backend.ttlSeconds(key), 60);
        await ada.get('/remember');
        t.equal(await backend.ttlSeconds(key), (30 * DAY_MS) / 1000);
        t.match(JSON.parse((await backend.text(key)) ?? ''), {
          user: 'ada',
          cookie: { originalMaxAge: 30 * DAY_MS },
        });
        await ada.get('/');
        t.equal(await backend.ttlSeconds(key), (30 * DAY_MS) / 1000, 'also by the requests that follow');
      }
    });

    t.test('an attribute of the cookie that changes is stored too', async (t) => {
      const store = backend.store(t);
      const stricter: Route = ({ session }) => {
        session.cookie.sameSite = 'strict';
      };
      const app = await startApp(t, { store }, { '/login': login, '/strict': stricter });
      const ada = app.visitor();
      await ada.get('/login');
      await ada.get('/strict');
      t.match(await store.get(sidOf(ada)), { cookie: { sameSite: 'strict' } });
    });

    t.test('a cookie that is over ends the session, whatever else the request has changed', async (t) => {
      for (const change of [false, true]) {
        const store = backend.store(t);
        const over: Route = ({ session }) => {
          if (change) session.last = 'words';
          session.cookie.maxAge = -1;
        };
        const app = await startApp(t, { store, rolling: true }, { '/login': login, '/over': over });
        const ada = app.visitor();
        await ada.get('/login');
        await ada.get('/over');
        t.equal(await store.get(sidOf(ada)), null);
        t.same(app.errors, []);
      }
    });

    t.test('an id of the application that exists already gets both sessions: none is lost', async (t) => {
      const store = backend.store(t, { conflict: 'theirs' });
      const sid = randomUUID();
      const genid = () => sid;
      const one = await startApp(
        t,
        { store, genid },
        { '/': ({ session }) => Object.assign(session, { a: 1, both: 1 }) },
      );
      const two = await startApp(
        t,
        { store, genid },
        { '/': ({ session }) => Object.assign(session, { b: 2, both: 2 }) },
      );
      await one.visitor().get('/');
      await two.visitor().get('/');
      t.match(await store.get(sid), { a: 1, b: 2, both: 1 });
      t.same(store.counts, { dropped: 0, merged: 1 });
    });

    t.test('an id of the application under which lies no session is taken by the new one', async (t) => {
      const store = backend.store(t);
      const sid = randomUUID();
      await backend.plant(`${store.prefix}${sid}`, 'no session');
      const app = await startApp(t, { store, genid: () => sid }, { '/': login });
      const ada = app.visitor();
      await ada.get('/');
      t.match(await store.get(sid), { user: 'ada' });
      t.same(app.errors, []);
    });

    t.test('destroy while saves of the same request wait for their turn: they are dropped', async (t) => {
      const store = backend.store(t);
      const dropped: unknown[] = [];
      store.on('dropped', (sid) => dropped.push(sid));
      const saved: unknown[] = [];
      const leaving: Route = ({ session }) => {
        for (const n of [1, 2, 3]) {
          session.n = n;
          session.save((error: unknown) => saved.push(error));
        }
        return new Promise((done) => session.destroy(done));
      };
      const app = await startApp(t, { store }, { '/login': login, '/leave': leaving });
      const ada = app.visitor();
      await ada.get('/login');
      await ada.get('/leave');
      await store.close();
      t.same(saved, [null, null, null], 'every callback came, without an error');
      t.ok(dropped.length >= 2 && dropped.every((sid) => sid === sidOf(ada)));
      t.equal(store.counts.dropped, dropped.length);
      t.equal(await backend.text(`${store.prefix}${sidOf(ada)}`), undefined);
    });
  });
}
