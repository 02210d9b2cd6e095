// What the methods of a session of @fastify/session do with a store, each with a callback and as a promise, on both
// backends. A reload that fails: session-fastify-reload.test.ts.
import t from 'tap';
import {
  type FastifyRoute,
  type FastifyVisit,
  fastifySidOf,
  fastifyStore,
  isAbout,
  startFastifyApp,
} from './fixtures/fastify-app.js';
import { newGate } from './fixtures/session-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

type Method = 'save' | 'reload' | 'regenerate' | 'destroy';

/** Both ways to call a method. */
const WAYS: Record<string, (visit: FastifyVisit, method: Method, ...given: unknown[]) => Promise<void>> = {
  'a callback': ({ session }, method, ...given) =>
    new Promise((done, fail) => {
      const call = session[method] as (...given: unknown[]) => void;
      call.call(session, ...given, (error?: unknown) => (error ? fail(error) : done()));
    }),
  'a promise': ({ session }, method, ...given) =>
    (session[method] as (...given: unknown[]) => Promise<void>)(...given),
};

const login: FastifyRoute = ({ session }) => {
  Object.assign(session, { user: 'ada', cart: [1] });
};
const show: FastifyRoute = ({ session: { cookie: _, ...fields } }) => fields;

for (const name of BACKENDS)
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    for (const [how, call] of Object.entries(WAYS)) {
      t.test(`destroy with ${how} ends the session, and the next request begins another`, async (t) => {
        const store = fastifyStore(t, backend);
        const out: FastifyRoute = async (visit) => {
          await call(visit, 'destroy');
          return [visit.session, await store.length()];
        };
        const app = await startFastifyApp(t, { store }, { '/login': login, '/out': out, '/': show });
        const ada = app.visitor();
        await ada.get('/login');
        const before = fastifySidOf(ada);
        t.match(await ada.get('/out'), { body: [null, 0], setCookie: undefined });
        t.same((await ada.get('/')).body, {});
        t.not(fastifySidOf(ada), before);
        t.same(await store.ids(), [fastifySidOf(ada)]);
      });

      for (const keys of [undefined, ['cart', 'none']]) {
        const title = keys ? 'keeps these fields only' : 'begins an empty session';
        t.test(`regenerate with ${how} ${title}, under a new id, and ends the old one`, async (t) => {
          const store = fastifyStore(t, backend);
          const renew: FastifyRoute = async (visit) => {
            await call(visit, 'regenerate', ...(keys ? [keys] : []));
            const stored = await store.all();
            visit.session.later = 1;
            return stored;
          };
          const app = await startFastifyApp(t, { store }, { '/login': login, '/renew': renew, '/': show });
          const ada = app.visitor();
          await ada.get('/login');
          const before = fastifySidOf(ada);
          const { body } = await ada.get('/renew');
          t.not(fastifySidOf(ada), before);
          const kept = keys ? { cart: [1] } : {};
          const [{ cookie, ...stored }] = body as [Record<string, unknown>];
          t.match(cookie, { originalMaxAge: 60_000 });
          t.same(stored, { id: fastifySidOf(ada), ...kept }, 'it is stored at once');
          t.same((await ada.get('/')).body, { ...kept, later: 1 }, 'and what comes later is stored, too');
          t.same(await store.ids(), [fastifySidOf(ada)]);
          t.same({ ...store.counts }, { dropped: 0, merged: 0 });
        });
      }

      t.test(
        `reload with ${how} undoes what was not saved; what is changed after it is stored`,
        async (t) => {
          const store = fastifyStore(t, backend);
          const reloading: FastifyRoute = async (visit) => {
            visit.session.user = 'undone';
            visit.session.late = 'undone';
            await call(visit, 'reload');
            visit.session.copy = visit.session.user;
          };
          const routes = { '/login': login, '/reload': reloading, '/': show };
          const app = await startFastifyApp(t, { store }, routes);
          const ada = app.visitor();
          await ada.get('/login');
          await ada.get('/reload');
          t.same((await ada.get('/')).body, { user: 'ada', cart: [1], copy: 'ada' });
          t.same({ ...store.counts }, { dropped: 0, merged: 0 });
        },
      );

      t.test(`save with ${how} stores the session at once, a new one and one that was read`, async (t) => {
        const store = fastifyStore(t, backend);
        const saving: FastifyRoute = async (visit) => {
          visit.session.n = 1;
          await call(visit, 'save');
          const stored = await store.get(visit.session.sessionId);
          delete visit.session.n;
          visit.session.m = 2;
          return stored?.n;
        };
        const app = await startFastifyApp(t, { store }, { '/save': saving, '/': show });
        const ada = app.visitor();
        for (const what of ['new', 'read']) {
          t.equal((await ada.get('/save')).body, 1, what);
          t.same((await ada.get('/')).body, { m: 2 }, 'and what comes later at the end');
        }
        t.same({ ...store.counts }, { dropped: 0, merged: 0 });
      });
    }

    t.test('a slow request does not bring back the session that was regenerated meanwhile', async (t) => {
      const store = fastifyStore(t, backend);
      const gate = newGate();
      const slow: FastifyRoute = async ({ session }) => {
        await gate.pass();
        session.late = 1;
      };
      const renew: FastifyRoute = ({ session }) => session.regenerate();
      const routes = { '/login': login, '/slow': slow, '/renew': renew };
      const app = await startFastifyApp(t, { store }, routes);
      const ada = app.visitor();
      await ada.get('/login');
      const late = app.visitor(ada.cookie).get('/slow');
      await gate.reached();
      await ada.get('/renew');
      gate.open();
      t.equal((await late).status, 200);
      t.same(await store.ids(), [fastifySidOf(ada)]);
      t.equal(store.counts.dropped, 1);
    });

    t.test('get and set are the fields', async (t) => {
      const store = fastifyStore(t, backend);
      const raise: FastifyRoute = ({ session }) => {
        const { get, set } = session as unknown as {
          get(key: string): unknown;
          set(key: string, n: number): void;
        };
        set.call(session, 'n', Number(get.call(session, 'n') ?? 0) + 1);
      };
      const app = await startFastifyApp(t, { store }, { '/raise': raise, '/': show });
      const ada = app.visitor();
      await ada.get('/raise');
      await ada.get('/raise');
      t.same((await ada.get('/')).body, { n: 2 });
    });

    t.test('isModified tells of changes since it was read or saved, isSaved of a save', async (t) => {
      const store = fastifyStore(t, backend);
      const ask: FastifyRoute = async (visit) => {
        const told = () => [visit.session.isModified(), visit.session.isSaved()];
        const all = [told()];
        visit.session.n = Number(visit.session.n ?? 0) + 1;
        all.push(told());
        await visit.session.save();
        all.push(told());
        await visit.session.reload();
        all.push(told());
        return all;
      };
      const app = await startFastifyApp(t, { store }, { '/ask': ask });
      const ada = app.visitor();
      for (const what of ['new', 'read'])
        t.same(
          (await ada.get('/ask')).body,
          [
            ...[
              [false, false],
              [true, false],
              [false, true],
              [false, false],
            ],
          ],
          what,
        );
    });

    t.test('options gives a session a cookie of its own, and with another age another life', async (t) => {
      const store = fastifyStore(t, backend);
      const remember: FastifyRoute = ({ session }) => session.options({ maxAge: 500_000, path: '/' });
      const app = await startFastifyApp(t, { store }, { '/login': login, '/remember': remember, '/': show });
      const ada = app.visitor();
      await ada.get('/login');
      for (const path of ['/remember', '/']) {
        const { setCookie = '' } = await ada.get(path);
        const expires = Date.parse(/Expires=([^;]+)/.exec(setCookie)?.[1] ?? '');
        t.ok(expires > Date.now() + 490_000, path);
        t.ok(isAbout(await backend.ttlSeconds(store.prefix + fastifySidOf(ada)), 500));
      }
      t.same((await ada.get('/')).body, { user: 'ada', cart: [1] });
    });

    t.test('touch moves the date of the cookie to its age from now, and the life with it', async (t) => {
      const store = fastifyStore(t, backend);
      const touch: FastifyRoute = ({ session }) => {
        session.cookie.expires = new Date(Date.now() + 10_000);
        session.touch();
      };
      const app = await startFastifyApp(t, { store }, { '/login': login, '/touch': touch });
      const ada = app.visitor();
      await ada.get('/login');
      await ada.get('/touch');
      t.ok(isAbout(await backend.ttlSeconds(store.prefix + fastifySidOf(ada)), 60));
    });
  });
