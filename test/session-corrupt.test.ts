// What lies in a session and cannot be used: cookies that express-session throws of. A documented choice each time, and
// never a crash. What is no session at all: session-none.test.ts.
import type session from 'express-session';
import t from 'tap';
import { type Route, type Session, sidOf, startApp } from './fixtures/session-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

const login: Route = ({ session }) => {
  session.user = 'ada';
};
const show: Route = ({ session }) => session;
const change: Route = ({ session }) => {
  session.changed = true;
};

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('a session whose cookie is missing or unusable goes on with another', async (t) => {
      const store = backend.store(t);
      const app = await startApp(
        t,
        // With rolling each answer brings the cookie.
        { store, rolling: true, cookie: { maxAge: 60_000 } },
        { '/login': login, '/': show, '/change': change },
      );
      const cookies = [
        'null',
        '7',
        '"text"',
        '[]',
        '{}',
        '{"expires":"soon"}',
        '{"originalMaxAge":"soon"}',
        '{"maxAge":"soon"}',
        '{"maxAge":{}}',
        '{"originalMaxAge":1e300,"expires":"soon"}',
        '{"expires":7}',
        '{"expires":"+275000-01-01T00:00:00.000Z"}',
        '{"originalMaxAge":1e15}',
        ...['{"sameSite":"bogus"}', '{"sameSite":7}', '{"sameSite":{}}', '{"priority":"bogus"}'],
        ...['{"domain":7}', '{"domain":"ü"}', '{"domain":{}}', '{"path":"/;"}', '{"path":{}}'],
        ...['{"serialize":7}', '{"toJSON":7}', '{"_expires":7}', '{"__proto__":{}}', '{"data":7}'],
      ];
      for (const cookie of cookies) {
        const ada = app.visitor();
        await ada.get('/login');
        await backend.plant(`${store.prefix}${sidOf(ada)}`, `{"cookie":${cookie},"user":"ada"}`);
        t.match((await ada.get('/')).body, { user: 'ada' }, cookie);
        await ada.get('/change');
        t.match((await ada.get('/')).body, { user: 'ada', changed: true });
      }
      t.same(app.errors, []);
    });

    t.test('load and reload of such a session throw nothing outside of their callbacks', async (t) => {
      const store = backend.store(t);
      for (const cookie of ['null', '{"maxAge":"soon"}', '{"originalMaxAge":{}}', '"text"']) {
        await backend.plant(`${store.prefix}a`, `{"cookie":${cookie},"n":1}`);
        const loaded = await new Promise<session.SessionData | undefined>((done, fail) => {
          store.load('a', (error, found) => (error ? fail(error) : done(found)));
        });
        t.match(loaded, { n: 1 }, cookie);
        await new Promise<void>((done, fail) => {
          (loaded as Session).reload((error: unknown) => (error ? fail(error) : done()));
        });
      }
      await backend.plant(`${store.prefix}a`, '{"n":1}');
      t.match(await store.get('a'), { n: 1 }, 'also without any cookie');
    });
  });
}
