// The option `tag` of a session store and its destroyByTag ("log out everywhere"), with every framework, over HTTP.

import t, { type Test } from 'tap';
import { tagging } from '../client/dist/session/tagging.js';
import { fastifyStore, startFastifyApp } from './fixtures/fastify-app.js';
import { koaStore, startKoaApp } from './fixtures/koa-app.js';
import { newGate, startApp } from './fixtures/session-app.js';
import { BACKENDS, type Backend, startBackend } from './fixtures/session-backend.js';

type Handler = (visit: { session: Record<string, unknown> }) => unknown;
type Acts = Record<string, Handler>;
type Visitor = (act: string) => Promise<{ status: number; body: unknown }>;

interface App {
  store: {
    counts: { dropped: number; merged: number };
    ids(): Promise<string[]>;
    destroyByTag(tag: never): Promise<number>;
  };
  errors: unknown[];
  visitor(): Visitor;
}

const tag = ({ user, roles = [] }: { user?: string; roles?: string[] }) =>
  user === undefined ? undefined : [`user:${user}`, ...roles.map((role) => `role:${role}`)];

const routes = (acts: Acts) =>
  Object.fromEntries(Object.entries(acts).map(([name, act]) => [`/${name}`, act])) as never;

const APPS: Record<string, (t: Test, backend: Backend, acts: Acts, options?: object) => Promise<App>> = {
  async 'express-session'(t, backend, acts, options = { tag }) {
    const store = backend.store(t, options);
    const { errors, visitor } = await startApp(t, { store }, routes(acts));
    return { store, errors, visitor: () => visitorOf(visitor(), '/') };
  },
  async '@fastify/session'(t, backend, acts, options = { tag }) {
    const store = fastifyStore(t, backend, options);
    const { errors, visitor } = await startFastifyApp(t, { store }, routes(acts));
    return { store, errors, visitor: () => visitorOf(visitor(), '/') };
  },
  async 'koa-session'(t, backend, acts, options = { tag }) {
    const store = koaStore(t, backend, options);
    const { errors, visitor } = await startKoaApp(t, { store }, acts as never);
    return { store, errors, visitor: () => visitorOf(visitor(), '') };
  },
};

function visitorOf(visitor: { get(path: string): ReturnType<Visitor> }, root: string): Visitor {
  return (act) => visitor.get(root + act);
}

const ACTS: Acts = {
  ada: ({ session }) => {
    session.user = 'ada';
  },
  bob: ({ session }) => {
    session.user = 'bob';
  },
  admin: ({ session }) => {
    session.roles = ['admin', 'editor'];
  },
  nobody: ({ session }) => {
    delete session.user;
  },
  count: ({ session }) => {
    session.count = Number(session.count ?? 0) + 1;
  },
  show: ({ session }) => session,
};
const userOf = async (visitor: Visitor) => ((await visitor('show')).body as { user?: string }).user;

for (const name of BACKENDS)
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);
    for (const [framework, start] of Object.entries(APPS)) {
      t.test(`${framework}: every session of a user ends, those of others stay`, async (t) => {
        const { store, errors, visitor } = await start(t, backend, ACTS);
        const [ada1, ada2, bob] = [visitor(), visitor(), visitor()];
        for (const [one, act] of [
          [ada1, 'ada'],
          [ada2, 'ada'],
          [bob, 'bob'],
        ] as const)
          await one(act);
        await ada1('count');
        t.equal(await store.destroyByTag('user:ada' as never), 2);
        t.equal(await userOf(ada1), undefined);
        t.equal(await userOf(ada2), undefined);
        t.equal(await userOf(bob), 'bob');
        t.equal(await store.destroyByTag('user:ada' as never), 0);
        t.equal(await store.destroyByTag(['user:bob', 'user:none'] as never), 1);
        t.same(errors, []);
      });

      t.test(`${framework}: tags are those of the session as it was saved last`, async (t) => {
        const { store, errors, visitor } = await start(t, backend, ACTS);
        const one = visitor();
        await one('ada');
        await one('bob');
        t.equal(await store.destroyByTag('user:ada' as never), 0, 'it is no longer ada’s');
        await one('admin');
        await one('show');
        await one('nobody');
        t.equal(await store.destroyByTag('user:bob' as never), 0, 'it is nobody’s');
        await one('ada');
        await one('show');
        t.equal(await store.destroyByTag('role:editor' as never), 1, 'a touch leaves its tags alone');
        t.same(await store.ids(), []);
        t.same(errors, []);
      });

      t.test(
        `${framework}: a slow request does not bring a session back that was ended by its tag`,
        async (t) => {
          const gate = newGate();
          const slow: Handler = async ({ session }) => {
            session.slow = 1;
            await gate.pass();
          };
          const { store, errors, visitor } = await start(t, backend, { ...ACTS, slow });
          const ada = visitor();
          await ada('ada');
          const answer = ada('slow');
          await gate.reached();
          t.equal(await store.destroyByTag('user:ada' as never), 1);
          gate.open();
          t.equal((await answer).status, 200);
          t.same(await store.ids(), []);
          t.equal(store.counts.dropped, 1);
          t.equal(await userOf(ada), undefined);
          t.same(errors, []);
        },
      );
    }

    t.test('saves of many requests at once against destroyByTag: what was ended stays so', async (t) => {
      const { store, visitor } = await (APPS['express-session'] as (typeof APPS)[string])(t, backend, ACTS);
      for (let round = 0; round < 10; round++) {
        const ada = visitor();
        await ada('ada');
        const saves = Array.from({ length: 5 }, () => ada('count'));
        const ended = store.destroyByTag('user:ada' as never);
        await Promise.all([...saves, ended]);
        t.equal(await ended, 1);
        // A request that came after has a session of its own, without a user.
        t.equal(await userOf(ada), undefined);
      }
      t.equal(await store.destroyByTag('user:ada' as never), 0);
    });

    t.test('another prefix is another store: its sessions with the same tag stay', async (t) => {
      const start = APPS['express-session'] as (typeof APPS)[string];
      const [here, there] = [await start(t, backend, ACTS), await start(t, backend, ACTS)];
      const [ada, other] = [here.visitor(), there.visitor()];
      await ada('ada');
      await other('ada');
      t.equal(await here.store.destroyByTag('user:ada' as never), 1);
      t.equal(await userOf(other), 'ada');
    });
  });

t.test('without the option nothing is tagged; what is no tag is refused', async (t) => {
  const backend = await startBackend(t, 'embedded');
  for (const [framework, start] of Object.entries(APPS)) {
    const { store, errors, visitor } = await start(t, backend, ACTS, {});
    await visitor()('ada');
    t.equal(await store.destroyByTag('user:ada' as never), 0, framework);
    for (const bad of [undefined, null, 5, {}, [], ['a', 5]])
      await t.rejects(store.destroyByTag(bad as never), { code: 'tag_invalid' }, framework);
    for (const bad of ['', 'x'.repeat(256), 'a\0b', '\ud83d'])
      await t.rejects(store.destroyByTag(bad as never), { code: 'tag_invalid' }, framework);
    t.equal((await store.ids()).length, 1);
    t.same(errors, []);
    for (const tag of ['user', 5, ['user']])
      await t.rejects(start(t, backend, ACTS, { tag }), { code: 'options_invalid', message: /tag/ });
  }
});

t.test(
  'what the function tag throws or answers wrongly is an error of the request, and nothing is saved',
  async (t) => {
    const backend = await startBackend(t, 'embedded');
    for (const [framework, start] of Object.entries(APPS))
      for (const tag of [
        () => 5,
        () => ['a', {}],
        () => 'x'.repeat(256),
        () => [''],
        () => {
          throw new Error('of the application');
        },
      ]) {
        const { store, errors, visitor } = await start(t, backend, ACTS, { tag });
        await visitor()('ada');
        t.same(await store.ids(), [], framework);
        t.not(errors.length, 0, `${framework} is told`);
      }
  },
);

t.test('what `session.user && …` is without a user is no tag; what is no text is refused', async (t) => {
  const life = { ttlKind: 'for', ttlMs: 1000 } as const;
  const extrasFor = (tag: unknown) =>
    tagging(
      () => life,
      () => tag,
    )({})?.extras;
  for (const tag of [undefined, null, false, 0, '', []])
    t.same(extrasFor(tag), { untagged: true }, String(tag));
  t.same(extrasFor('user:1'), { tags: ['user:1'] });
  t.same(extrasFor(['a', 'b']), { tags: ['a', 'b'] });
  for (const tag of [5, true, {}, ['a', 5]]) t.throws(() => extrasFor(tag), { code: 'options_invalid' });
});
