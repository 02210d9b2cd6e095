// From connect-redis to our store and back, on one Redis: nobody is logged out, and what one has written the other goes
// on with. Both through the real middleware, with one secret, and visitors who keep their cookies.
import { RedisStore } from 'connect-redis';
import type { SessionData } from 'express-session';
import { createClient } from 'redis';
import t from 'tap';
import { type App, type Route, sidOf, startApp, type Visitor } from './fixtures/session-app.js';
import { startBackend } from './fixtures/session-backend.js';

const visit: Route = ({ session }) => {
  session.visits = [...((session.visits as string[] | undefined) ?? []), 'ü€'];
};
const show: Route = ({ session }) => session;
const logout: Route = ({ session }) => new Promise((done) => session.destroy(done));
const remember: Route = ({ session }) => {
  session.cookie.maxAge = 3_600_000;
};
const routes = { '/visit': visit, '/': show, '/logout': logout, '/remember': remember };

t.test('on one Redis', async (t) => {
  const backend = await startBackend(t, 'redis');
  const client = createClient({ url: backend.redis?.url ?? '' });
  await client.connect();
  t.teardown(() => client.destroy());
  const theirs = new RedisStore({ client });
  const ours = backend.store(t, { prefix: 'sess:' });
  const ttl = (visitor: Visitor) => client.ttl(`sess:${sidOf(visitor)}`);

  /** Who goes where with this cookie. */
  const at = (app: App, { cookie }: Visitor) => app.visitor(cookie);
  const visits = async (visitor: Visitor) =>
    ((await visitor.get('/')).body as { visits?: string[] }).visits?.length;

  for (const maxAge of [null, 60_000]) {
    for (const settings of [{}, { resave: true }, { rolling: true }]) {
      const cookie = maxAge === null ? {} : { maxAge };
      const before = await startApp(t, { store: new RedisStore({ client }), cookie, ...settings }, routes);
      const after = await startApp(
        t,
        { store: backend.store(t, { prefix: 'sess:' }), cookie, ...settings },
        routes,
      );
      const title = `with ${JSON.stringify({ maxAge, ...settings })}`;

      for (const [from, to, way] of [
        [before, after, 'there'],
        [after, before, 'back'],
      ] as const)
        t.test(`${way}, ${title}: the session goes on, and changes are seen on both sides`, async (t) => {
          const ada = from.visitor();
          await ada.get('/visit');
          const moved = at(to, ada);
          t.equal(await visits(moved), 1, 'nobody is logged out');
          await moved.get('/visit');
          t.equal(await visits(ada), 2, 'who comes back finds what was done meanwhile');
          await ada.get('/visit');
          t.equal(await visits(moved), 3);
          t.equal(sidOf(moved), sidOf(ada), 'one session, one cookie');
          const seconds = await ttl(ada);
          t.ok(maxAge === null ? seconds > 86_000 : seconds > 50 && seconds <= 60, `${seconds} s left`);
          await moved.get('/remember');
          t.ok((await ttl(ada)) > 3500);
          await moved.get('/logout');
          t.equal(await visits(ada), undefined, 'a logout is one on both sides');
          t.same([...from.errors, ...to.errors], []);
        });
    }
  }

  t.test('both list the same sessions', async (t) => {
    const session = (n: number) => ({ cookie: { originalMaxAge: null }, n });
    await ours.clear();
    await theirs.set('theirs', session(1));
    await ours.set('ours', session(2));
    const byId = (sessions: unknown) =>
      (sessions as { id: string }[]).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    t.same(byId(await ours.all()), byId(await theirs.all()));
    t.same((await ours.ids()).toSorted(), ['ours', 'theirs']);
    t.equal(await theirs.length(), 2);
    await theirs.clear();
    t.equal(await ours.length(), 0);
  });

  t.test('both write the same bytes for a session', async (t) => {
    const app = await startApp(t, { store: ours, cookie: { maxAge: 60_000 } }, routes);
    const ada = app.visitor();
    await ada.get('/visit');
    const key = `sess:${sidOf(ada)}`;
    const written = (await client.get(key)) ?? '';
    const loaded = await new Promise<SessionData | undefined>((done) => {
      theirs.load(sidOf(ada), (_error, found) => done(found));
    });
    await theirs.set(sidOf(ada), loaded as SessionData);
    t.equal(await client.get(key), written);
  });
});
