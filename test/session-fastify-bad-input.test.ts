// What an application cannot store with @fastify/session: options, fields, sessions and ids that the store refuses, each
// with an error and nothing else changed.
import { Signer } from '@fastify/cookie';
import t from 'tap';
import { AzureCacheFastifyStore } from '../client/dist/fastify-session.js';
import {
  type FastifyRoute,
  fastifySidOf,
  fastifyStore,
  SECRET,
  startFastifyApp,
} from './fixtures/fastify-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

const login: FastifyRoute = ({ session }) => {
  session.user = 'ada';
};
const show: FastifyRoute = ({ session: { cookie: _, ...fields } }) => fields;
const change: FastifyRoute = ({ session }) => {
  session.changed = true;
};

t.test('a wrong option is refused when the store is made', async (t) => {
  const wrong: Record<string, unknown> = {
    ...{ prefix: 7, serializer: {}, conflict: 'ours', atomic: 'user', touchAfter: -1, near: 'true' },
    ...{ disableTouch: 1, disableTTL: 'no', signalReadiness: 1, client: {} },
  };
  for (const [name, value] of Object.entries(wrong))
    t.throws(
      () => new AzureCacheFastifyStore({ [name]: value }),
      { code: 'options_invalid', status: 400 },
      name,
    );
  for (const ttl of [0, -1, Number.NaN, 'soon'])
    t.throws(() => new AzureCacheFastifyStore({ ttl: ttl as never }), { code: 'ttl_invalid', status: 400 });
  for (const options of [null, 7, 'sess:'])
    t.throws(() => new AzureCacheFastifyStore(options as never), { code: 'options_invalid' });
});

for (const name of BACKENDS)
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('fields that cannot be written fail the request, and leave what was stored', async (t) => {
      const store = fastifyStore(t, backend);
      const cycle: Record<string, unknown> = {};
      cycle.self = cycle;
      const values: Record<string, unknown> = { cycle, bigint: 1n };
      const spoil: FastifyRoute = ({ session, query }) => {
        session.n = 7;
        session.value = values[(query as { value: string }).value];
      };
      const app = await startFastifyApp(t, { store }, { '/login': login, '/spoil': spoil, '/': show });
      for (const value of Object.keys(values)) {
        const ada = app.visitor();
        t.match(await ada.get(`/spoil?value=${value}`), { status: 503, body: { code: 'value_invalid' } });
        t.equal(ada.cookie, undefined, 'a new session');
        await ada.get('/login');
        t.match(await ada.get(`/spoil?value=${value}`), { status: 503, body: { code: 'value_invalid' } });
        t.same((await ada.get('/')).body, { user: 'ada' });
      }
      t.equal(await store.length(), 2);
    });

    t.test('what is no object cannot be set', async (t) => {
      const store = fastifyStore(t, backend);
      for (const nothing of [null, undefined, 7, 'text', [1]])
        await t.rejects(store.set('a', nothing as never), { code: 'value_invalid' }, String(nothing));
      t.equal(await store.get('a'), null);
    });

    t.test('a session over the limit of the sidecar is refused, and what was stored is there', async (t) => {
      const store = fastifyStore(t, backend);
      const fill: FastifyRoute = ({ session, query }) => {
        session.text = 'x'.repeat(Number((query as { size: string }).size));
      };
      const routes = { '/login': login, '/fill': fill, '/change': change, '/': show };
      const app = await startFastifyApp(t, { store }, routes);
      const ada = app.visitor();
      const over = `/fill?size=${8 * 2 ** 20}`;
      t.match(await ada.get(over), { status: 503, body: { code: 'value_too_large' }, setCookie: undefined });
      await ada.get('/login');
      t.match(await ada.get(over), { status: 503 });
      t.same((await ada.get('/')).body, { user: 'ada' });
    });

    t.test('a session over 1 MiB is touched, but not changed', async (t) => {
      const store = fastifyStore(t, backend);
      const large: FastifyRoute = ({ session }) => {
        session.text = 'x'.repeat(2 ** 20);
      };
      const flag: FastifyRoute = ({ session }) => session.changed;
      const routes = { '/large': large, '/change': change, '/': flag };
      const app = await startFastifyApp(t, { store }, routes);
      const ada = app.visitor();
      t.equal((await ada.get('/large')).status, 200);
      t.match(await ada.get('/'), { status: 200, body: null });
      t.match(await ada.get('/change'), { status: 503, body: { code: 'too_large_for_condition' } });
      t.match(await ada.get('/'), { status: 200, body: null }, 'nobody is logged out');
      t.ok(await store.get(fastifySidOf(ada)));
    });

    t.test('an id that cannot be a key is an error, and a strange one is none', async (t) => {
      const store = fastifyStore(t, backend);
      for (const id of ['a\u0000b', '\ud800', 'x'.repeat(1100)])
        for (const call of [
          () => store.get(id),
          () => store.set(id, { cookie: {} }),
          () => store.touch(id, { cookie: {} }),
          () => store.destroy(id),
        ])
          await t.rejects(call() as Promise<unknown>, { code: /^key_/, status: 503 });
      const strange = [
        '',
        ' ',
        '\n',
        '/',
        '..',
        '.',
        '%',
        '%2F',
        '"',
        "'",
        '__proto__',
        'ü€😀',
        'x'.repeat(900),
      ];
      for (const id of strange) {
        await store.set(id, { cookie: {}, id });
        t.match(await store.get(id), { id });
      }
      t.same((await store.ids()).toSorted(), strange.toSorted());
      for (const id of strange) await store.destroy(id);
      t.equal(await store.length(), 0);
    });

    t.test(
      'ids that the application makes, and ids in cookies with its signature, are not trusted more',
      async (t) => {
        const store = fastifyStore(t, backend);
        let id = '';
        const options = { store, idGenerator: () => id };
        const app = await startFastifyApp(t, options, { '/login': login, '/': show });
        for (id of [' ', '\n', '/', '..', '%2F', '"', "'", ';', '__proto__', 'ü€😀', 'x'.repeat(900)]) {
          const ada = app.visitor();
          await ada.get('/login');
          t.equal(fastifySidOf(ada), id);
          t.same((await ada.get('/')).body, { user: 'ada' }, JSON.stringify(id));
        }
        t.same(app.errors, []);
        const refused = { status: 503, body: { code: /^key_/ }, setCookie: undefined };
        for (id of ['a\u0000b', '\ud800', 'x'.repeat(1100)])
          t.match(await app.visitor().get('/login'), refused, JSON.stringify(id));
        const visitorNamed = (sid: string) =>
          app.visitor(`sessionId=${encodeURIComponent(new Signer(SECRET).sign(sid))}`);
        for (const sid of ['a\u0000b', 'x'.repeat(1100)])
          t.match(await visitorNamed(sid).get('/'), refused, JSON.stringify(sid));
        id = 'fresh';
        for (const sid of ['', 'none', '../none', '\n']) {
          await store.clear();
          const eve = visitorNamed(sid);
          t.equal((await eve.get('/login')).status, 200, JSON.stringify(sid));
          t.equal(fastifySidOf(eve), 'fresh');
          t.same(await store.ids(), ['fresh'], 'a session that is not there begins anew under another id');
        }
      },
    );
  });
