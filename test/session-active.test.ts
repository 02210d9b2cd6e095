// A session in use lives on, however short its life, and an idle one ends. Real time passes here: that is what is
// tested. Requests come every 400 ms, the life is 1 s.
import t from 'tap';
import { type FastifyRoute, fastifySidOf, fastifyStore, startFastifyApp } from './fixtures/fastify-app.js';
import { type Route, sidOf, startApp, type Visitor } from './fixtures/session-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';
import { until } from './fixtures/wait.js';

const PACE_MS = 400;
const LIFE_MS = 1000;
const REQUESTS = 8;

const login: Route = ({ session }) => {
  session.user = 'ada';
};
const show: Route = ({ session }) => session;
/** The same, for @fastify/session. */
const FASTIFY_ROUTES: Record<string, FastifyRoute> = {
  '/login': ({ session }) => Object.assign(session, { user: 'ada' }),
  '/': ({ session }) => session,
};

/**
 * One request every 400 ms. Answers what the last one saw; undefined when a pause was longer than the life, so that
 * ending the session was right: the machine is too busy for this test.
 */
async function use(visitor: Visitor): Promise<unknown> {
  let last = performance.now();
  for (let n = 0; ; n += 1) {
    await new Promise((next) => setTimeout(next, PACE_MS));
    const asked = performance.now();
    const { body } = await visitor.get('/');
    const alive = isAlive(body);
    const late = performance.now() - last > LIFE_MS - 100;
    if (!alive && late) return undefined;
    if (!alive || n === REQUESTS) return body;
    // Its life began somewhere between the question and the answer.
    last = asked;
  }
}

/**
 * Logs in, then one request every 400 ms until the session has ended. Answers after how long it had, since before the
 * login; undefined when a request found it for which it was too late.
 */
async function useToEnd(visitor: Visitor): Promise<number | undefined> {
  const begun = performance.now();
  await visitor.get('/login');
  const stored = performance.now();
  for (;;) {
    await new Promise((next) => setTimeout(next, PACE_MS));
    const asked = performance.now();
    const alive = isAlive((await visitor.get('/')).body);
    if (!alive) return performance.now() - begun;
    if (asked > stored + LIFE_MS + 100) return undefined;
  }
}

const isAlive = (body: unknown) => (body as { user?: unknown }).user === 'ada';

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);
    const settings = [false, true].flatMap((resave) => [false, true].map((rolling) => ({ resave, rolling })));

    t.test('a session in use outlives its age many times, with every resave and rolling', async (t) => {
      const lives = settings.map(async (setting) => {
        const store = backend.store(t);
        const options = { store, ...setting, cookie: { maxAge: LIFE_MS } };
        const app = await startApp(t, options, { '/login': login, '/': show });
        let seen: unknown;
        for (let attempt = 1; seen === undefined && attempt <= 5; attempt += 1) {
          const ada = app.visitor();
          await ada.get('/login');
          seen = await use(ada);
        }
        t.match(seen, { user: 'ada' }, JSON.stringify(setting));
        const cookie = (seen as { cookie?: { expires?: string } } | undefined)?.cookie;
        t.ok(Date.parse(cookie?.expires ?? '') > Date.now() - LIFE_MS, 'the date inside moves on with it');
      });
      await Promise.all(lives);
    });

    t.test('a session that is not in use ends', async (t) => {
      const store = backend.store(t);
      const app = await startApp(t, { store, cookie: { maxAge: LIFE_MS } }, { '/login': login, '/': show });
      const ada = app.visitor();
      await ada.get('/login');
      await ada.get('/');
      await until(async () => (await store.get(sidOf(ada))) === null, 5000, 'an idle session to end');
      t.notMatch((await ada.get('/')).body, { user: 'ada' });
      t.equal(await store.length(), 0);
    });

    t.test('@fastify/session: one in use lives on with rolling, and is touched, not written', async (t) => {
      const store = fastifyStore(t, backend);
      const app = await startFastifyApp(t, { store, cookie: { maxAge: LIFE_MS } }, FASTIFY_ROUTES);
      let seen: unknown;
      for (let attempt = 1; seen === undefined && attempt <= 5; attempt += 1) {
        const ada = app.visitor();
        await ada.get('/login');
        const key = store.prefix + fastifySidOf(ada);
        const before = await backend.text(key);
        seen = await use(ada);
        const after = await backend.text(key);
        // Ended by now, it was a pause that was too long again.
        if (after === undefined) seen = undefined;
        else t.equal(after, before);
      }
      t.match(seen, { user: 'ada' });
      const { cookie } = seen as { cookie: { expires: string } };
      t.ok(Date.parse(cookie.expires) > Date.now() - LIFE_MS, 'the date inside moves on with it');
    });

    t.test('@fastify/session: without rolling it ends at its time though it is in use', async (t) => {
      const store = fastifyStore(t, backend);
      const options = { store, rolling: false, cookie: { maxAge: LIFE_MS } };
      const app = await startFastifyApp(t, options, FASTIFY_ROUTES);
      const endedMs = await useToEnd(app.visitor());
      t.ok(endedMs && endedMs > LIFE_MS - 100, `it has ended after ${endedMs} ms`);
    });

    t.test('@fastify/session: one that is not in use ends', async (t) => {
      const lives = [true, false].map(async (rolling) => {
        const store = fastifyStore(t, backend);
        const options = { store, rolling, saveUninitialized: false, cookie: { maxAge: LIFE_MS } };
        const app = await startFastifyApp(t, options, FASTIFY_ROUTES);
        const ada = app.visitor();
        await ada.get('/login');
        await until(async () => (await store.length()) === 0, 5000, 'an idle session to end');
        t.notMatch((await ada.get('/')).body, { user: 'ada' }, `rolling: ${rolling}`);
        t.equal(await store.length(), 0);
      });
      await Promise.all(lives);
    });
  });
}
