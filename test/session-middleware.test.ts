// What the middleware of express-session does with a store by its options, over HTTP, on both backends. The methods of
// a Session: session-methods.test.ts; several requests at once: session-concurrent.test.ts.
import t from 'tap';
import { type Route, sidOf, startApp } from './fixtures/session-app.js';
import { BACKENDS, type Store, startBackend } from './fixtures/session-backend.js';

const show: Route = ({ session }) => session;
const add: Route = ({ session, url }) => {
  for (const [name, value] of new URL(url ?? '', 'http://app').searchParams) session[name] = value;
};

/** The calls that reach a store, by name. */
function callsOf(store: Store): string[] {
  const calls: string[] = [];
  for (const name of ['get', 'set', 'touch', 'destroy'] as const) {
    const original = store[name].bind(store) as (...given: unknown[]) => unknown;
    Object.assign(store, {
      [name](...given: unknown[]) {
        calls.push(name);
        return original(...given);
      },
    });
  }
  return calls;
}

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('what one request stores the next one finds', async (t) => {
      const { visitor } = await startApp(t, { store: backend.store(t) }, { '/add': add, '/': show });
      const ada = visitor();
      await ada.get('/add?a=1&b=%22%C3%BC%E2%82%AC');
      t.match((await ada.get('/')).body, { a: '1', b: '"ü€' });
      t.notMatch((await visitor().get('/')).body, { a: '1' }, 'and others do not');
    });

    t.test(
      'resave: false touches an unchanged session; true sets it; both leave its bytes alone',
      async (t) => {
        for (const resave of [false, true]) {
          const store = backend.store(t);
          const app = await startApp(
            t,
            { store, resave, cookie: { maxAge: 60_000 } },
            { '/add': add, '/': show },
          );
          const ada = app.visitor();
          await ada.get('/add?a=1');
          const key = `${store.prefix}${sidOf(ada)}`;
          const before = await backend.text(key);
          const calls = callsOf(store);
          await ada.get('/');
          t.same(calls, ['get', resave ? 'set' : 'touch']);
          t.equal(await backend.text(key), before);
          t.ok(before?.includes('"a":"1"'));
        }
      },
    );

    t.test('saveUninitialized: true stores a session with nothing in it; false does not', async (t) => {
      for (const saveUninitialized of [true, false]) {
        const store = backend.store(t);
        const { visitor } = await startApp(t, { store, saveUninitialized }, { '/': () => {} });
        const ada = visitor();
        await ada.get('/');
        t.equal(sidOf(ada) !== '', saveUninitialized);
        t.equal((await store.get(sidOf(ada))) !== null, saveUninitialized);
      }
    });

    t.test('rolling: true sends the cookie each time, with a date that moves on', async (t) => {
      const cookie = { maxAge: 60_000 };
      const app = await startApp(
        t,
        { store: backend.store(t), rolling: true, cookie },
        { '/add': add, '/': show },
      );
      const ada = app.visitor();
      await ada.get('/add?a=1');
      const { setCookie } = await ada.get('/');
      t.ok(Date.parse(/Expires=([^;]+)/.exec(setCookie ?? '')?.[1] ?? '') > Date.now() + 50_000);
    });

    t.test('unset: destroy ends the session of a request that deletes it; keep does not', async (t) => {
      for (const unset of ['destroy', 'keep'] as const) {
        const store = backend.store(t);
        const unsetting: Route = (visit) => void Object.assign(visit, { session: null });
        const { visitor } = await startApp(t, { store, unset }, { '/add': add, '/unset': unsetting });
        const ada = visitor();
        await ada.get('/add?a=1');
        await ada.get('/unset');
        t.equal((await store.get(sidOf(ada))) === null, unset === 'destroy');
      }
    });

    t.test('changes deep inside, deletions, and fields that come and go are stored', async (t) => {
      const { visitor } = await startApp(
        t,
        { store: backend.store(t) },
        {
          '/one': ({ session }) => void Object.assign(session, { cart: { items: [1] }, gone: 1 }),
          '/two': ({ session }) => {
            (session.cart as { items: number[] }).items.push(2);
            delete session.gone;
          },
          '/': show,
        },
      );
      const ada = visitor();
      await ada.get('/one');
      await ada.get('/two');
      const { cookie, ...rest } = (await ada.get('/')).body as Record<string, unknown>;
      t.same(rest, { cart: { items: [1, 2] } });
      t.ok(cookie);
    });

    t.test('a field named like a method of a Session stays stored, though no request sees it', async (t) => {
      const store = backend.store(t);
      const { visitor } = await startApp(t, { store }, { '/add': add, '/': show });
      const ada = visitor();
      await ada.get('/add?a=1');
      const key = `${store.prefix}${sidOf(ada)}`;
      const stored = JSON.parse((await backend.text(key)) ?? '');
      for (const [n, name] of ['touch', 'id', 'req', 'constructor', 'toString'].entries()) {
        await backend.plant(key, JSON.stringify({ ...stored, [name]: 'mine' }));
        await ada.get(`/add?b=${n}`);
        t.match(JSON.parse((await backend.text(key)) ?? ''), { a: '1', b: String(n), [name]: 'mine' });
      }
    });
  });
}
