// The store for @fastify/session, through the real plugin and a real sidecar: what no other store does under concurrent
// requests, and that these are found by it. The contract line by line: session-fastify-contract.test.ts.
import t from 'tap';
import { type FastifyRoute, fastifySidOf, fastifyStore, startFastifyApp } from './fixtures/fastify-app.js';
import { newGate } from './fixtures/session-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

const set: FastifyRoute = ({ session }) => {
  Object.assign(session, { start: 1, n: 1 });
};
const out: FastifyRoute = ({ session }) => session.destroy();
const show: FastifyRoute = ({ session: { cookie: _, ...fields } }) => fields;

for (const name of BACKENDS)
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);

    t.test('a session is kept, changed, read again and destroyed', async (t) => {
      const store = fastifyStore(t, backend);
      const more: FastifyRoute = ({ session, body }) => {
        session.n = Number(session.n) + (body as { by: number }).by;
      };
      const { visitor } = await startFastifyApp(
        t,
        { store },
        { '/set': set, '/more': more, '/out': out, '/': show },
      );
      const ada = visitor();
      await ada.get('/set');
      t.same((await ada.get('/')).body, { start: 1, n: 1 });
      await ada.post('/more', { by: 2 });
      t.same((await ada.get('/')).body, { start: 1, n: 3 });
      t.equal(await store.length(), 1);
      await ada.get('/out');
      t.equal(await store.length(), 0);
    });

    t.test('requests at once: changes to different fields are all kept, a logout is final', async (t) => {
      const store = fastifyStore(t, backend);
      let gate = newGate();
      // With a body, which is read between the session and this.
      const slow: FastifyRoute = async ({ session, body }) => {
        await gate.pass();
        session.slow = (body as { value: number }).value;
      };
      const fast: FastifyRoute = ({ session }) => {
        session.fast = 1;
      };
      const routes = { '/set': set, '/slow': slow, '/fast': fast, '/out': out, '/': show };
      const { visitor } = await startFastifyApp(t, { store }, routes);
      const ada = visitor();
      const during = async (path: string, value: number) => {
        gate = newGate();
        const answer = visitor(ada.cookie).post('/slow', { value });
        await gate.reached();
        await ada.get(path);
        gate.open();
        return answer;
      };
      await ada.get('/set');
      await during('/fast', 1);
      t.same((await ada.get('/')).body, { start: 1, n: 1, slow: 1, fast: 1 });
      t.equal(store.counts.merged, 1);
      t.equal((await during('/out', 2)).status, 200);
      t.equal(await store.length(), 0, 'the slow request has not brought it back');
      t.equal(store.counts.dropped, 1);
    });

    t.test('reload reads what others have saved, and counts from there', async (t) => {
      const store = fastifyStore(t, backend);
      const gate = newGate();
      const slow: FastifyRoute = async (visit) => {
        await gate.pass();
        await visit.session.reload();
        visit.session.n = Number(visit.session.n) + 1;
      };
      const fast: FastifyRoute = ({ session }) => {
        session.n = 5;
      };
      const routes = { '/set': set, '/slow': slow, '/fast': fast, '/': show };
      const { visitor } = await startFastifyApp(t, { store }, routes);
      const ada = visitor();
      await ada.get('/set');
      const late = visitor(ada.cookie).get('/slow');
      await gate.reached();
      await ada.get('/fast');
      gate.open();
      await late;
      t.match((await ada.get('/')).body, { n: 6 });
      t.equal(store.counts.merged, 0);
    });

    t.test('a session that has not changed is touched, and its bytes stay', async (t) => {
      const store = fastifyStore(t, backend);
      const { visitor } = await startFastifyApp(t, { store }, { '/set': set, '/': show });
      const ada = visitor();
      await ada.get('/set');
      const key = store.prefix + fastifySidOf(ada);
      const before = await backend.text(key);
      t.type(before, 'string');
      for (let n = 0; n < 3; n += 1) t.match((await ada.get('/')).body, { n: 1 });
      t.equal(await backend.text(key), before);
    });
  });
