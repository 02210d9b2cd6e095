// What lies in a session of @fastify/session and cannot be used: cookies that it throws of, fields with the names of its
// methods. Never a crash. What is no session at all: session-none.test.ts.
import t from 'tap';
import { type FastifyRoute, fastifySidOf, fastifyStore, startFastifyApp } from './fixtures/fastify-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

const login: FastifyRoute = ({ session }) => {
  session.user = 'ada';
};
const change: FastifyRoute = ({ session }) => {
  session.changed = true;
};
const show: FastifyRoute = ({ session }) => session;
const ROUTES = { '/login': login, '/change': change, '/': show };

for (const name of BACKENDS)
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('a session whose cookie is missing or unusable goes on with another', async (t) => {
      const store = fastifyStore(t, backend);
      const cookies = [
        ...['null', '7', '"text"', '[]', '{}', '{"toJSON":7}', '{"__proto__":{"sameSite":"bogus"}}'],
        ...[
          '{"expires":"soon"}',
          '{"expires":7}',
          '{"expires":{}}',
          '{"expires":"+275000-01-01T00:00:00.000Z"}',
        ],
        ...[
          '{"originalMaxAge":"soon"}',
          '{"originalMaxAge":{}}',
          '{"originalMaxAge":1e300,"expires":"soon"}',
        ],
        ...['{"originalMaxAge":1e15}', '{"maxAge":"soon"}', '{"maxAge":{}}', '{"maxAge":1e15}'],
        ...['{"originalExpires":"soon"}', '{"originalExpires":{},"originalMaxAge":60000}'],
        ...['{"sameSite":"bogus"}', '{"sameSite":7}', '{"sameSite":{}}', '{"sameSite":["lax"]}'],
        ...['{"domain":7}', '{"domain":"no domain"}', '{"domain":"ü"}', '{"domain":{}}', '{"domain":["a"]}'],
        ...['{"path":7}', '{"path":"/ü"}', '{"path":"/;"}', '{"path":"/\\r\\n"}', '{"path":{}}'],
        ...['{"secure":"text"}', '{"httpOnly":{}}', '{"partitioned":"text"}', '{"priority":"bogus"}'],
      ];
      const app = await startFastifyApp(t, { store }, ROUTES);
      for (const cookie of cookies) {
        const ada = app.visitor();
        await ada.get('/login');
        const sid = fastifySidOf(ada);
        await backend.plant(store.prefix + sid, `{"cookie":${cookie},"user":"ada"}`);
        t.match(await ada.get('/'), { status: 200, body: { user: 'ada' } }, cookie);
        t.equal((await ada.get('/change')).status, 200);
        t.match((await ada.get('/')).body, { user: 'ada', changed: true });
        t.equal(fastifySidOf(ada), sid);
      }
      t.same(app.errors, []);
    });

    t.test(
      'fields with names that the plugin calls are left out of the session, and stay stored',
      async (t) => {
        const over = JSON.stringify({ originalMaxAge: null, expires: new Date(0) });
        const names = [
          'sessionId',
          'encryptedSessionId',
          'save',
          'isModified',
          'isSaved',
          'regenerate',
          '__proto__',
        ];
        for (const rolling of [true, false]) {
          const store = fastifyStore(t, backend);
          const app = await startFastifyApp(t, { store, rolling, cookie: {} }, ROUTES);
          for (const field of names.flatMap((name) => [`"${name}":true`, `"${name}":{"a":1}`])) {
            const ada = app.visitor();
            await ada.get('/login');
            const sid = fastifySidOf(ada);
            await backend.plant(store.prefix + sid, `{"cookie":{},${field},"user":"ada"}`);
            t.match(await ada.get('/'), { status: 200, body: { user: 'ada' } }, field);
            t.equal((await ada.get('/change')).status, 200);
            t.match((await ada.get('/')).body, { user: 'ada', changed: true });
            t.ok((await backend.text(store.prefix + sid))?.includes(field));
            await backend.plant(store.prefix + sid, `{"cookie":${over},${field},"user":"ada"}`);
            t.notMatch((await ada.get('/')).body, { user: 'ada' });
            t.same(await store.get(sid), null, 'also when its cookie is over');
          }
          t.same(app.errors, []);
        }
      },
    );
  });
