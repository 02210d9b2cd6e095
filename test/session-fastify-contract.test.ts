// The store contract of @fastify/session, line by line (its README, "store"): what set, get and destroy are to do for it,
// on both backends. What the plugin does by its options: session-fastify-plugin.test.ts; the methods of a session:
// session-fastify-methods.test.ts.
import { EventEmitter } from 'node:events';
import t from 'tap';
import {
  type FastifyRoute,
  fastifySidOf,
  fastifyStore,
  isAbout,
  SECRET,
  startFastifyApp,
} from './fixtures/fastify-app.js';
import { AzureCacheStore, startApp } from './fixtures/session-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';
import { calledBack } from './fixtures/wait.js';

const COOKIE = { originalMaxAge: null, expires: null, path: '/' };
const asJson = (value: unknown) => JSON.parse(JSON.stringify(value));

const login: FastifyRoute = ({ session }) => {
  session.user = 'ada';
};
const show: FastifyRoute = ({ session: { cookie: _, ...fields } }) => fields;

for (const name of BACKENDS)
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test(
      'set(sessionId, session, callback) stores a session, and calls back without an error',
      async (t) => {
        const store = fastifyStore(t, backend);
        t.same(await calledBack((done) => store.set('a', { cookie: COOKIE, n: 1 }, done)), [null, undefined]);
        t.same(asJson(await backend.text(`${store.prefix}a`)), JSON.stringify({ cookie: COOKIE, n: 1 }));
      },
    );

    t.test('a set of something else under the id takes its place', async (t) => {
      const store = fastifyStore(t, backend);
      await store.set('a', { cookie: COOKIE, n: 1, old: true });
      await store.set('a', { cookie: COOKIE, n: 2 });
      t.same(asJson(await store.get('a')), { cookie: COOKIE, n: 2 });
    });

    t.test('get(sessionId, callback) gives the session, with the fields that were set', async (t) => {
      const store = fastifyStore(t, backend);
      const fields = { n: 1, deep: { list: [1, 'ü€😀', null] }, at: new Date(0) };
      await store.set('a', { cookie: COOKIE, ...fields });
      const [error, found] = await calledBack((done) => store.get('a', done));
      t.equal(error, null);
      t.same(asJson(found), asJson({ cookie: COOKIE, ...fields }));
    });

    t.test('get of a session that is not there gives none, and no error', async (t) => {
      const store = fastifyStore(t, backend);
      t.same(await calledBack((done) => store.get('none', done)), [null, null]);
    });

    t.test('destroy(sessionId, callback) ends a session, and calls back without an error', async (t) => {
      const store = fastifyStore(t, backend);
      await store.set('a', { cookie: COOKIE });
      t.same(await calledBack((done) => store.destroy('a', done)), [null, undefined]);
      t.equal(await backend.text(`${store.prefix}a`), undefined);
      t.same(
        await calledBack((done) => store.destroy('a', done)),
        [null, undefined],
        'also one that is over',
      );
    });

    t.test('the calls take effect in their order', async (t) => {
      const store = fastifyStore(t, backend);
      const set = (n: number) => store.set('a', { cookie: COOKIE, n });
      await Promise.all([set(1), set(2), store.destroy('a')]);
      t.equal(await store.get('a'), null);
      await Promise.all([store.destroy('a'), set(3)]);
      t.match(await store.get('a'), { n: 3 });
    });

    t.test('a call that fails gives its callback the error, which never reads as "no session"', async (t) => {
      const missing = () => {
        throw Object.assign(new Error('The file with the key is missing.'), { code: 'ENOENT' });
      };
      const store = fastifyStore(t, backend, { serializer: { stringify: JSON.stringify, parse: missing } });
      const app = await startFastifyApp(t, { store }, { '/login': login, '/': show });
      const ada = app.visitor();
      await ada.get('/login');
      const sid = fastifySidOf(ada);
      const [error] = await calledBack((done) => store.get(sid, done));
      t.match(error, { message: 'The file with the key is missing.', cause: { code: 'ENOENT' } });
      t.not((error as { code?: unknown }).code, 'ENOENT');
      const answer = await ada.get('/');
      t.match([answer.status, answer.setCookie], [500, undefined]);
      t.equal(await store.length(), 1, 'and there is no new session');
    });

    t.test('without a callback each call answers a promise', async (t) => {
      const store = fastifyStore(t, backend);
      t.equal(await store.set('a', { cookie: COOKIE, n: 1 }), undefined);
      t.match(await store.get('a'), { n: 1 });
      t.equal(await store.destroy('a'), undefined);
    });

    t.test('it is an EventEmitter, with what every AzureCacheStore has beyond the contract', async (t) => {
      const store = fastifyStore(t, backend);
      t.ok(store instanceof EventEmitter);
      await store.set('a', { cookie: COOKIE, n: 1 });
      t.equal(await store.touch('a', { cookie: { ...COOKIE, maxAge: 500_000 } }), undefined);
      t.ok(isAbout(await backend.ttlSeconds(`${store.prefix}a`), 500));
      t.same(await store.ids(), ['a']);
      t.equal(await store.length(), 1);
      t.match(await store.all(), [{ id: 'a', n: 1 }]);
      await store.clear();
      t.equal(await store.length(), 0);
    });

    t.test('what was read from one store can be set in another', async (t) => {
      const [from, to] = [fastifyStore(t, backend), fastifyStore(t, backend)];
      await from.set('a', { cookie: COOKIE, n: 1 });
      await to.set('a', (await from.get('a')) ?? {});
      t.match(await to.get('a'), { n: 1 });
      t.same({ ...to.counts }, { dropped: 0, merged: 0 });
    });

    t.test('sessions of express-session go on with @fastify/session, and the other way round', async (t) => {
      const options = backend.options();
      const express = new AzureCacheStore(options);
      t.teardown(() => express.close());
      const there = await startApp(
        t,
        { store: express, secret: SECRET, cookie: { maxAge: 60_000 } },
        { '/login': ({ session }) => Object.assign(session, { user: 'ada' }), '/': ({ session }) => session },
      );
      const here = await startFastifyApp(
        t,
        { store: fastifyStore(t, backend, options), cookieName: 'connect.sid', cookiePrefix: 's:' },
        { '/more': ({ session }) => Object.assign(session, { cart: [1] }), '/': show },
      );
      const ada = there.visitor();
      await ada.get('/login');
      const ported = here.visitor(ada.cookie);
      t.same((await ported.get('/')).body, { user: 'ada' });
      await ported.get('/more');
      t.match((await there.visitor(ported.cookie).get('/')).body, {
        user: 'ada',
        cart: [1],
      });
    });
  });
