// What koa's store is given or finds and cannot use: options, sessions and keys, through its own calls and through the
// middleware with cookies that anybody can write. What lies there and is no session: session-koa-corrupt.test.ts.
import t from 'tap';
import { AzureCacheKoaStore } from '../client/dist/koa-session.js';
import { type Act, type Context, keyOf, koaStore, startKoaApp, UNAVAILABLE } from './fixtures/koa-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

const login: Act = ({ session }) => {
  session.user = 'ada';
};
const show: Act = ({ session }) => session;

/** Strange, but keys. */
const STRANGE = [
  '',
  ' ',
  '/',
  '..',
  '../../etc',
  '%00',
  '%',
  'a\nb\r',
  '\'"`',
  '*',
  '[a-z]?\\',
  '😀ü€',
  '__proto__',
  'x'.repeat(900),
];
const NO_KEYS = ['a\u0000b', '\u0000', '\ud800', 'a\udc00b', 'x'.repeat(1100), '€'.repeat(400)];

t.test(
  'options are refused as by the other stores, and those that it does not have by their names',
  async (t) => {
    const wrong: Record<string, unknown[]> = {
      ...{ prefix: [7], ttl: [0, 'soon'], touchAfter: [-1], conflict: ['ours'], atomic: ['user'], near: [1] },
      ...{ serializer: [{}], client: [{}], url: ['ftp://a', 7], waitMs: [-1], disableTTL: ['no'] },
      ...{ disableTouch: [true, 'yes'], signalReadiness: [true] },
    };
    for (const [option, values] of Object.entries(wrong))
      for (const value of values)
        t.throws(
          () => new AzureCacheKoaStore({ [option]: value }),
          { code: /^(options|ttl)_invalid$/, status: 400, message: new RegExp(option) },
          `${option}: ${value}`,
        );
    for (const options of [null, 7, 'sess:'])
      t.throws(() => new AzureCacheKoaStore(options as never), { code: 'options_invalid' });
    t.ok(
      new AzureCacheKoaStore({ disableTouch: false, signalReadiness: undefined } as object),
      'asked for neither',
    );
  },
);

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('what cannot be written fails the save, and leaves what was stored', async (t) => {
      const store = koaStore(t, backend);
      const cycle: Record<string, unknown> = {};
      cycle.self = cycle;
      await store.set('a', { n: 1 });
      const sessions = [{ cycle }, { bigint: 1n }, null, undefined, 7, 'text', [1]];
      for (const session of sessions)
        for (const call of [undefined, { ctx: {} }])
          await t.rejects(store.set('a', session as never, 1000, call), {
            code: 'value_invalid',
            status: 503,
          });
      t.same(await store.get('a'), { n: 1 });
    });

    t.test('a life that is no number is an error, not an end', async (t) => {
      const store = koaStore(t, backend);
      await store.set('a', { n: 1 });
      await t.rejects(store.set('a', { n: 2 }, Number.NaN), { code: 'ttl_invalid', status: 503 });
      t.same(await store.get('a'), { n: 1 });
    });

    t.test('a session over the limit is refused; one over 1 MiB is touched but not changed', async (t) => {
      const store = koaStore(t, backend);
      const fill =
        (bytes: number): Act =>
        ({ session }) => {
          session.text = 'x'.repeat(bytes);
        };
      const acts = { login, large: fill(2 ** 20), tooLarge: fill(8 * 2 ** 20), more: login };
      const app = await startKoaApp(t, { store, rolling: true }, { ...acts, nothing: () => {}, show });
      const eve = app.visitor();
      t.same(await eve.get('tooLarge'), UNAVAILABLE);
      const ada = app.visitor();
      await ada.get('large');
      t.equal((await ada.get('nothing')).status, 200);
      t.same(await ada.get('more'), UNAVAILABLE);
      t.strictSame(Object.keys((await ada.get('show')).body as object), ['text'], 'nobody is logged out');
      const codes = ['value_too_large', 'too_large_for_condition'];
      t.match(
        app.errors,
        codes.map((code) => ({ code, status: 503 })),
      );
    });

    t.test(
      'a strange key is a key; what cannot be one is refused by set and destroy, and to get it is nothing',
      async (t) => {
        const store = koaStore(t, backend);
        for (const call of [undefined, { ctx: {} }]) {
          for (const key of STRANGE) {
            await store.set(key, { key }, undefined, call);
            t.same(await store.get(key, undefined, call), { key });
          }
          t.same((await store.ids()).toSorted(), STRANGE.toSorted());
          for (const key of STRANGE) await store.destroy(key, call);
          t.equal(await store.length(), 0);
          for (const key of NO_KEYS) {
            t.equal(await store.get(key, undefined, call), undefined);
            await t.rejects(store.set(key, {}, undefined, call), { code: /^key_/, status: 503 });
            await t.rejects(store.destroy(key, call), { code: /^key_/, status: 503 });
          }
        }
      },
    );

    t.test(
      'a cookie that anybody can write: what it names is no session, and is given to nobody',
      async (t) => {
        const store = koaStore(t, backend);
        const app = await startKoaApp(t, { store, signed: false }, { login, show });
        // As a header can carry them; koa-session without a store keeps the whole session in the cookie.
        const whole = Buffer.from(JSON.stringify({ cart: 'x'.repeat(2000) })).toString('base64');
        const sent = [
          ...STRANGE.filter((key) => /^[ -:<-~]*$/.test(key)),
          'x'.repeat(2000),
          whole,
          '\u00ff\u0080',
          '"',
          '"a"',
        ];
        for (const key of sent) {
          const visitor = app.visitor({ 'koa.sess': key });
          t.same(await visitor.get('show'), { status: 200, body: {}, setCookie: [] }, key.slice(0, 20));
          await visitor.get('login');
          t.match(keyOf(visitor), /^[0-9a-f-]{36}$/, 'a key of its own');
          t.same((await visitor.get('show')).body, { user: 'ada' });
        }
        t.equal(await store.length(), sent.length);
        t.same(app.errors, []);
      },
    );

    t.test(
      'any key that a header can bring, through externalKey: never an error, never a session of its own',
      async (t) => {
        const store = koaStore(t, backend);
        const externalKey = { get: (ctx: Context) => decodeURIComponent(ctx.get('key')), set: () => {} };
        const app = await startKoaApp(t, { store, externalKey }, { show });
        for (const key of [...STRANGE, ...NO_KEYS.filter((key) => key.isWellFormed())]) {
          const answer = await app.visitor().get('show', { key: encodeURIComponent(key) });
          t.same(answer, { status: 200, body: {}, setCookie: [] }, key.slice(0, 20));
        }
        t.same(app.errors, []);
      },
    );

    t.test('a key of the application that cannot be one: the save fails, nothing is stored', async (t) => {
      const store = koaStore(t, backend);
      const app = await startKoaApp(t, { store, genid: () => 'x'.repeat(1100) }, { login });
      t.same(await app.visitor().get('login'), UNAVAILABLE);
      t.match(app.errors, [{ code: 'key_too_long' }]);
      t.equal(await store.length(), 0);
    });

    t.test('names of Object and of Session are fields like others', async (t) => {
      const store = koaStore(t, backend);
      const fields = {
        constructor: 1,
        hasOwnProperty: 1,
        save: 1,
        commit: 'abc',
        regenerate: 1,
        toString: 1,
        cookie: {},
      };
      const put: Act = ({ session }) => {
        Object.assign(session, fields);
      };
      const app = await startKoaApp(t, { store }, { put, show });
      const ada = app.visitor();
      await ada.get('put');
      t.same((await ada.get('show')).body, fields);
      t.match(await store.all(), [{ ...fields, id: keyOf(ada) }]);
      t.same(app.errors, []);
    });
  });
}
