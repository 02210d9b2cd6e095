// What applications do with a session of koa-session (its README, "API"), with this store behind it, on both backends:
// what then lies in the cache, for how long, and under which cookie.
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { type Act, type Context, keyOf, koaStore, startKoaApp } from './fixtures/koa-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

const login: Act = ({ session }) => {
  session.user = 'ada';
};
const show: Act = ({ session }) => session;
const nothing: Act = () => {};
const HOUR = 3_600_000;

/** The seconds from now to the end of a cookie, as its header has it; undefined = it ends with the browser. */
function secondsOf([line = '']: string[]): number | undefined {
  const date = /expires=([^;]+)/.exec(line)?.[1];
  return date === undefined ? undefined : (Date.parse(date) - Date.now()) / 1000;
}

const isAbout = (seconds: number | undefined, wanted: number) =>
  seconds !== undefined && seconds <= wanted && seconds > wanted - 10;

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test(
      'isNew until it is stored; what has nothing in it is not stored, and gives no cookie',
      async (t) => {
        const store = koaStore(t, backend);
        const isNew: Act = ({ session }) => session.isNew;
        const app = await startKoaApp(t, { store }, { login, isNew, nothing });
        const ada = app.visitor();
        t.same(await ada.get('isNew'), { status: 200, body: true, setCookie: [] });
        t.same((await ada.get('nothing')).setCookie, []);
        t.same(await store.ids(), []);
        await ada.get('login');
        t.equal((await ada.get('isNew')).body, false);
      },
    );

    t.test(
      '_expire and _maxAge, or _session, lie beside the fields; the cookie and the entry say the same',
      async (t) => {
        const store = koaStore(t, backend, { ttl: 1800 });
        const dates = { _expire: Number, _maxAge: Number };
        const settings: [
          maxAge: number | 'session' | undefined,
          cookie: number | undefined,
          entry: number,
          inside: object,
        ][] = [
          [HOUR, 3600, 3600, { ...dates, _maxAge: HOUR }],
          ['session', undefined, 1800, { _session: true }],
          // koa-session then writes a day, but gives the cookie no end.
          [undefined, undefined, 86_400, { ...dates, _maxAge: 24 * HOUR }],
        ];
        for (const [maxAge, cookie, entry, inside] of settings) {
          const app = await startKoaApp(t, { store, maxAge }, { login, show });
          const ada = app.visitor();
          const seconds = secondsOf((await ada.get('login')).setCookie);
          t.ok(
            cookie === undefined ? seconds === undefined : isAbout(seconds, cookie),
            `${maxAge}: ${seconds} s`,
          );
          const key = `${store.prefix}${keyOf(ada)}`;
          t.ok(isAbout(await backend.ttlSeconds(key), entry), 'and not ten seconds more');
          const stored = JSON.parse((await backend.text(key)) ?? '');
          t.match(stored, { user: 'ada', ...inside });
          t.same(Object.keys(stored).toSorted(), [...Object.keys(inside), 'user'].toSorted());
          if (stored._expire) t.ok(isAbout((stored._expire - Date.now()) / 1000, entry));
          t.same((await ada.get('show')).body, { user: 'ada' }, 'the application sees nothing of them');
        }
      },
    );

    t.test('maxAge is asked and set; what is set is stored at once, and stays', async (t) => {
      const store = koaStore(t, backend, { ttl: 1800 });
      const maxAge: Act = ({ session }) => session.maxAge;
      const set =
        (value: unknown): Act =>
        ({ session }) => {
          session.maxAge = value;
        };
      const acts = { login, maxAge, longer: set(HOUR), browser: set('session'), over: set(-1) };
      const app = await startKoaApp(t, { store }, acts);
      const ada = app.visitor();
      await ada.get('login');
      t.equal((await ada.get('maxAge')).body, 60_000);
      const key = `${store.prefix}${keyOf(ada)}`;
      t.ok(isAbout(secondsOf((await ada.get('longer')).setCookie), 3600));
      t.ok(isAbout(await backend.ttlSeconds(key), 3600));
      t.equal((await ada.get('maxAge')).body, HOUR, 'at the next request');
      t.equal(secondsOf((await ada.get('browser')).setCookie), undefined);
      t.ok(isAbout(await backend.ttlSeconds(key), 1800));
      t.equal((await ada.get('maxAge')).body, 'session');
      t.ok(Number(secondsOf((await ada.get('over')).setCookie)) <= 0);
      t.equal(await backend.text(key), undefined, 'not even for as long as koa-session would add');
    });

    t.test('save() stores also what is empty; what it stores is there before the answer', async (t) => {
      const store = koaStore(t, backend);
      let there: unknown;
      const save: Act = async ({ session }) => {
        await session.save();
        there = await store.get(session.externalKey);
      };
      const app = await startKoaApp(t, { store }, { save });
      const ada = app.visitor();
      await ada.get('save');
      t.match(there, { _maxAge: 60_000 });
      t.same(await store.ids(), [keyOf(ada)]);
    });

    t.test('without autoCommit nothing is stored but by manuallyCommit()', async (t) => {
      const store = koaStore(t, backend);
      const commit: Act = async ({ session }) => {
        session.user = 'ada';
        await session.manuallyCommit();
      };
      const app = await startKoaApp(t, { store, autoCommit: false }, { login, commit, show });
      const ada = app.visitor();
      t.same((await ada.get('login')).setCookie, []);
      t.equal(await store.length(), 0);
      await ada.get('commit');
      t.same((await ada.get('show')).body, { user: 'ada' });
    });

    t.test('regenerate: the fields under a new key, and nothing under the old one', async (t) => {
      const store = koaStore(t, backend);
      const renew: Act = async ({ session }) => {
        session.renewed = 1;
        await session.regenerate();
        session.after = 1;
      };
      const back: Act = ({ session }) =>
        new Promise<void>((done, fail) => {
          session.regenerate((error: unknown) => (error ? fail(error) : done()));
        });
      const app = await startKoaApp(t, { store }, { login, renew, back, show });
      const ada = app.visitor();
      await ada.get('login');
      for (const act of ['renew', 'back']) {
        const before = keyOf(ada);
        await ada.get(act);
        t.not(keyOf(ada), before, act);
        t.same(await store.ids(), [keyOf(ada)]);
        t.same((await ada.get('show')).body, { user: 'ada', renewed: 1, after: 1 });
      }
      t.same(store.counts, { dropped: 0, merged: 0 });
    });

    t.test('null ends it and its cookie; an object takes its place under the same key', async (t) => {
      const store = koaStore(t, backend);
      const replace: Act = (ctx) => {
        ctx.session = { other: 1 };
      };
      const swap: Act = (ctx) => {
        ctx.session = null;
        ctx.session = { swapped: 1 };
      };
      const end: Act = (ctx) => {
        ctx.session = null;
        return ctx.session;
      };
      const wrong: Act = (ctx) => {
        ctx.session = 7;
      };
      const app = await startKoaApp(t, { store }, { login, replace, swap, end, wrong, show });
      const ada = app.visitor();
      await ada.get('login');
      const key = keyOf(ada);
      await ada.get('replace');
      t.same((await ada.get('show')).body, { other: 1 });
      await ada.get('swap');
      t.same((await ada.get('show')).body, { swapped: 1 });
      t.same(await store.ids(), [key]);
      t.equal((await ada.get('wrong')).status, 500);
      t.match(await ada.get('end'), {
        body: null,
        setCookie: [/^koa\.sess=;.*expires=Thu, 01 Jan 1970/, String],
      });
      t.same(await store.ids(), []);
    });

    t.test(
      'valid and beforeSave have their say; what is not valid ends in the event, and stays where it is',
      async (t) => {
        const store = koaStore(t, backend);
        const valid = (ctx: Context, value: { user?: string }) => ctx.get('for') === value.user;
        const beforeSave = (ctx: Context, session: Context) => {
          session.by = ctx.path;
        };
        const app = await startKoaApp(t, { store, valid, beforeSave }, { login, show });
        const told: Context[] = [];
        app.koa.on('session:invalid', (event) => told.push(event));
        const ada = app.visitor();
        await ada.get('login');
        const key = keyOf(ada);
        t.same((await ada.get('show', { for: 'ada' })).body, { user: 'ada', by: '/login' });
        t.same((await ada.get('show', { for: 'eve' })).body, {});
        await nextTurn();
        t.match(told, [{ key, value: { user: 'ada', _maxAge: 60_000 }, ctx: { path: '/show' } }]);
        await ada.get('login', { for: 'eve' });
        t.not(keyOf(ada), key);
        t.same((await store.ids()).toSorted(), [key, keyOf(ada)].toSorted());
      },
    );

    t.test(
      'rolling: a cookie and a new life at each request; renew: when half of it is over; the bytes stay',
      async (t) => {
        const store = koaStore(t, backend);
        // What is planted has ten minutes left.
        const settings: [options: object, maxAge: number, renewed: boolean][] = [
          [{ rolling: true }, HOUR / 4, true],
          [{ renew: true }, HOUR, true],
          [{ renew: true }, HOUR / 4, false],
          [{}, HOUR, false],
        ];
        for (const [options, maxAge, renewed] of settings) {
          const app = await startKoaApp(t, { store, signed: false, ...options }, { show });
          const text = JSON.stringify({ _expire: 7, _maxAge: maxAge, user: 'ada' });
          await backend.plant(`${store.prefix}key`, text);
          const what = JSON.stringify([options, maxAge]);
          const { body, setCookie } = await app.visitor({ 'koa.sess': 'key' }).get('show');
          t.same(body, { user: 'ada' });
          t.equal(setCookie.length, renewed ? 1 : 0, what);
          if (renewed) t.ok(isAbout(secondsOf(setCookie), maxAge / 1000), what);
          t.ok(isAbout(await backend.ttlSeconds(`${store.prefix}key`), renewed ? maxAge / 1000 : 600), what);
          t.equal(await backend.text(`${store.prefix}key`), text);
        }
      },
    );

    t.test('session:missed and session:expired are told, and a new key is made each time', async (t) => {
      const store = koaStore(t, backend);
      const app = await startKoaApp(t, { store, signed: false }, { login, show });
      const told: unknown[][] = [];
      for (const event of ['missed', 'expired'])
        app.koa.on(`session:${event}`, ({ key, value }) => told.push([event, key, value?.user]));
      const stored = {
        old: { user: 'ada', _expire: 7 },
        living: { user: 'ada', _expire: 7, _maxAge: 60_000 },
      };
      for (const [key, value] of Object.entries(stored))
        await backend.plant(store.prefix + key, JSON.stringify(value));
      for (const key of ['none', 'old']) {
        const visitor = app.visitor({ 'koa.sess': key });
        t.same((await visitor.get('show')).body, {});
        await visitor.get('login');
        t.not(keyOf(visitor), key);
      }
      t.same((await app.visitor({ 'koa.sess': 'living' }).get('show')).body, { user: 'ada' });
      await nextTurn();
      t.same(told.slice(0, 4), [
        ['missed', 'none', undefined],
        ['missed', 'none', undefined],
        ['expired', 'old', 'ada'],
        ['expired', 'old', 'ada'],
      ]);
      t.equal(told.length, 4, 'an entry that lives is no session that has expired, whatever the date in it');
    });
  });
}
