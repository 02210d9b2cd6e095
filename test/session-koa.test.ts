// The store for koa-session, through the real middleware and a real sidecar: sessions from the first request to the
// logout, and what no other store does under concurrent requests. Its contract: session-koa-contract.test.ts.
import t from 'tap';
import { type Act, type KoaApp, keyOf, koaStore, startKoaApp, type Visitor } from './fixtures/koa-app.js';
import { newGate } from './fixtures/session-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

const login: Act = ({ session }) => {
  session.start = 1;
};
const logout: Act = (ctx) => {
  ctx.session = null;
};
const show: Act = ({ session }) => session;

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('a session is kept, changed, read again and destroyed', async (t) => {
      const store = koaStore(t, backend);
      const more: Act = ({ session }) => {
        session.start += 1;
      };
      const app = await startKoaApp(t, { store }, { login, logout, more, show });
      const ada = app.visitor();
      await ada.get('login');
      t.same((await ada.get('show')).body, { start: 1 });
      await ada.get('more');
      t.same((await ada.get('show')).body, { start: 2 });
      t.equal(await store.length(), 1);
      await ada.get('logout');
      t.same(await store.ids(), []);
      t.same((await ada.get('show')).body, {});
      t.same(app.errors, []);
    });

    t.test('requests at once: changes to different fields are all kept, a logout is final', async (t) => {
      const store = koaStore(t, backend);
      let gate = newGate();
      const slow: Act = async ({ session }) => {
        session.slow = (session.slow ?? 0) + 1;
        await gate.pass();
      };
      const fast: Act = ({ session }) => {
        session.fast = 1;
      };
      const app: KoaApp = await startKoaApp(t, { store }, { login, logout, slow, fast, show });
      const ada = app.visitor();
      await ada.get('login');
      const during = async (act: string, { cookies }: Visitor) => {
        gate = newGate();
        const answer = app.visitor(cookies).get('slow');
        await gate.reached();
        await app.visitor(cookies).get(act);
        gate.open();
        return answer;
      };
      await during('fast', ada);
      t.same((await ada.get('show')).body, { start: 1, slow: 1, fast: 1 });
      t.equal(store.counts.merged, 1);
      t.equal((await during('logout', ada)).status, 200);
      t.same(await store.ids(), [], 'the slow request has not brought it back');
      t.equal(store.counts.dropped, 1);
      t.same(app.errors, []);
    });

    t.test('a life that one request changes and a field that another changes are both kept', async (t) => {
      const store = koaStore(t, backend, { ttl: 1800 });
      const gate = newGate();
      const browser: Act = async ({ session }) => {
        await gate.pass();
        session.maxAge = 'session';
      };
      const fast: Act = ({ session }) => {
        session.fast = 1;
      };
      const app = await startKoaApp(t, { store }, { login, browser, fast });
      const ada = app.visitor();
      await ada.get('login');
      const slow = app.visitor(ada.cookies).get('browser');
      await gate.reached();
      await ada.get('fast');
      gate.open();
      await slow;
      const key = `${store.prefix}${keyOf(ada)}`;
      const stored = JSON.parse((await backend.text(key)) ?? '');
      t.same(stored, { _session: true, start: 1, fast: 1 }, 'with no date at which koa-session would end it');
      t.ok(Number(await backend.ttlSeconds(key)) > 1700);
    });
  });
}
