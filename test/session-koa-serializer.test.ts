// koa-session with serializers of the application's own: one that encrypts (and so never writes a session twice the
// same) keeps every promise, one that fails says so, and nobody is logged out by it.
import t from 'tap';
import type { Serializer } from '../client/dist/session/snapshot.js';
import { encrypting } from './fixtures/encrypting.js';
import { type Act, keyOf, koaStore, startKoaApp, UNAVAILABLE } from './fixtures/koa-app.js';
import { newGate } from './fixtures/session-app.js';
import { startBackend } from './fixtures/session-backend.js';

const login: Act = ({ session }) => {
  Object.assign(session, { user: 'ada', n: 0 });
};
const logout: Act = (ctx) => {
  ctx.session = null;
};
const show: Act = ({ session }) => session;

t.test('on Redis', async (t) => {
  const backend = await startBackend(t, 'redis');

  t.test(
    'encrypted: nothing can be read, all of it comes back, and what is unchanged is touched',
    async (t) => {
      const store = koaStore(t, backend, { serializer: encrypting });
      const app = await startKoaApp(t, { store, rolling: true }, { login, show });
      const ada = app.visitor();
      await ada.get('login');
      const key = `${store.prefix}${keyOf(ada)}`;
      const before = await backend.text(key);
      t.notMatch(before, 'ada');
      t.same((await ada.get('show')).body, { user: 'ada', n: 0 });
      t.equal(await backend.text(key), before);
      t.match(await store.all(), [{ user: 'ada', id: keyOf(ada) }]);
    },
  );

  t.test('encrypted, requests at once: no field is lost, private ones stay, a logout is one', async (t) => {
    const store = koaStore(t, backend, { serializer: encrypting });
    let gate = newGate();
    const slow: Act = async ({ session }) => {
      await gate.pass();
      session.slow = 1;
    };
    const fast: Act = ({ session }) => {
      session.fast = 1;
    };
    const app = await startKoaApp(t, { store, signed: false }, { slow, fast, logout, show });
    await store.set('key', { _private: 1, _maxAge: 60_000, n: 0 });
    const ada = app.visitor({ 'koa.sess': 'key' });
    const during = async (act: string) => {
      gate = newGate();
      const answer = app.visitor(ada.cookies).get('slow');
      await gate.reached();
      await app.visitor(ada.cookies).get(act);
      gate.open();
      return answer;
    };
    await during('fast');
    t.match(await store.get('key'), { _private: 1, n: 0, slow: 1, fast: 1 });
    await during('logout');
    t.equal(await store.get('key'), undefined);
    t.same(app.errors, []);
  });

  t.test(
    'with the wrong key requests get an error, and the session is there with the right one',
    async (t) => {
      const right = koaStore(t, backend, { serializer: encrypting });
      const failures: Record<string, () => unknown> = {
        throws: () => {
          throw new Error('wrong key');
        },
        rejects: () => Promise.reject(new Error('wrong key')),
        'throws nothing': () => {
          throw undefined;
        },
      };
      const app = await startKoaApp(t, { store: right }, { login, show });
      const ada = app.visitor();
      await ada.get('login');
      for (const [what, parse] of Object.entries(failures)) {
        const store = koaStore(t, backend, { serializer: { ...encrypting, parse }, prefix: right.prefix });
        const wrong = await startKoaApp(t, { store }, { show });
        const answer = await wrong.visitor(ada.cookies).get('show');
        t.same(answer, { status: 500, body: 'Internal Server Error', setCookie: [] }, what);
        t.equal(wrong.errors.length, 1);
      }
      t.same((await ada.get('show')).body, { user: 'ada', n: 0 });
    },
  );

  t.test('one that cannot write a session: the save fails, what was stored stays', async (t) => {
    const failing: Serializer = {
      ...encrypting,
      stringify(session) {
        if ('bad' in session) throw new Error('of the serializer');
        return encrypting.stringify(session);
      },
    };
    const spoil: Act = ({ session }) => {
      Object.assign(session, { bad: 1, n: 7 });
    };
    const store = koaStore(t, backend, { serializer: failing });
    const app = await startKoaApp(t, { store }, { login, spoil, show });
    const ada = app.visitor();
    await ada.get('login');
    t.same(await ada.get('spoil'), UNAVAILABLE);
    t.match(app.errors, [{ code: 'value_invalid', status: 503 }]);
    t.same((await ada.get('show')).body, { user: 'ada', n: 0 });
  });
});
