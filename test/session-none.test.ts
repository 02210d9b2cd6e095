// What lies under the id of a session and is none: values that others left there. Its user gets a new session, with
// every framework, and what lies there is left alone. What is in a session and cannot be used: session-*corrupt.test.ts.
import t, { type Test } from 'tap';
import { fastifySidOf, fastifyStore, startFastifyApp } from './fixtures/fastify-app.js';
import { keyOf, koaStore, startKoaApp } from './fixtures/koa-app.js';
import { sidOf, startApp } from './fixtures/session-app.js';
import { BACKENDS, type Backend, startBackend } from './fixtures/session-backend.js';

type Handler = (visit: { session: Record<string, unknown> }) => unknown;

/** Somebody with a cookie. */
interface Visitor {
  get(act: string): Promise<{ body: unknown }>;
  /** The session that it names. */
  id(): string;
}

/** An application with a session store. */
interface App {
  store: {
    prefix: string;
    get(id: string): Promise<unknown>;
    all(): Promise<object[]>;
    length(): Promise<number>;
    clear(): Promise<void>;
  };
  /** What the framework was told as an error. */
  errors: unknown[];
  /** What a get answers of no session. */
  nothing: null | undefined;
  visitor(): Visitor;
}

const ACTS: Record<string, Handler> = {
  login: ({ session }) => {
    session.user = 'ada';
  },
  change: ({ session }) => {
    session.changed = true;
  },
  show: ({ session }) => session,
};
const ROUTES = Object.fromEntries(Object.entries(ACTS).map(([name, act]) => [`/${name}`, act]));

const APPS: Record<string, (t: Test, backend: Backend) => Promise<App>> = {
  async 'express-session'(t, backend) {
    const store = backend.store(t);
    const { errors, visitor } = await startApp(t, { store }, ROUTES as never);
    return { store, errors, nothing: null, visitor: () => visitorOf(visitor(), '/', sidOf) };
  },
  async '@fastify/session'(t, backend) {
    const store = fastifyStore(t, backend);
    const { errors, visitor } = await startFastifyApp(t, { store }, ROUTES as never);
    return { store, errors, nothing: null, visitor: () => visitorOf(visitor(), '/', fastifySidOf) };
  },
  async 'koa-session'(t, backend) {
    const store = koaStore(t, backend);
    const { errors, visitor } = await startKoaApp(t, { store }, ACTS);
    return { store, errors, nothing: undefined, visitor: () => visitorOf(visitor(), '', keyOf) };
  },
};

function visitorOf<V extends { get(path: string): Promise<{ body: unknown }> }>(
  visitor: V,
  root: string,
  idOf: (visitor: V) => string,
): Visitor {
  return { get: (act) => visitor.get(root + act), id: () => idOf(visitor) };
}

const TEXTS = ['', 'text', '{"user":', 'null', 'true', '7', '"text"', '[]', '[{"user":"ada"}]', '\u0000'];

for (const name of BACKENDS)
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);
    for (const [framework, start] of Object.entries(APPS))
      t.test(`${framework}: what is no JSON object is no session`, async (t) => {
        const { store, errors, nothing, visitor } = await start(t, backend);
        for (const text of TEXTS) {
          const ada = visitor();
          await ada.get('login');
          const before = ada.id();
          await backend.plant(store.prefix + before, text);
          t.equal(await store.get(before), nothing, JSON.stringify(text));
          await ada.get('change');
          t.not(ada.id(), before);
          const { body } = await ada.get('show');
          t.match(body, { changed: true });
          t.notMatch(body, { user: 'ada' });
          t.equal(await backend.text(store.prefix + before), text, 'and it is left alone');
        }
        t.same(errors, []);
        t.equal(
          (await store.all()).length,
          TEXTS.length,
          'all() has the new ones, and passes over the others',
        );
      });
  });

t.test('of another Redis type', async (t) => {
  const backend = await startBackend(t, 'redis');
  for (const [framework, start] of Object.entries(APPS))
    t.test(`${framework}: a list, a hash or a set is no session`, async (t) => {
      const { store, errors, nothing, visitor } = await start(t, backend);
      for (const command of [['RPUSH'], ['SADD'], ['HSET', 'field']]) {
        const [verb = '', ...field] = command;
        const ada = visitor();
        await ada.get('login');
        const before = ada.id();
        await backend.redis?.cli('DEL', store.prefix + before);
        await backend.redis?.cli(verb, store.prefix + before, ...field, 'value');
        t.equal(await store.get(before), nothing, verb);
        await ada.get('change');
        t.not(ada.id(), before);
        const all = await store.all();
        t.equal(all.length, 1, 'all() passes over it');
        t.match(all[0], { changed: true });
        await store.clear();
        t.equal(await store.length(), 0, 'which clear() does not');
      }
      t.same(errors, []);
    });
});
