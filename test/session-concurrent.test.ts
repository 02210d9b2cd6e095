// Several requests at once on one session, by example: what is promised, over HTTP with the real middleware, on both
// backends. All interleavings: session-property*.test.ts.
import t from 'tap';
import type { StoreOptions } from '../client/dist/session/options.js';
import { type App, newGate, type Route, sidOf, startApp, type Visitor } from './fixtures/session-app.js';
import { BACKENDS, type Store, startBackend } from './fixtures/session-backend.js';

const login: Route = ({ session }) => {
  Object.assign(session, { user: 'ada', n: 0, gone: 1 });
};
const logout: Route = ({ session }) => new Promise((done) => session.destroy(done));
const show: Route = ({ session }) => session;

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    /** Runs `slow` so that it has read the session before `quick` begins, and is saved after `quick` has ended. */
    async function race(
      t: Parameters<typeof startApp>[0],
      slow: Route,
      quick: Route,
      { options = {}, ...app }: { options?: StoreOptions; resave?: boolean; rolling?: boolean } = {},
    ): Promise<{ store: Store; app: App; ada: Visitor; stored(): Promise<Record<string, unknown> | null> }> {
      const store = backend.store(t, options);
      const gate = newGate();
      const late: Route = async (visit, response) => {
        await gate.pass();
        return slow(visit, response);
      };
      const routes = { '/login': login, '/slow': late, '/quick': quick, '/': show };
      const started = await startApp(t, { store, cookie: { maxAge: 60_000 }, ...app }, routes);
      const ada = started.visitor();
      await ada.get('/login');
      const pending = started.visitor(ada.cookie).get('/slow');
      await gate.reached();
      await ada.get('/quick');
      gate.open();
      t.equal((await pending).status, 200);
      return { store, app: started, ada, stored: () => store.get(sidOf(ada)) };
    }

    t.test(
      'a logout during a slow request stays one, whatever that request does with the session',
      async (t) => {
        const slows: Record<string, Route> = {
          'changes it': ({ session }) => void Object.assign(session, { late: 1 }),
          'changes nothing': () => {},
          'saves it, and again': async ({ session }) => {
            await new Promise((done) => session.save(done));
            session.late = 1;
          },
          'sets another age': ({ session }) => void Object.assign(session.cookie, { maxAge: 90_000 }),
        };
        for (const [what, slow] of Object.entries(slows))
          for (const resave of [false, true])
            for (const rolling of [false, true]) {
              const { app, ada, stored } = await race(t, slow, logout, { resave, rolling });
              t.equal(await stored(), null, `${what}, resave ${resave}, rolling ${rolling}`);
              t.notMatch((await ada.get('/')).body, { user: 'ada' });
              t.same(app.errors, []);
            }
      },
    );

    t.test(
      'the lost change of a request that was logged out is told: event, counter, no error',
      async (t) => {
        const heard: unknown[][] = [];
        const saved: unknown[][] = [];
        const slow: Route = ({ session, sessionStore }) => {
          sessionStore.on('dropped', (...told) => heard.push(told));
          session.late = 1;
          return new Promise<void>((done) => {
            session.save((...given: unknown[]) => {
              saved.push(given);
              done();
            });
          });
        };
        const { store, ada } = await race(t, slow, logout);
        t.same(heard, [[sidOf(ada)]]);
        t.same(saved, [[null, undefined]]);
        t.same(store.counts, { dropped: 1, merged: 0 });
      },
    );

    t.test('a request that changed nothing is not told of, and not counted', async (t) => {
      const { store } = await race(t, () => {}, logout, { resave: true });
      t.same(store.counts, { dropped: 0, merged: 0 });
    });

    t.test('two requests that change two fields lose neither, and the merge is told', async (t) => {
      const heard: unknown[] = [];
      const slow: Route = ({ session, sessionStore }) => {
        sessionStore.on('merged', (sid) => heard.push(sid));
        Object.assign(session, { slow: 1 });
        delete session.gone;
      };
      const quick: Route = ({ session }) => void Object.assign(session, { quick: 1 });
      const { store, ada, stored } = await race(t, slow, quick);
      const { cookie, ...fields } = (await stored()) ?? {};
      t.same(fields, { user: 'ada', n: 0, slow: 1, quick: 1 });
      t.same(heard, [sidOf(ada)]);
      t.same(store.counts, { dropped: 0, merged: 1 });
    });

    t.test(
      'two requests that change one field: the later, the earlier, or what the function says',
      async (t) => {
        const slow: Route = ({ session }) => void Object.assign(session, { n: 1 });
        const quick: Route = ({ session }) => void Object.assign(session, { n: 10 });
        const sum = (_field: string, base: unknown, mine: unknown, theirs: unknown) =>
          Number(mine) + Number(theirs) - Number(base);
        for (const [conflict, n] of [
          ['mine', 1],
          ['theirs', 10],
          [sum, 11],
        ] as const)
          t.match(await (await race(t, slow, quick, { options: { conflict } })).stored(), { n });
      },
    );

    t.test('a user who logged in meanwhile is not mixed up with the one of a slow request', async (t) => {
      const slow: Route = ({ session }) => void Object.assign(session, { user: 'eve', cart: 1 });
      const quick: Route = ({ session }) => void Object.assign(session, { user: 'bob' });
      t.match(await (await race(t, slow, quick)).stored(), { user: 'bob', cart: 1 });
      const mine = await race(t, slow, quick, { options: { atomic: [] } });
      t.match(await mine.stored(), { user: 'eve' }, 'unless the application says so');
    });

    t.test('a field that one request deletes is gone, also where another changes it', async (t) => {
      const deleting: Route = ({ session }) => void delete session.gone;
      const changing: Route = ({ session }) => void Object.assign(session, { gone: 2, other: 1 });
      for (const [slow, quick] of [
        [deleting, changing],
        [changing, deleting],
      ] as const) {
        const stored = await (await race(t, slow, quick)).stored();
        t.match(stored, { other: 1 });
        t.notOk(stored && 'gone' in stored);
      }
    });

    t.test('a save after a merged one goes on from there', async (t) => {
      const slow: Route = async ({ session }) => {
        session.a = 1;
        await new Promise((done) => session.save(done));
        session.b = 2;
        delete session.a;
      };
      const quick: Route = ({ session }) => void Object.assign(session, { quick: 1 });
      const { cookie, ...fields } = (await (await race(t, slow, quick)).stored()) ?? {};
      t.same(fields, { user: 'ada', n: 0, gone: 1, b: 2, quick: 1 });
    });

    t.test('a counter that many requests raise at once is exact, in one process and in four', async (t) => {
      const conflict = (_field: string, base: unknown, mine: unknown, theirs: unknown) =>
        Number(mine) + Number(theirs) - Number(base);
      for (const [processes, raises] of [
        [1, 150],
        [4, 20],
      ] as const) {
        const gate = newGate();
        let arrived = 0;
        const raise: Route = async ({ session }) => {
          arrived += 1;
          if (arrived === raises) gate.open();
          await gate.pass();
          session.n = Number(session.n) + 1;
        };
        const routes = { '/login': login, '/raise': raise, '/': show };
        // A store knows nothing of another one, as in another process.
        const stores = Array.from({ length: processes }, () =>
          backend.store(t, { prefix: 'count:', conflict, deadlineMs: 20_000 }),
        );
        const apps = await Promise.all(stores.map((store) => startApp(t, { store }, routes)));
        const visitors = (cookie?: string) => apps.map((app) => app.visitor(cookie));
        const [ada] = visitors();
        await ada?.get('/login');
        const requests = Array.from({ length: raises / processes }, () => visitors(ada?.cookie)).flat();
        const answers = await Promise.all(requests.map((visitor) => visitor.get('/raise')));
        t.same(
          apps.flatMap(({ errors }) => errors),
          [],
        );
        t.ok(answers.every(({ status }) => status === 200));
        t.match((await ada?.get('/'))?.body, { n: raises });
      }
    });
  });
}
