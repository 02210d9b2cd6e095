// A sidecar that is not there, with @fastify/session: requests end in time with an error of status 503, nobody gets a new
// session for the one that cannot be read, and nothing of it is lost.
import t, { type Test } from 'tap';
import { AzureCacheFastifyStore } from '../client/dist/fastify-session.js';
import type { StoreOptions } from '../client/dist/session/options.js';
import { type FastifyRoute, fastifySidOf, startFastifyApp } from './fixtures/fastify-app.js';
import { newGate } from './fixtures/session-app.js';
import { sidecarPlace } from './fixtures/sidecar-place.js';
import { until, within } from './fixtures/wait.js';

const login: FastifyRoute = ({ session }) => {
  session.user = 'ada';
};
const show: FastifyRoute = ({ session: { cookie: _, ...fields } }) => fields;
const AWAY = { status: 503, body: { code: 'sidecar_unreachable' }, setCookie: undefined };

/** A place for sidecars that come and go, with stores that soon give up. */
async function place(t: Test) {
  const { url, start } = await sidecarPlace(t);
  return {
    start,
    store(options: StoreOptions = {}) {
      const store = new AzureCacheFastifyStore({ url, waitMs: 300, ...options });
      t.teardown(() => store.close());
      return store;
    },
  };
}

/** An application with a request that waits between the reading and the save. */
async function withSlow(t: Test, store: AzureCacheFastifyStore) {
  const gate = newGate();
  const slow: FastifyRoute = async ({ session }) => {
    await gate.pass();
    session.user = 'eve';
  };
  const app = await startFastifyApp(t, { store }, { '/login': login, '/slow': slow, '/': show });
  return { gate, ...app };
}

t.test('while the sidecar is away requests get 503, and go on with their sessions after it', async (t) => {
  const { start, store } = await place(t);
  const sidecar = await start();
  // Which @fastify/session does not listen to.
  const signalling = store({ signalReadiness: true });
  const heard: string[] = [];
  for (const event of ['connect', 'disconnect']) signalling.on(event, () => heard.push(event));
  const { gate, visitor, errors } = await withSlow(t, signalling);
  const ada = visitor();
  await ada.get('/login');
  const late = visitor(ada.cookie).get('/slow');
  await gate.reached();
  await sidecar.kill();
  await until(() => heard.includes('disconnect'), 5000, 'the store to say that it is away');
  gate.open();
  const answers = [ada.get('/'), ada.get('/'), visitor().get('/login'), late];
  for (const [n, what] of ['a read', 'another', 'a new session', 'a save'].entries())
    t.match(await within(answers[n] as Promise<unknown>, 5000, 'an answer'), AWAY, what);
  t.ok(errors.every(({ code }) => code === 'sidecar_unreachable'));
  await start();
  await until(() => heard.at(-1) === 'connect', 10_000, 'the store to say that it is back');
  t.same((await ada.get('/')).body, { user: 'ada' });
  t.same(heard, ['connect', 'disconnect', 'connect']);
});

t.test('a request waits for a sidecar that is just starting', async (t) => {
  const { start, store } = await place(t);
  const app = await startFastifyApp(t, { store: store({ waitMs: 20_000 }) }, { '/': login });
  const answer = app.visitor().get('/');
  await start();
  t.equal((await within(answer, 20_000, 'the answer')).status, 200);
  t.same(app.errors, []);
});

t.test('after close requests get 503, and no session is taken for absent', async (t) => {
  const { start, store } = await place(t);
  await start();
  const closing = store();
  const { gate, visitor } = await withSlow(t, closing);
  const ada = visitor();
  await ada.get('/login');
  const sid = fastifySidOf(ada);
  const late = visitor(ada.cookie).get('/slow');
  await gate.reached();
  await closing.close();
  gate.open();
  const closed = { status: 503, body: { code: 'closed' }, setCookie: undefined };
  t.match(await late, closed, 'a save as well');
  t.match(await ada.get('/'), closed);
  t.match(await visitor().get('/login'), closed, 'and who has no session yet');
  const calls: (() => Promise<unknown>)[] = [
    () => closing.get(sid),
    () => closing.set(sid, { cookie: {} }),
    () => closing.destroy(sid),
    () => closing.length(),
  ];
  for (const call of calls) await t.rejects(call(), { code: 'closed', status: 503 });
  t.match(await store().get(sid), { user: 'ada' });
});
