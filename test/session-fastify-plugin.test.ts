// What @fastify/session does with a store by its options, a title for each line of its README, and what it puts on
// requests and on the server. On both backends. How long sessions live: session-fastify-life.test.ts.
import t from 'tap';
import {
  type FastifyRoute,
  type FastifyVisit,
  fastifySidOf,
  fastifyStore,
  isAbout,
  startFastifyApp,
} from './fixtures/fastify-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';
import { calledBack } from './fixtures/wait.js';

const login: FastifyRoute = ({ session }) => {
  session.user = 'ada';
};
const show: FastifyRoute = ({ session }) => session;
const ROUTES = { '/login': login, '/': show };

for (const name of BACKENDS)
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('saveUninitialized: true saves who has nothing in the session, false does not', async (t) => {
      for (const saveUninitialized of [undefined, true, false]) {
        const store = fastifyStore(t, backend);
        const given = saveUninitialized === undefined ? {} : { saveUninitialized };
        const app = await startFastifyApp(t, { store, ...given }, ROUTES);
        const ada = app.visitor();
        await ada.get('/');
        const saved = saveUninitialized !== false;
        t.same(
          [await store.length(), ada.cookie !== undefined],
          [saved ? 1 : 0, saved],
          `${saveUninitialized}`,
        );
        await ada.get('/login');
        t.match(await store.all(), [{ user: 'ada' }], 'who has something is saved');
        t.match((await ada.get('/')).body, { user: 'ada' });
      }
    });

    t.test('rolling: true gives cookie and session their life anew at each request', async (t) => {
      for (const rolling of [{}, { rolling: true }]) {
        const store = fastifyStore(t, backend);
        const app = await startFastifyApp(t, { store, ...rolling }, ROUTES);
        const ada = app.visitor();
        await ada.get('/login');
        await store.touch(fastifySidOf(ada), { cookie: { maxAge: 10_000 } });
        t.match((await ada.get('/')).setCookie, /^sessionId=.*; Expires=/);
        t.ok(isAbout(await backend.ttlSeconds(store.prefix + fastifySidOf(ada)), 60));
      }
    });

    t.test('rolling: false does so only with a change', async (t) => {
      const store = fastifyStore(t, backend);
      const change: FastifyRoute = ({ session }) => Object.assign(session, { n: 1 });
      const app = await startFastifyApp(t, { store, rolling: false }, { ...ROUTES, '/change': change });
      const ada = app.visitor();
      await ada.get('/login');
      await store.touch(fastifySidOf(ada), { cookie: { maxAge: 10_000 } });
      for (const path of ['/', '/login']) t.equal((await ada.get(path)).setCookie, undefined, path);
      t.ok(isAbout(await backend.ttlSeconds(store.prefix + fastifySidOf(ada)), 10));
      t.match((await ada.get('/change')).setCookie, /^sessionId=/);
      t.ok(isAbout(await backend.ttlSeconds(store.prefix + fastifySidOf(ada)), 60));
      t.match((await ada.get('/')).body, { user: 'ada', n: 1 });
    });

    t.test('idGenerator makes the ids under which sessions are stored', async (t) => {
      const store = fastifyStore(t, backend);
      let made = 0;
      const idGenerator = () => `mine-${++made}`;
      const app = await startFastifyApp(t, { store, idGenerator }, ROUTES);
      const ada = app.visitor();
      await ada.get('/login');
      t.same(await store.ids(), ['mine-1']);
      t.equal(fastifySidOf(ada), 'mine-1');
      t.match((await ada.get('/')).body, { user: 'ada' });
    });

    t.test('one that makes an id again: the session of another is neither read nor emptied', async (t) => {
      const store = fastifyStore(t, backend);
      const app = await startFastifyApp(t, { store, idGenerator: () => 'same' }, ROUTES);
      await app.visitor().get('/login');
      t.notMatch((await app.visitor().get('/')).body, { user: 'ada' });
      t.match(await store.get('same'), { user: 'ada' });
    });

    t.test('request.sessionStore is the store', async (t) => {
      const store = fastifyStore(t, backend);
      const same: FastifyRoute = ({ sessionStore }) => sessionStore === (store as unknown);
      const app = await startFastifyApp(t, { store }, { '/': same });
      t.equal((await app.visitor().get('/')).body, true);
    });

    t.test(
      'decryptSession gives a request the session that a signed cookie names, or a new one',
      async (t) => {
        const store = fastifyStore(t, backend);
        const { server, visitor } = await startFastifyApp(t, { store }, ROUTES);
        const ada = visitor();
        await ada.get('/login');
        const signed = server.parseCookie(ada.cookie ?? '').sessionId ?? '';
        const decrypted = async (value: string, ...options: object[]) => {
          const request: { session?: FastifyVisit['session'] } = {};
          const decrypt = server.decryptSession.bind(server) as (...given: unknown[]) => void;
          const [error] = await calledBack((done) => decrypt(value, request, ...options, done));
          t.equal(error, undefined);
          return request.session;
        };
        for (const options of [[], [{ path: '/app', maxAge: 1000 }]]) {
          const found = await decrypted(signed, ...options);
          t.match(found, { user: 'ada', sessionId: fastifySidOf(ada), cookie: { originalMaxAge: 60_000 } });
          Object.assign(found ?? {}, { n: options.length });
          await found?.save();
          t.match(await store.get(fastifySidOf(ada)), { user: 'ada', n: options.length });
        }
        const request: { session?: FastifyVisit['session'] } = {};
        server.decryptSession(`${signed}x`, request, { maxAge: 1000 }, () => {});
        t.equal(request.session?.user, undefined);
        t.not(request.session?.sessionId, fastifySidOf(ada));
        t.equal(request.session?.cookie.originalMaxAge, 1000);
      },
    );
  });
