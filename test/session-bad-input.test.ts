// What an application cannot store: fields, sessions and ids that the store refuses, each with an error to its callback
// and nothing else changed.
import t from 'tap';
import { type Route, type Session, sidOf, startApp } from './fixtures/session-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

const change: Route = ({ session }) => {
  session.changed = true;
};

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('fields that cannot be written fail the save, and leave what was stored', async (t) => {
      const store = backend.store(t);
      const cycle: Record<string, unknown> = {};
      cycle.self = cycle;
      const values: Record<string, unknown> = {
        cycle,
        bigint: 1n,
        throwing: {
          toJSON: () => {
            throw new Error('mine');
          },
        },
      };
      for (const [what, value] of Object.entries(values)) {
        await store.set('a', { cookie: {}, n: 1 });
        const found = await store.get('a');
        await t.rejects(store.set('a', { ...found, value }), { code: 'value_invalid', status: 503 }, what);
        await t.rejects(store.set('a', { cookie: {}, value }), { code: 'value_invalid' }, what);
        t.match(await store.get('a'), { n: 1 });
      }
      await store.set('a', {
        cookie: {},
        gone: undefined,
        fn: () => 1,
        symbol: Symbol('s'),
        nan: Number.NaN,
      });
      t.same(await store.get('a'), { cookie: {}, nan: null }, 'what JSON leaves out is left out');
    });

    t.test('what is no object cannot be set', async (t) => {
      const store = backend.store(t);
      for (const nothing of [null, undefined, 7, 'text', [1]])
        await t.rejects(store.set('a', nothing as never), { code: 'value_invalid' }, String(nothing));
      t.equal(await store.get('a'), null);
    });

    t.test(
      'a session over the limit of the sidecar is refused; one of 1 MiB and more is touched but not changed',
      async (t) => {
        const store = backend.store(t);
        await t.rejects(store.set('a', { cookie: {}, text: 'x'.repeat(8 * 2 ** 20) }), {
          code: 'value_too_large',
          status: 503,
        });
        const large: Route = ({ session }) => {
          session.text = 'x'.repeat(2 ** 20);
        };
        const routes = {
          '/large': large,
          '/change': change,
          '/': ({ session }: { session: Session }) => session.changed,
        };
        const app = await startApp(t, { store, cookie: { maxAge: 60_000 } }, routes);
        const ada = app.visitor();
        await ada.get('/large');
        t.equal((await ada.get('/')).status, 200);
        t.same(app.errors, []);
        await ada.get('/change').catch(() => {});
        t.match(app.errors, [{ code: 'too_large_for_condition', status: 503 }]);
        t.equal((await ada.get('/')).body, null, 'nothing was changed, and nobody logged out');
        t.ok(await store.get(sidOf(ada)));
      },
    );

    t.test('an id that cannot be a key is an error, and a strange one is none', async (t) => {
      const store = backend.store(t);
      for (const id of ['a\u0000b', '\ud800', 'x'.repeat(1100)])
        for (const call of [
          async () => store.get(id),
          async () => store.set(id, { cookie: {} }),
          async () => store.destroy(id),
        ])
          await t.rejects(async () => void (await call()), { code: /^key_/, status: 503 });
      for (const id of ['', ' ', '/', '..', '__proto__', 'ü€😀']) {
        await store.set(id, { cookie: {}, n: 1 });
        t.match(await store.get(id), { n: 1 });
      }
      t.equal(await store.length(), 6);
    });
  });
}
