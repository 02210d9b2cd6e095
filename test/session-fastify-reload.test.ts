// What a `reload` leaves of a session that it cannot read. @fastify/session makes an empty Session with the same id then
// and saves that at the end: nobody's session may be emptied by it, and one that has ended may not come back.
import t, { type Test } from 'tap';
import {
  type FastifyRoute,
  type FastifyVisit,
  fastifySidOf,
  fastifyStore,
  isAbout,
  startFastifyApp,
} from './fixtures/fastify-app.js';
import { startProxy } from './fixtures/proxy.js';
import { newGate } from './fixtures/session-app.js';
import { BACKENDS, type Backend, startBackend } from './fixtures/session-backend.js';
import { until } from './fixtures/wait.js';

type Work = (visit: FastifyVisit) => unknown;
/** Answers its error. */
type Reload = (visit: FastifyVisit) => Promise<{ code?: string }>;

const login: FastifyRoute = ({ session }) => {
  Object.assign(session, { user: 'ada', cart: [1] });
};

const RELOADS: Record<string, Reload> = {
  'a promise': (visit) => visit.session.reload().catch((error) => error),
  'a callback': (visit) => new Promise((done) => visit.session.reload(done)),
};

const FAILED = { status: 200, body: 'sidecar_unreachable' };

/** What a request does after its reload, and what it adds to the session by that. */
const AFTERWARDS: Record<string, [work: Work, added: object]> = {
  'does nothing': [() => {}, {}],
  'sets a field': [({ session }) => Object.assign(session, { late: 1 }), { late: 1 }],
  'sets one twice, and saves it each time': [
    async ({ session }) => {
      session.late = 1;
      await session.save();
      session.late = 2;
      await session.save();
    },
    { late: 2 },
  ],
  'sets one and deletes it, and saves it each time': [
    async ({ session }) => {
      session.late = 1;
      await session.save();
      delete session.late;
      await session.save();
    },
    {},
  ],
  'saves, and reloads once more': [
    async (visit) => {
      await visit.session.save();
      await visit.session.reload();
      visit.session.late = (visit.session.cart as number[] | undefined)?.length;
    },
    { late: 1 },
  ],
};

/** A store whose sidecar can be away. */
async function startStore(t: Test, backend: Backend) {
  const { hostname: host, port } = new URL(backend.sidecar.url);
  const proxy = await startProxy({ to: { host, port: Number(port) } });
  t.teardown(() => proxy.stop());
  const store = fastifyStore(t, backend, {
    url: `http://127.0.0.1:${proxy.port}`,
    waitMs: 1000,
    deadlineMs: 10_000,
  });
  const isThere = () =>
    store.get('none').then(
      () => true,
      () => false,
    );
  return {
    store,
    async away() {
      await proxy.refuse(true);
      await proxy.reset();
    },
    async back() {
      await proxy.refuse(false);
      await until(isThere, 10_000, 'the sidecar to be reached again');
    },
  };
}

/** Where so many meet: it resolves for all when the last has come and what is to be done then is done. */
function meeting(size: number, then: () => Promise<void>): () => Promise<void> {
  const all = newGate();
  let missing = size;
  return async () => {
    missing -= 1;
    if (missing > 0) return all.pass();
    await then();
    all.open();
  };
}

type Away = Pick<Awaited<ReturnType<typeof startStore>>, 'away' | 'back'>;

/** Routes that do this after a reload that fails; all are to be asked at once, as the sidecar is away for all. */
function afterFailing({ away, back }: Away, works: [path: string, reload: Reload, work: Work][]) {
  const allThere = meeting(works.length, away);
  const allFailed = meeting(works.length, back);
  const route = (reload: Reload, work: Work): FastifyRoute => {
    return async (visit) => {
      await allThere();
      const { code } = await reload(visit);
      await allFailed();
      await work(visit);
      return code;
    };
  };
  return Object.fromEntries(works.map(([path, reload, work]) => [path, route(reload, work)]));
}

for (const name of BACKENDS)
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);
    const cases = Object.entries(RELOADS).flatMap(([how, reload]) =>
      Object.entries(AFTERWARDS).map(([what, [work, added]], n) => ({
        ...{ what: `${how}, ${what}`, path: `/${how.at(-1)}${n}`, reload, work, added },
      })),
    );

    t.test('a reload that fails loses nothing of the session', async (t) => {
      const { store, ...sidecar } = await startStore(t, backend);
      const failing = afterFailing(
        sidecar,
        cases.map(({ path, reload, work }) => [path, reload, work]),
      );
      const app = await startFastifyApp(t, { store }, { '/login': login, ...failing });
      const visits = cases.map(async ({ what, path, added }) => {
        const ada = app.visitor();
        await ada.get('/login');
        t.match(await ada.get(path), FAILED, what);
        const { cookie, ...fields } = (await store.get(fastifySidOf(ada))) ?? {};
        t.same(fields, { user: 'ada', cart: [1], ...added }, what);
        t.equal(cookie.originalMaxAge, 60_000);
      });
      await Promise.all(visits);
      t.same(app.errors, []);
      t.equal(store.counts.dropped, 0);
    });

    t.test('what others have changed meanwhile stays, a longer life as well', async (t) => {
      const { store, ...sidecar } = await startStore(t, backend);
      const remember: FastifyRoute = ({ session }) => {
        delete session.cart;
        session.theirs = 1;
        session.cookie.maxAge = 600_000;
      };
      const works: [path: string, work: Work, fields: object][] = [
        ['/nothing', () => {}, { user: 'ada', theirs: 1 }],
        ['/field', ({ session }) => Object.assign(session, { late: 1 }), { user: 'ada', theirs: 1, late: 1 }],
        // It has not seen who the user is, and that is an atomic field.
        ['/user', ({ session }) => Object.assign(session, { user: 'eve' }), { user: 'ada', theirs: 1 }],
      ];
      const failing = afterFailing(
        sidecar,
        works.map(([path, work]) => [
          path,
          RELOADS['a promise'] as Reload,
          async (visit) => {
            await app.visitor(visit.headers.cookie).get('/remember');
            await work(visit);
          },
        ]),
      );
      const app = await startFastifyApp(t, { store }, { '/login': login, '/remember': remember, ...failing });
      const visits = works.map(async ([path, , due]) => {
        const ada = app.visitor();
        await ada.get('/login');
        t.match(await ada.get(path), FAILED, path);
        const { cookie, ...fields } = (await store.get(fastifySidOf(ada))) ?? {};
        t.same(fields, due, path);
        t.equal(cookie.originalMaxAge, 600_000);
        t.ok(isAbout(await backend.ttlSeconds(store.prefix + fastifySidOf(ada)), 600));
      });
      await Promise.all(visits);
    });

    t.test('an age that is set after a reload that failed counts', async (t) => {
      const { store, ...sidecar } = await startStore(t, backend);
      const work: Work = ({ session }) => {
        session.cookie.maxAge = 600_000;
      };
      const failing = afterFailing(sidecar, [['/remember', RELOADS['a promise'] as Reload, work]]);
      const app = await startFastifyApp(t, { store }, { '/login': login, ...failing });
      const ada = app.visitor();
      await ada.get('/login');
      await ada.get('/remember');
      t.match(await store.get(fastifySidOf(ada)), { user: 'ada', cookie: { originalMaxAge: 600_000 } });
      t.ok(isAbout(await backend.ttlSeconds(store.prefix + fastifySidOf(ada)), 600));
    });

    t.test('a session that was begun by the same request loses nothing either', async (t) => {
      const { store, ...sidecar } = await startStore(t, backend);
      const work: Work = ({ session }) => Object.assign(session, { late: 1 });
      const failing = afterFailing(sidecar, [['/begin', RELOADS['a promise'] as Reload, work]]);
      const begin: FastifyRoute = async (visit, reply) => {
        login(visit, reply);
        await visit.session.save();
        return failing['/begin']?.(visit, reply);
      };
      const app = await startFastifyApp(t, { store }, { '/begin': begin });
      const ada = app.visitor();
      t.match(await ada.get('/begin'), FAILED);
      t.match(await store.get(fastifySidOf(ada)), { user: 'ada', cart: [1], late: 1 });
    });

    t.test('a session that has ended does not come back', async (t) => {
      const store = fastifyStore(t, backend);
      for (const { what, reload, work } of cases) {
        const ended: FastifyRoute = async (visit) => {
          await store.destroy(visit.session.sessionId);
          t.notOk(await reload(visit), 'to @fastify/session it is no error');
          await work(visit);
        };
        const app = await startFastifyApp(t, { store }, { '/login': login, '/ended': ended });
        const ada = app.visitor();
        await ada.get('/login');
        t.equal((await ada.get('/ended')).status, 200, what);
      }
      t.equal(await store.length(), 0);
    });
  });
