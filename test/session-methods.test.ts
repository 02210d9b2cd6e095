// What the methods of a Session do with a store: save, reload, regenerate, destroy, and `load` of the store, over HTTP,
// on both backends.
import session from 'express-session';
import t from 'tap';
import { type Route, sidOf, startApp } from './fixtures/session-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

const show: Route = ({ session }) => session;
const id: Route = ({ sessionID }) => sessionID;
const add: Route = ({ session, url }) => {
  for (const [name, value] of new URL(url ?? '', 'http://app').searchParams) session[name] = value;
};

/** A method of a Session that takes a callback. */
function ending(name: 'save' | 'reload' | 'regenerate' | 'destroy'): Route {
  return ({ session }) =>
    new Promise<void>((done, fail) => session[name]((e: unknown) => (e ? fail(e) : done())));
}

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('destroy ends the session, and the next request begins another', async (t) => {
      const store = backend.store(t);
      const routes = { '/add': add, '/destroy': ending('destroy'), '/': id };
      const { visitor } = await startApp(t, { store }, routes);
      const ada = visitor();
      await ada.get('/add?a=1');
      const before = sidOf(ada);
      await ada.get('/destroy');
      t.equal(await store.get(before), null);
      t.not((await ada.get('/')).body, before);
    });

    t.test('regenerate ends the session and stores what the request puts into the new one', async (t) => {
      const store = backend.store(t);
      const login: Route = async (visit, response) => {
        await ending('regenerate')(visit, response);
        visit.session.user = 'ada';
      };
      const { visitor } = await startApp(t, { store }, { '/add': add, '/login': login, '/': show });
      const ada = visitor();
      await ada.get('/add?a=1');
      const before = sidOf(ada);
      await ada.get('/login');
      t.equal(await store.get(before), null);
      t.not(sidOf(ada), before);
      const { body } = await ada.get('/');
      t.match(body, { user: 'ada' });
      t.notMatch(body, { a: '1' });
    });

    t.test('reload undoes what was not saved, and what is changed after it is stored', async (t) => {
      const store = backend.store(t);
      const reloading: Route = async (visit, response) => {
        visit.session.a = 'undone';
        await ending('reload')(visit, response);
        visit.session.b = visit.session.a;
      };
      const { visitor } = await startApp(t, { store }, { '/add': add, '/reload': reloading, '/': show });
      const ada = visitor();
      await ada.get('/add?a=1');
      await ada.get('/reload');
      t.match((await ada.get('/')).body, { a: '1', b: '1' });
      t.same(store.counts, { dropped: 0, merged: 0 });
    });

    t.test(
      'reload after others have stored something sees it, and a save after it has no conflict',
      async (t) => {
        const store = backend.store(t);
        const reloading: Route = async (visit, response) => {
          const other = await store.get(visit.sessionID);
          await store.set(visit.sessionID, { ...other, theirs: 1 });
          await ending('reload')(visit, response);
          visit.session.mine = visit.session.theirs;
        };
        const { visitor } = await startApp(t, { store }, { '/add': add, '/reload': reloading, '/': show });
        const ada = visitor();
        await ada.get('/add?a=1');
        await ada.get('/reload');
        t.match((await ada.get('/')).body, { a: '1', mine: 1, theirs: 1 });
        t.same(store.counts, { dropped: 0, merged: 0 });
      },
    );

    t.test('saves in the middle of a request are stored, and those at its end too', async (t) => {
      const store = backend.store(t);
      const saving: Route = async (visit, response) => {
        visit.session.n = 1;
        await ending('save')(visit, response);
        const stored = await store.get(visit.sessionID);
        visit.session.n = 2;
        // Not awaited: the end of the request saves once more meanwhile.
        visit.session.save();
        visit.session.n = 3;
        return stored?.n;
      };
      const { visitor } = await startApp(t, { store }, { '/save': saving, '/': show });
      const ada = visitor();
      t.equal((await ada.get('/save')).body, 1, 'a new session');
      t.match((await ada.get('/')).body, { n: 3 });
      t.equal((await ada.get('/save')).body, 1, 'and one that was read');
      t.match((await ada.get('/')).body, { n: 3 });
      t.same(store.counts, { dropped: 0, merged: 0 });
    });

    t.test('load gives a Session without a request of its own, which can be saved', async (t) => {
      const store = backend.store(t);
      const { visitor } = await startApp(t, { store }, { '/add': add, '/': show });
      const ada = visitor();
      await ada.get('/add?a=1');
      const load = (sid: string) =>
        new Promise<session.SessionData | undefined>((done, fail) =>
          store.load(sid, (error, found) => (error ? fail(error) : done(found))),
        );
      const loaded = (await load(sidOf(ada))) as session.Session & { a: string };
      t.ok(loaded instanceof session.Session);
      await ada.get('/add?b=2');
      loaded.a = 'loaded';
      await new Promise((done) => loaded.save(done));
      t.match((await ada.get('/')).body, { a: 'loaded', b: '2' });
      t.equal(await load('none'), undefined);
    });
  });
}
