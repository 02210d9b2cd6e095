// A session in use lives on, however short its life, and an idle one ends. Real time passes here: that is what is
// tested. Requests come every 400 ms, the life is 1 s.
import t from 'tap';
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
    const alive = (body as { user?: unknown }).user === 'ada';
    const late = performance.now() - last > LIFE_MS - 100;
    if (!alive && late) return undefined;
    if (!alive || n === REQUESTS) return body;
    // Its life began somewhere between the question and the answer.
    last = asked;
  }
}

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
  });
}
