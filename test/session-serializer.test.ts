// Serializers of the application's own: one that encrypts (and so never writes a session twice the same) keeps every
// promise, one that fails says so, and nobody is logged out by it.
import t from 'tap';
import type { Serializer } from '../client/dist/session/snapshot.js';

import { encrypting } from './fixtures/encrypting.js';
import { type FastifyRoute, fastifySidOf, fastifyStore, startFastifyApp } from './fixtures/fastify-app.js';
import { newGate, type Route, sidOf, startApp } from './fixtures/session-app.js';
import { startBackend } from './fixtures/session-backend.js';

const sum = (_field: string, base: unknown, mine: unknown, theirs: unknown) =>
  Number(mine) + Number(theirs) - Number(base);
const login: Route = ({ session }) => {
  Object.assign(session, { user: 'ada', n: 0 });
};
const show: Route = ({ session }) => session;
const logout: Route = ({ session }) => new Promise((done) => session.destroy(done));

t.test('on Redis', async (t) => {
  const backend = await startBackend(t, 'redis');

  t.test(
    'an encrypting serializer: nothing of the session can be read, and all of it comes back',
    async (t) => {
      const store = backend.store(t, { serializer: encrypting });
      const app = await startApp(t, { store }, { '/login': login, '/': show });
      const ada = app.visitor();
      await ada.get('/login');
      t.notMatch(await backend.text(`${store.prefix}${sidOf(ada)}`), 'ada');
      t.match((await ada.get('/')).body, { user: 'ada' });
      t.match(await store.all(), [{ user: 'ada', id: sidOf(ada) }]);
    },
  );

  t.test('an unchanged session is touched, not written again', async (t) => {
    for (const resave of [false, true]) {
      const store = backend.store(t, { serializer: encrypting });
      const options = { store, resave, cookie: { maxAge: 60_000 } };
      const app = await startApp(t, options, { '/login': login, '/': show });
      const ada = app.visitor();
      await ada.get('/login');
      const key = `${store.prefix}${sidOf(ada)}`;
      const before = await backend.text(key);
      await ada.get('/');
      t.equal(await backend.text(key), before);
    }
  });

  t.test('concurrent requests: no field is lost, a counter is exact, a logout stays one', async (t) => {
    const store = backend.store(t, { serializer: encrypting, conflict: sum });
    let gate = newGate();
    const raise = (field: string): Route => {
      return async ({ session }) => {
        await gate.pass();
        session[field] = 1;
        session.n = Number(session.n) + 1;
      };
    };
    const routes = { '/login': login, '/a': raise('a'), '/b': raise('b'), '/logout': logout, '/': show };
    const app = await startApp(t, { store }, routes);
    const ada = app.visitor();
    await ada.get('/login');
    const both = ['/a', '/b'].map((path) => app.visitor(ada.cookie).get(path));
    await gate.reached();
    gate.open();
    await Promise.all(both);
    t.match((await ada.get('/')).body, { a: 1, b: 1, n: 2 });
    gate = newGate();
    const slow = app.visitor(ada.cookie).get('/a');
    await gate.reached();
    await ada.get('/logout');
    gate.open();
    await slow;
    t.equal(await store.get(sidOf(ada)), null);
    t.same(app.errors, []);
  });

  t.test(
    'with the wrong key requests get an error, and the session is there with the right one',
    async (t) => {
      const right = backend.store(t, { serializer: encrypting, prefix: 'keys:' });
      const failures: Record<string, () => unknown> = {
        throws: () => {
          throw new Error('wrong key');
        },
        rejects: () => Promise.reject(new Error('wrong key')),
        'misses its key file, which express-session would take for an absent session': () => {
          throw Object.assign(new Error('wrong key'), { code: 'ENOENT' });
        },
        'throws nothing': () => {
          throw undefined;
        },
      };
      const app = await startApp(t, { store: right }, { '/login': login, '/': show });
      const ada = app.visitor();
      await ada.get('/login');
      for (const [what, parse] of Object.entries(failures)) {
        const store = backend.store(t, { serializer: { ...encrypting, parse }, prefix: 'keys:' });
        const wrong = await startApp(t, { store }, { '/': show });
        const answer = await wrong.visitor(ada.cookie).get('/');
        t.equal(answer.status, 500, what);
        t.equal(wrong.errors.length, 1);
        t.not(wrong.errors[0]?.code, 'ENOENT');
        t.equal(answer.setCookie, undefined, 'nobody gets a new session');
      }
      t.match((await ada.get('/')).body, { user: 'ada' });
    },
  );

  t.test('one that cannot write a session: the save fails, what was stored stays', async (t) => {
    const failing: Serializer = {
      ...encrypting,
      stringify(session) {
        if ('bad' in session) throw new Error('of the serializer');
        return encrypting.stringify(session);
      },
    };
    const store = backend.store(t, { serializer: failing });
    const spoil: Route = ({ session }) =>
      new Promise((done) => {
        Object.assign(session, { bad: 1, n: 7 });
        session.save((error: unknown) => {
          delete session.bad;
          session.n = 0;
          done((error as { code?: unknown }).code);
        });
      });
    const app = await startApp(t, { store }, { '/login': login, '/spoil': spoil, '/': show });
    const ada = app.visitor();
    await ada.get('/login');
    t.equal((await ada.get('/spoil')).body, 'value_invalid');
    t.match((await ada.get('/')).body, { user: 'ada', n: 0 });
  });

  t.test(
    'a value that no serializer of JSON takes fails the save, and a conflict function may answer one',
    async (t) => {
      const store = backend.store(t, { conflict: () => 1n });
      await store.set('a', { cookie: {}, n: 0 });
      const [one, two] = [await store.get('a'), await store.get('a')];
      await store.set('a', { ...one, n: 1 });
      Object.assign(two ?? {}, { n: 2 });
      await t.rejects(store.set('a', two ?? {}), {
        code: 'value_invalid',
        status: 503,
        outcome: 'not_applied',
      });
      t.match(await store.get('a'), { n: 1 });
      await t.rejects(store.set('a', { cookie: {}, n: 1n }), { code: 'value_invalid' });
    },
  );

  t.test(
    'with @fastify/session: touched when unchanged, merged, and kept by a reload that fails',
    async (t) => {
      let broken = false;
      const parse: Serializer['parse'] = (text) => {
        if (broken) throw new Error('The key service is away.');
        return encrypting.parse(text);
      };
      const store = fastifyStore(t, backend, { serializer: { ...encrypting, parse } });
      const gate = newGate();
      const routes: Record<string, FastifyRoute> = {
        '/login': ({ session }) => Object.assign(session, { user: 'ada' }),
        '/slow': async ({ session }) => {
          await gate.pass();
          session.slow = 1;
        },
        '/fast': ({ session }) => Object.assign(session, { fast: 1 }),
        '/reload': async (visit) => {
          broken = true;
          await t.rejects(visit.session.reload(), { message: 'The key service is away.' });
          broken = false;
          visit.session.late = 1;
        },
        '/': ({ session: { cookie: _, ...fields } }) => fields,
      };
      const app = await startFastifyApp(t, { store }, routes);
      const ada = app.visitor();
      await ada.get('/login');
      const key = store.prefix + fastifySidOf(ada);
      const before = await backend.text(key);
      t.notMatch(before, 'ada');
      t.same((await ada.get('/')).body, { user: 'ada' });
      t.equal(await backend.text(key), before);
      const slow = app.visitor(ada.cookie).get('/slow');
      await gate.reached();
      await ada.get('/fast');
      gate.open();
      await slow;
      await ada.get('/reload');
      t.same((await ada.get('/')).body, { user: 'ada', fast: 1, slow: 1, late: 1 });
      t.same(app.errors, []);
    },
  );
});
