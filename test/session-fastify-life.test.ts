// How long a session of @fastify/session lives, by its cookie and by the store, on both backends. Sessions in use:
// session-active.test.ts.
import t from 'tap';
import {
  type FastifyRoute,
  fastifySidOf,
  fastifyStore,
  isAbout,
  startFastifyApp,
} from './fixtures/fastify-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

const login: FastifyRoute = ({ session }) => {
  session.user = 'ada';
};
const show: FastifyRoute = ({ session }) => session;
const ROUTES = { '/login': login, '/': show };

for (const name of BACKENDS)
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('cookie.maxAge, or else cookie.expires, is how long a session lives', async (t) => {
      const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000);
      const lives: [cookie: object, seconds: number][] = [
        [{ maxAge: 100_000 }, 100],
        [{ expires: inSeconds(200) }, 200],
        [{ maxAge: 100_000, expires: inSeconds(200) }, 100],
      ];
      for (const [cookie, seconds] of lives) {
        const store = fastifyStore(t, backend, { ttl: 50 });
        const app = await startFastifyApp(t, { store, cookie }, ROUTES);
        const ada = app.visitor();
        for (const path of ['/login', '/']) {
          const { setCookie = '' } = await ada.get(path);
          const expires = Date.parse(/Expires=([^;]+)/.exec(setCookie)?.[1] ?? '');
          const left = (await backend.ttlSeconds(store.prefix + fastifySidOf(ada))) ?? 0;
          t.ok(isAbout(left, seconds), `${path} ${left} s of ${seconds}`);
          t.ok(Math.abs(expires - Date.now() - left * 1000) < 5000, 'and so long does its cookie');
        }
      }
    });

    t.test(
      'with neither a session lives as long as the store says, and its cookie with the browser',
      async (t) => {
        const lives: [options: object, seconds: number][] = [
          [{ ttl: 50 }, 50],
          [{}, 86_400],
        ];
        for (const [options, seconds] of lives) {
          const store = fastifyStore(t, backend, options);
          const app = await startFastifyApp(t, { store, cookie: {} }, ROUTES);
          const ada = app.visitor();
          for (const path of ['/login', '/']) {
            t.notMatch((await ada.get(path)).setCookie, /Expires/);
            t.ok(isAbout(await backend.ttlSeconds(store.prefix + fastifySidOf(ada)), seconds), path);
          }
        }
      },
    );

    t.test('a session whose cookie is over is destroyed, and its user gets a new one', async (t) => {
      const store = fastifyStore(t, backend);
      const app = await startFastifyApp(t, { store, cookie: {} }, ROUTES);
      const ada = app.visitor();
      await ada.get('/login');
      const before = fastifySidOf(ada);
      const cookie = { originalMaxAge: null, expires: new Date(Date.now() - 1000), path: '/' };
      await backend.plant(store.prefix + before, JSON.stringify({ cookie, user: 'ada' }));
      t.notMatch((await ada.get('/')).body, { user: 'ada' });
      t.not(fastifySidOf(ada), before);
      t.same(await store.ids(), [fastifySidOf(ada)]);
    });

    t.test('the date inside a session with an age is no clock: it lives while its entry does', async (t) => {
      const store = fastifyStore(t, backend);
      const app = await startFastifyApp(t, { store }, ROUTES);
      const ada = app.visitor();
      await ada.get('/login');
      const past = new Date(Date.now() - 1000);
      const cookie = { originalMaxAge: 60_000, expires: past, originalExpires: past, path: '/' };
      await backend.plant(store.prefix + fastifySidOf(ada), JSON.stringify({ cookie, user: 'ada' }));
      t.match((await ada.get('/')).body, { user: 'ada' });
    });

    t.test('a route that lets the cookie end ends the session', async (t) => {
      const store = fastifyStore(t, backend);
      const end: FastifyRoute = ({ session }) => {
        session.cookie.expires = new Date(0);
      };
      const app = await startFastifyApp(t, { store }, { ...ROUTES, '/end': end });
      const ada = app.visitor();
      await ada.get('/login');
      t.match((await ada.get('/end')).setCookie, /Expires=Thu, 01 Jan 1970/);
      t.equal(await store.length(), 0);
    });
  });
