// What lies in a session of koa-session and cannot be used: dates of a wrong kind, fields with the names of its own. A
// documented choice each time, never a crash. What is no session at all: session-none.test.ts.
import t from 'tap';
import { type Act, koaStore, startKoaApp } from './fixtures/koa-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

const login: Act = ({ session }) => {
  session.user = 'ada';
};
const change: Act = ({ session }) => {
  session.changed = true;
};
const show: Act = ({ session }) => session;
const ACTS = { login, change, show };

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('dates that cannot be used are as if they were not there', async (t) => {
      const store = koaStore(t, backend);
      const app = await startKoaApp(t, { store, signed: false, rolling: true }, ACTS);
      const wrong = ['null', '"soon"', '"60000"', '""', '{}', '[]', '[60000]', 'true', '1e300'];
      const dates = [
        '"_maxAge":-1e300',
        '"_expire":"soon","_maxAge":60000',
        '"_session":true,"_maxAge":"soon"',
      ];
      for (const value of wrong)
        dates.push(`"_expire":${value}`, `"_maxAge":${value}`, `"_expire":${value},"_maxAge":${value}`);
      for (const date of dates) {
        const ada = app.visitor({ 'koa.sess': 'key' });
        const plant = () => backend.plant(`${store.prefix}key`, `{${date},"user":"ada"}`);
        await plant();
        t.match(await ada.get('show'), { status: 200, body: { user: 'ada' } }, date);
        await plant();
        t.match(await ada.get('change'), { status: 200 }, date);
        t.same((await ada.get('show')).body, { user: 'ada', changed: true });
        const stored = JSON.parse((await backend.text(`${store.prefix}key`)) ?? '');
        if (date.includes('_session')) t.match(stored, { _session: true });
        else t.match(stored, { _expire: Number, _maxAge: 60_000 }, 'the next save has its own');
      }
      t.same(app.errors, []);
    });

    t.test('a date without an age counts, as koa-session has it', async (t) => {
      const store = koaStore(t, backend);
      const app = await startKoaApp(t, { store, signed: false }, ACTS);
      for (const [end, body] of [
        [Date.now() + 60_000, { user: 'ada' }],
        [Date.now() - 1, {}],
      ] as const) {
        await backend.plant(`${store.prefix}key`, `{"_expire":${end},"user":"ada"}`);
        t.same((await app.visitor({ 'koa.sess': 'key' }).get('show')).body, body);
      }
    });

    t.test('names of its own, and private ones, are left out, and stay in what is stored', async (t) => {
      const store = koaStore(t, backend);
      const seen: unknown[] = [];
      const look: Act = ({ session }) => {
        const { isNew, maxAge, populated, length } = session;
        seen.push({ isNew, maxAge, populated, length, key: session.externalKey });
        session.changed = true;
      };
      const app = await startKoaApp(t, { store, signed: false }, { ...ACTS, look });
      const own =
        '"isNew":true,"maxAge":7,"length":7,"populated":7,"externalKey":7,"toJSON":7,"_requireSave":true';
      const text = `{"_maxAge":60000,${own},"__proto__":{"a":1},"_private":1,"user":"ada"}`;
      await backend.plant(`${store.prefix}key`, text);
      const ada = app.visitor({ 'koa.sess': 'key' });
      t.same(await ada.get('show'), { status: 200, body: { user: 'ada' }, setCookie: [] });
      await ada.get('look');
      t.same(seen, [{ isNew: false, maxAge: 60_000, populated: true, length: 1, key: 'key' }]);
      t.same((await ada.get('show')).body, { user: 'ada', changed: true });
      const stored = (await backend.text(`${store.prefix}key`)) ?? '';
      for (const field of [...own.split(','), '"__proto__":{"a":1}', '"_private":1'])
        t.ok(stored.includes(field), field);
      t.same(app.errors, []);
      t.equal(store.counts.dropped, 0);
    });
  });
}
