// koa-session: a session in use lives on with `rolling` and with `renew`, however short its life, and ends without them;
// an idle one always ends. Real time passes here: that is what is tested. Requests come every 400 ms, the life is 1 s.
import t from 'tap';
import { type Act, keyOf, koaStore, startKoaApp, type Visitor } from './fixtures/koa-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';
import { until } from './fixtures/wait.js';

const PACE_MS = 400;
const LIFE_MS = 1000;
const REQUESTS = 6;
const SETTINGS = [{ rolling: true }, { renew: true }, { rolling: true, renew: true }, {}];

const login: Act = ({ session }) => {
  session.user = 'ada';
};
const show: Act = ({ session }) => ({ user: session.user });

/**
 * One request every 400 ms. Answers what the last one saw; undefined when a pause was longer than the life, so that
 * ending the session was right: the machine is too busy for this test.
 */
async function use(visitor: Visitor): Promise<unknown> {
  let last = performance.now();
  for (let n = 1; ; n += 1) {
    await new Promise((next) => setTimeout(next, PACE_MS));
    const asked = performance.now();
    const { body } = await visitor.get('show');
    if (performance.now() - last > LIFE_MS - 100) return undefined;
    if (n === REQUESTS) return body;
    // Its life began somewhere between the question and the answer.
    last = asked;
  }
}

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('a session in use outlives its age with rolling and with renew, and not without', async (t) => {
      const lives = SETTINGS.map(async (setting) => {
        const store = koaStore(t, backend);
        const app = await startKoaApp(t, { store, maxAge: LIFE_MS, ...setting }, { login, show });
        let seen: unknown;
        for (let attempt = 1; seen === undefined && attempt <= 5; attempt += 1) {
          const ada = app.visitor();
          await ada.get('login');
          const key = `${store.prefix}${keyOf(ada)}`;
          const before = await backend.text(key);
          seen = await use(ada);
          const lasts = Object.keys(setting).length > 0;
          if (seen && lasts) t.equal(await backend.text(key), before, 'its bytes stay');
        }
        const expected = Object.keys(setting).length > 0 ? { user: 'ada' } : {};
        t.same(seen, expected, JSON.stringify(setting));
        t.same(app.errors, []);
      });
      await Promise.all(lives);
    });

    t.test('a session that is not in use ends, with every setting', async (t) => {
      const ends = SETTINGS.map(async (setting) => {
        const store = koaStore(t, backend);
        const app = await startKoaApp(t, { store, maxAge: LIFE_MS, ...setting }, { login, show });
        const ada = app.visitor();
        await ada.get('login');
        // A request may be the last that makes it longer.
        await ada.get('show');
        const before = keyOf(ada);
        await until(async () => (await store.length()) === 0, 5000, 'an idle session to end');
        t.equal(await store.get(before), undefined, JSON.stringify(setting));
        t.same((await ada.get('show')).body, {});
        t.same(await store.ids(), [], 'and it has not come back');
      });
      await Promise.all(ends);
    });
  });
}
