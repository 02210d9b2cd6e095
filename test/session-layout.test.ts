// How a session lies in Redis: plain JSON under its prefix, with the life of its cookie, so that redis-cli and
// connect-redis can read it.
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { type Route, sidOf, startApp } from './fixtures/session-app.js';
import { startBackend } from './fixtures/session-backend.js';

const visit: Route = ({ session }) => {
  session.n = Number(session.n ?? 0) + 1;
};
const show: Route = ({ session }) => session;

t.test('on Redis', async (t) => {
  const backend = await startBackend(t, 'redis');
  const cli = (...args: string[]) => backend.redis?.cli(...args) as Promise<string>;
  // What the sidecar keeps for itself begins with NUL.
  const keys = async () => (await cli('KEYS', '*')).split('\n').filter((key) => /^[^\0]/.test(key));

  t.test('a session is one string, sess:<id>, of plain JSON', async (t) => {
    const store = backend.store(t, { prefix: 'sess:' });
    const app = await startApp(t, { store, cookie: { maxAge: 60_000, sameSite: 'lax' } }, { '/': visit });
    const ada = app.visitor();
    await ada.get('/');
    const key = `sess:${sidOf(ada)}`;
    t.same(await keys(), [key], 'and nothing else is kept');
    t.equal(await cli('TYPE', key), 'string');
    const { cookie, ...rest } = JSON.parse(await cli('GET', key));
    t.same(rest, { n: 1 });
    const { originalMaxAge, expires, ...attributes } = cookie;
    t.same(attributes, { httpOnly: true, path: '/', sameSite: 'lax' });
    t.ok(originalMaxAge <= 60_000 && originalMaxAge > 59_000);
    t.ok(Math.abs(Date.parse(expires) - Date.now() - 60_000) < 10_000);
    await store.clear();
  });

  t.test("its life is the cookie's, to the millisecond, and begins anew with each request", async (t) => {
    const store = backend.store(t, { prefix: 'sess:' });
    const app = await startApp(t, { store, cookie: { maxAge: 60_500 } }, { '/': visit, '/show': show });
    const ada = app.visitor();
    for (const path of ['/', '/', '/show']) {
      await ada.get(path);
      const left = Number(await cli('PTTL', `sess:${sidOf(ada)}`));
      t.ok(left <= 60_500 && left > 55_000, `${left} ms`);
      await cli('PEXPIRE', `sess:${sidOf(ada)}`, '30000');
    }
    await store.clear();
  });

  t.test('the prefix is what the option says', async (t) => {
    const sid = randomUUID();
    for (const prefix of ['', 'shop:sessions:']) {
      await backend.store(t, { prefix }).set(sid, { cookie: {}, n: 1 });
      t.same(await keys(), [prefix + sid]);
      t.same(JSON.parse(await cli('GET', prefix + sid)), { cookie: {}, n: 1 });
      await cli('DEL', prefix + sid);
    }
  });

  t.test(
    "without a life of its own a session gets the sidecar's default, with disableTTL none",
    async (t) => {
      await backend.store(t, { prefix: 'a:' }).set('1', { cookie: {} });
      await backend.store(t, { prefix: 'a:', disableTTL: true }).set('2', { cookie: {} });
      const left = Number(await cli('PTTL', 'a:1'));
      t.ok(left > 86_390_000 && left <= 86_400_000);
      t.equal(await cli('PTTL', 'a:2'), '-1');
    },
  );

  t.test('what others write there is the session from then on', async (t) => {
    const store = backend.store(t, { prefix: 'sess:' });
    const app = await startApp(t, { store }, { '/': visit, '/show': show });
    const ada = app.visitor();
    await ada.get('/');
    await cli('SET', `sess:${sidOf(ada)}`, '{"cookie":{"path":"/"},"n":41,"text":"ü"}');
    await ada.get('/');
    t.match((await ada.get('/show')).body, { n: 42, text: 'ü' });
  });
});
