// The store for @fastify/session, through the real plugin and a real sidecar: what its contract asks of a store, and
// what no other store does under concurrent requests.
import { once } from 'node:events';
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import fastify, { type FastifyRequest } from 'fastify';
import t, { type Test } from 'tap';
import { AzureCacheFastifyStore } from '../client/dist/fastify-session.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

type Fields = Record<string, unknown>;
type Act = (session: Fields, request: FastifyRequest) => unknown;

/** Requests that wait in the middle, by name, until they are let go on. */
class Gate {
  readonly #waiting = new Map<string, () => void>();
  readonly arrived = new EventTarget();

  wait(name: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(name, resolve);
      this.arrived.dispatchEvent(new Event(name));
    });
  }

  open(name: string): void {
    this.#waiting.get(name)?.();
  }
}

async function startApp(
  t: Test,
  store: AzureCacheFastifyStore,
  acts: Record<string, Act>,
  options: object = {},
) {
  const app = fastify();
  app.register(fastifyCookie);
  app.register(fastifySession, {
    ...{ secret: 'a secret with at least 32 characters', cookie: { secure: false, maxAge: 60_000 } },
    ...options,
    store,
  });
  for (const [name, act] of Object.entries(acts))
    app.route({
      method: ['GET', 'POST'],
      url: `/${name}`,
      handler: async (request) => (await act(request.session as unknown as Fields, request)) ?? {},
    });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => app.close());
  let cookie = '';
  return async (name: string, body?: unknown) => {
    const answer = await fetch(`${url}/${name}`, {
      headers: { cookie, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    const set = answer.headers.getSetCookie()[0];
    if (set) cookie = set.split(';', 1)[0] as string;
    return { status: answer.status, body: (await answer.json()) as Fields };
  };
}

for (const name of BACKENDS)
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);
    const newStore = (t: Test, options: object = {}) => {
      const store = new AzureCacheFastifyStore({ ...backend.options(), ...options });
      t.teardown(() => store.close());
      return store;
    };

    t.test('a session is kept, changed, read again and destroyed', async (t) => {
      const store = newStore(t);
      const ask = await startApp(t, store, {
        set: (session) => {
          session.user = 'ada';
          session.n = 1;
        },
        more: (session, { body }) => {
          session.n = (session.n as number) + (body as { by: number }).by;
        },
        show: ({ user, n }) => ({ user, n }),
        out: (_session, request) => request.session.destroy(),
      });
      await ask('set');
      t.same((await ask('show')).body, { user: 'ada', n: 1 });
      await ask('more', { by: 2 });
      t.same((await ask('show')).body, { user: 'ada', n: 3 });
      t.equal(await store.length(), 1);
      await ask('out');
      t.equal(await store.length(), 0);
    });

    t.test('requests at once: changes to different fields are all kept, a logout is final', async (t) => {
      const store = newStore(t);
      const gate = new Gate();
      const ask = await startApp(t, store, {
        set: (session) => {
          session.start = 1;
        },
        // With a body, which is read between the session and this.
        slow: async (session, { body }) => {
          await gate.wait('slow');
          session.slow = (body as { value: number }).value;
        },
        fast: (session) => {
          session.fast = 1;
        },
        show: ({ start, slow, fast }) => ({ start, slow, fast }),
        out: (_session, request) => request.session.destroy(),
      });
      const during = async (act: string, value: number) => {
        const arrived = once(gate.arrived, 'slow');
        const slow = ask('slow', { value });
        await arrived;
        await ask(act);
        gate.open('slow');
        return slow;
      };
      await ask('set');
      await during('fast', 1);
      t.same((await ask('show')).body, { start: 1, slow: 1, fast: 1 });
      t.equal(store.counts.merged, 1);
      t.equal((await during('out', 2)).status, 200);
      t.equal(await store.length(), 0, 'the slow request has not brought it back');
      t.equal(store.counts.dropped, 1);
    });

    t.test('reload reads what others have saved, and counts from there', async (t) => {
      const store = newStore(t);
      const gate = new Gate();
      const ask = await startApp(t, store, {
        set: (session) => {
          session.n = 1;
        },
        slow: async (_session, request) => {
          await gate.wait('slow');
          await request.session.reload();
          const session = request.session as unknown as Fields;
          session.n = (session.n as number) + 1;
        },
        show: ({ n }) => ({ n }),
      });
      await ask('set');
      const arrived = once(gate.arrived, 'slow');
      const slow = ask('slow');
      await arrived;
      await ask('set');
      gate.open('slow');
      await slow;
      t.same((await ask('show')).body, { n: 2 });
      t.equal(store.counts.merged, 0);
    });

    t.test('regenerate gives a new session and ends the old one', async (t) => {
      const store = newStore(t);
      const ask = await startApp(t, store, {
        set: (session) => {
          session.a = 1;
          session.b = 2;
        },
        renew: (_session, request) => request.session.regenerate(['a'] as never),
        show: ({ a, b }) => ({ a, b }),
      });
      await ask('set');
      const [before] = await store.ids();
      await ask('renew');
      t.same((await ask('show')).body, { a: 1 });
      const ids = await store.ids();
      t.equal(ids.length, 1);
      t.not(ids[0], before);
    });

    t.test('rolling: a session that has not changed is touched, and its bytes stay', async (t) => {
      const store = newStore(t);
      const ask = await startApp(t, store, {
        set: (session) => {
          session.a = 1;
        },
        show: ({ a }) => ({ a }),
      });
      await ask('set');
      const key = `${store.prefix}${(await store.ids())[0]}`;
      const before = await backend.text(key);
      t.type(before, 'string');
      for (let n = 0; n < 3; n += 1) t.same((await ask('show')).body, { a: 1 });
      t.equal(await backend.text(key), before);
    });
  });
