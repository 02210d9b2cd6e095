// What koa-session asks of a store, line by line (its README, "External Session Stores" and the options around it), on
// both backends: the three calls with what they are given, ContextStore, and where the key comes from. What an
// application does with its session: session-koa-session.test.ts.
import { EventEmitter } from 'node:events';
import t from 'tap';
import { AzureCacheKoaStore } from '../client/dist/koa-session.js';
import { type Act, type Context, keyOf, koaStore, startKoaApp } from './fixtures/koa-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

const login: Act = ({ session }) => {
  session.user = 'ada';
};
const logout: Act = (ctx) => {
  ctx.session = null;
};
const show: Act = ({ session }) => session;
const ACTS = { login, logout, show };
const TEN_MINUTES = 600_000;

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test(
      'the calls: get with key and maxAge, set with ten seconds more, destroy, each with its context',
      async (t) => {
        const calls: unknown[][] = [];
        class Recording extends AzureCacheKoaStore {
          override get(...given: Parameters<AzureCacheKoaStore['get']>) {
            calls.push(['get', ...given]);
            return super.get(...given);
          }
          override set(...given: Parameters<AzureCacheKoaStore['set']>) {
            calls.push(['set', ...given]);
            return super.set(...given);
          }
          override destroy(...given: Parameters<AzureCacheKoaStore['destroy']>) {
            calls.push(['destroy', ...given]);
            return super.destroy(...given);
          }
        }
        const store = new Recording(backend.options());
        t.teardown(() => store.close());
        const app = await startKoaApp(t, { store, maxAge: TEN_MINUTES, rolling: true }, ACTS);
        const ada = app.visitor();
        await ada.get('login');
        const key = keyOf(ada);
        await ada.get('show');
        await ada.get('logout');
        const of = { rolling: true, ctx: { path: String } };
        const dates = { _expire: Number, _maxAge: TEN_MINUTES };
        t.match(calls, [
          ['set', key, { user: 'ada', ...dates }, TEN_MINUTES + 10_000, { ...of, changed: true }],
          ['get', key, TEN_MINUTES, of],
          ['set', key, { user: 'ada', ...dates }, TEN_MINUTES + 10_000, { ...of, changed: false }],
          ['get', key, TEN_MINUTES, of],
          ['destroy', key, { ctx: of.ctx }],
        ]);
        t.equal(calls.length, 5);
        t.ok(store instanceof EventEmitter);
      },
    );

    t.test(
      'get answers what set was given, with its dates; of what is not there, or no more, undefined',
      async (t) => {
        const store = koaStore(t, backend);
        const begun = Date.now();
        t.equal(
          await store.set('a', { n: 1, _maxAge: TEN_MINUTES, _expire: 7 }, TEN_MINUTES + 10_000),
          undefined,
        );
        const found = await store.get('a', TEN_MINUTES, {});
        t.match(found, { n: 1, _maxAge: TEN_MINUTES });
        t.ok(Math.abs(found?._expire - begun - TEN_MINUTES) < 5000, 'it ends when its entry ends');
        t.equal(await store.destroy('a', {}), undefined);
        t.equal(await store.get('a', TEN_MINUTES, {}), undefined);
        t.equal(await store.get('never', 'session'), undefined);
        t.equal(await store.destroy('never'), undefined);
      },
    );

    t.test('set is an upsert: it makes a session, and writes over one', async (t) => {
      const store = koaStore(t, backend);
      await store.set('a', { n: 1, old: true });
      await store.set('a', { n: 2 });
      t.same(await store.get('a'), { n: 2 });
    });

    t.test('the life is that of the cookie; called by others, the milliseconds that they say', async (t) => {
      const store = koaStore(t, backend, { ttl: 50 });
      const ctx = {};
      const lives: [seconds: number, session: object, ...rest: unknown[]][] = [
        [60, { _maxAge: 60_000 }, 70_000, { ctx }],
        [5, { _maxAge: 5000 }, 15_000, { ctx }],
        [50, { _session: true }, 'session', { ctx }],
        [60, { _maxAge: 60_000 }, 70_000],
        [70, {}, 70_000],
        [15, {}, 15_000],
        [5, { _maxAge: 60_000 }, 5000],
        [60, { _maxAge: 60_000 }],
        [60, { _maxAge: 60_000 }, 60_000],
        [50, { _session: true }, 'session'],
        [50, {}, undefined, undefined],
        [50, {}, null],
      ];
      for (const [n, [seconds, session, maxAge, call]] of lives.entries()) {
        const key = `key${n}`;
        await store.set(key, session, maxAge, call as object);
        const left = (await backend.ttlSeconds(`${store.prefix}${key}`)) ?? 0;
        t.ok(left <= seconds && left > seconds - 4, `${JSON.stringify([session, maxAge])}: ${left} s`);
      }
    });

    t.test('a life that is over ends the session', async (t) => {
      const store = koaStore(t, backend);
      const over: [session: object, maxAge?: number][] = [
        [{ _maxAge: -1 }, 9999],
        [{ _maxAge: -TEN_MINUTES }, 10_000 - TEN_MINUTES],
        [{}, 0],
        [{ _maxAge: TEN_MINUTES }, -1],
        [{ _maxAge: 0 }],
      ];
      for (const [session, maxAge] of over) {
        await store.set('a', { n: 1 });
        await store.set('a', session, maxAge);
        t.equal(await store.get('a'), undefined, JSON.stringify([session, maxAge]));
      }
    });

    t.test('all, ids, length and clear: the sessions under its prefix', async (t) => {
      const store = koaStore(t, backend);
      await store.set('a', { n: 1 });
      await store.set('b', { n: 2 });
      t.same((await store.ids()).toSorted(), ['a', 'b']);
      t.equal(await store.length(), 2);
      t.same(
        (await store.all()).toSorted((x, y) => x.n - y.n),
        [
          { id: 'a', n: 1 },
          { id: 'b', n: 2 },
        ],
      );
      await store.clear();
      t.equal(await store.length(), 0);
    });

    t.test('ContextStore: a class with the three calls, made for each request', async (t) => {
      const store = koaStore(t, backend);
      const made: Context[] = [];
      class ContextStore {
        constructor(ctx: Context) {
          made.push(ctx);
        }
        get(...given: Parameters<AzureCacheKoaStore['get']>) {
          return store.get(...given);
        }
        set(...given: Parameters<AzureCacheKoaStore['set']>) {
          return store.set(...given);
        }
        destroy(...given: Parameters<AzureCacheKoaStore['destroy']>) {
          return store.destroy(...given);
        }
      }
      const app = await startKoaApp(t, { ContextStore }, ACTS);
      const ada = app.visitor();
      await ada.get('login');
      t.same((await ada.get('show')).body, { user: 'ada' });
      await ada.get('logout');
      t.equal(await store.length(), 0);
      t.same(
        made.map(({ path }) => path),
        ['/login', '/show', '/logout'],
      );
      t.equal(new Set(made).size, 3);
    });

    t.test('externalKey: the key comes from there and goes there, and there is no cookie', async (t) => {
      const store = koaStore(t, backend);
      const externalKey = {
        get: (ctx: Context) => ctx.get('session-key'),
        set: (ctx: Context, key: string) => ctx.set('session-key', key),
      };
      const acts = { ...ACTS, key: ({ session }: Context) => session.externalKey };
      const app = await startKoaApp(t, { store, externalKey }, acts);
      const ada = app.visitor();
      t.same((await ada.get('login')).setCookie, []);
      const [key = ''] = await store.ids();
      const asAda = { 'session-key': key };
      t.same((await ada.get('show', asAda)).body, { user: 'ada' });
      t.equal((await ada.get('key', asAda)).body, key);
      t.same((await ada.get('show', { 'session-key': 'another' })).body, {});
      await ada.get('logout', asAda);
      t.same(await store.ids(), []);
    });

    t.test(
      'genid makes the key, of its context; prefix stands before the key that koa-session makes',
      async (t) => {
        const store = koaStore(t, backend);
        const genid = (ctx: Context) => `of${ctx.path}`;
        const uuid = '[0-9a-f]{8}-[0-9a-f-]{27}';
        const keys: [options: object, key: RegExp][] = [
          [{}, new RegExp(`^${uuid}$`)],
          [{ prefix: 'koa:' }, new RegExp(`^koa:${uuid}$`)],
          [{ prefix: 'koa:', genid }, /^of\/login$/],
        ];
        for (const [options, expected] of keys) {
          const app = await startKoaApp(t, { store, ...options }, ACTS);
          const ada = app.visitor();
          await ada.get('login');
          t.match(keyOf(ada), expected);
          t.same(await store.ids(), [keyOf(ada)]);
          t.same((await ada.get('show')).body, { user: 'ada' });
          await store.clear();
        }
      },
    );

    t.test(
      'a key of the application that is there already: both requests have their fields in it',
      async (t) => {
        const store = koaStore(t, backend);
        const more: Act = ({ session }) => {
          session.more = 1;
        };
        const app = await startKoaApp(t, { store, genid: () => 'shared' }, { ...ACTS, more });
        await app.visitor().get('login');
        await app.visitor().get('more');
        t.match(await store.get('shared'), { user: 'ada', more: 1 });
      },
    );

    t.test('after close every call fails with `closed`', async (t) => {
      const store = koaStore(t, backend);
      await store.set('a', { n: 1 });
      await store[Symbol.asyncDispose]();
      const calls = ['all', 'clear', 'destroy', 'get', 'ids', 'length', 'set'] as const;
      for (const call of calls)
        await t.rejects((store[call] as (...given: unknown[]) => Promise<unknown>)('a', {}), {
          code: 'closed',
          status: 503,
        });
    });
  });
}
