// Touches: the life that an unchanged request gives a session, beside others that change it, and the options that leave
// touches out. Over HTTP with the real middleware, on both backends.
import t, { type Test } from 'tap';
import type { StoreOptions } from '../client/dist/session/options.js';
import { newGate, type Route, sidOf, startApp, type Visitor } from './fixtures/session-app.js';
import { BACKENDS, type Backend, type Store, startBackend } from './fixtures/session-backend.js';
import { until } from './fixtures/wait.js';

const MONTH = 30 * 86_400;
const login: Route = ({ session }) => {
  session.user = 'ada';
};
const remember: Route = ({ session }) => {
  session.cookie.maxAge = MONTH * 1000;
};
const change: Route = ({ session }) => {
  session.changed = true;
};
const nothing: Route = () => {};

interface Scene {
  store: Store;
  ada: Visitor;
  /** A request that has read the session and waits; resolves with what ends it. */
  slow(): Promise<() => Promise<unknown>>;
  ttlSeconds(): Promise<number | undefined>;
}

interface SceneOptions extends StoreOptions {
  resave?: boolean;
  maxAge?: number;
}

/** A session of a minute, and an app in which `slow` does its part late. */
async function scene(t: Test, backend: Backend, options: SceneOptions, slow: Route): Promise<Scene> {
  const { resave = false, maxAge = 60_000, ...storeOptions } = options;
  const store = backend.store(t, storeOptions);
  let gate = newGate();
  const late: Route = async (visit, response) => {
    await gate.pass();
    return slow(visit, response);
  };
  const routes = { '/login': login, '/remember': remember, '/slow': late, '/': nothing, '/change': change };
  const app = await startApp(t, { store, resave, cookie: { maxAge } }, routes);
  const ada = app.visitor();
  await ada.get('/login');
  return {
    store,
    ada,
    async slow() {
      gate = newGate();
      const { open, reached } = gate;
      const answer = app.visitor(ada.cookie).get('/slow');
      await reached();
      return () => {
        open();
        return answer;
      };
    },
    ttlSeconds: () => backend.ttlSeconds(`${store.prefix}${sidOf(ada)}`),
  };
}

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('"remember me" of one request outlives a slow one that knows nothing of it', async (t) => {
      for (const resave of [false, true])
        for (const slow of [nothing, change]) {
          const { ada, store, slow: begin, ttlSeconds } = await scene(t, backend, { resave }, slow);
          const end = await begin();
          await ada.get('/remember');
          await end();
          t.equal(await ttlSeconds(), MONTH, `resave ${resave}`);
          t.match(await store.get(sidOf(ada)), { cookie: { originalMaxAge: MONTH * 1000 } });
        }
    });

    t.test('"remember me" of a slow request outlives the quick ones', async (t) => {
      const { ada, slow, ttlSeconds } = await scene(t, backend, {}, remember);
      const end = await slow();
      await ada.get('/change');
      await ada.get('/');
      await end();
      t.equal(await ttlSeconds(), MONTH);
      await ada.get('/');
      t.equal(await ttlSeconds(), MONTH);
    });

    t.test('a touch after a save that was merged gives the life of what was merged', async (t) => {
      const saving: Route = async ({ session }) => {
        session.a = 1;
        await new Promise((done) => session.save(done));
        // The end of the request touches.
      };
      const { ada, slow, ttlSeconds } = await scene(t, backend, {}, saving);
      const end = await slow();
      await ada.get('/remember');
      await end();
      t.equal(await ttlSeconds(), MONTH);
    });

    t.test('touchAfter leaves out touches that move the end by less, and no other', async (t) => {
      const { ada, ttlSeconds, store } = await scene(t, backend, { touchAfter: 20 }, nothing);
      const key = `${store.prefix}${sidOf(ada)}`;
      const plain = JSON.parse((await backend.text(key)) ?? '');
      // Past the store, as time would: 45 of 60 s left, then 30.
      for (const [left, after] of [
        [45, 45],
        [30, 60],
      ] as const) {
        await store.touch(sidOf(ada), { ...plain, cookie: { expires: new Date(Date.now() + left * 1000) } });
        await ada.get('/');
        const seconds = (await ttlSeconds()) ?? 0;
        t.ok(seconds <= after && seconds > after - 5, `${left} s left became ${seconds} s`);
      }
    });

    t.test('touchAfter never leaves out a save, nor a longer life', async (t) => {
      const { ada, ttlSeconds, store } = await scene(t, backend, { touchAfter: 3600 }, nothing);
      await ada.get('/change');
      t.match(await store.get(sidOf(ada)), { changed: true });
      await ada.get('/remember');
      t.equal(await ttlSeconds(), MONTH);
    });

    t.test('touchAfter longer than half a life does not let an active session end', async (t) => {
      const { ada, store } = await scene(t, backend, { touchAfter: 3600, maxAge: 1000 }, nothing);
      const end = Date.now() + 3000;
      await until(
        async () => {
          await ada.get('/');
          if (!(await store.get(sidOf(ada)))) throw new Error('The session has ended.');
          return Date.now() >= end;
        },
        10_000,
        'three lives of a session in use to pass',
      );
    });

    t.test('disableTouch: no request moves the end; a save does', async (t) => {
      const { ada, ttlSeconds, store } = await scene(t, backend, { disableTouch: true }, nothing);
      const sid = sidOf(ada);
      const key = `${store.prefix}${sid}`;
      await backend.plant(key, (await backend.text(key)) ?? '');
      await ada.get('/');
      await store.touch(sid, { cookie: { maxAge: 5 } });
      t.equal(await ttlSeconds(), 600);
      await ada.get('/change');
      t.equal(await ttlSeconds(), 60);
    });

    t.test('disableTTL: sessions do not expire', async (t) => {
      const { ada, ttlSeconds, store } = await scene(t, backend, { disableTTL: true }, nothing);
      for (const path of ['/', '/change', '/remember']) {
        await ada.get(path);
        t.equal(await ttlSeconds(), undefined);
        t.ok(await store.get(sidOf(ada)));
      }
    });
  });
}
