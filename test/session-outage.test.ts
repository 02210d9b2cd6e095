// A sidecar that is not there, comes back, or is killed under load: requests end in time with an error of status 503,
// nobody is logged out by it, and what was acknowledged is kept.
import t, { type Test } from 'tap';
import type { StoreOptions } from '../client/dist/session/options.js';
import { AzureCacheStore, type Route, sidOf, startApp, type Visitor } from './fixtures/session-app.js';
import { sidecarPlace } from './fixtures/sidecar-place.js';
import { until, within } from './fixtures/wait.js';

const login: Route = ({ session }) => {
  Object.assign(session, { user: 'ada', n: 0 });
};
const show: Route = ({ session }) => session ?? 'no session';
/** Raises the counter, and answers what became of that. */
const raise: Route = ({ session }) =>
  new Promise((done) => {
    session.n = Number(session.n) + 1;
    session.save((error: { code?: string } | null) => done(error?.code ?? 'stored'));
  });

/** A place, and stores for it. */
async function place(t: Test) {
  const { url, start } = await sidecarPlace(t);
  return {
    start,
    store(options: StoreOptions = {}) {
      const store = new AzureCacheStore({ url, waitMs: 300, ...options });
      t.teardown(() => store.close());
      return store;
    },
  };
}

/** How long it takes, in milliseconds. */
async function timed(work: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work;
  return performance.now() - start;
}

t.test(
  'while the sidecar is away requests get 503, and go on with their sessions when it is back',
  async (t) => {
    const { start, store } = await place(t);
    const sidecar = await start();
    const app = await startApp(t, { store: store() }, { '/login': login, '/': show });
    const ada = app.visitor();
    await ada.get('/login');
    await sidecar.kill();
    for (let n = 0; n < 3; n += 1) {
      t.ok((await timed(ada.get('/'))) < 3000);
      const answer = await ada.get('/');
      t.match(answer, { status: 503, body: { code: 'sidecar_unreachable' }, setCookie: undefined });
    }
    t.ok(app.errors.every(({ code }) => code !== 'ENOENT'));
    await start();
    await until(async () => (await ada.get('/')).status === 200, 10_000, 'requests to be served again');
    t.match((await ada.get('/')).body, { user: 'ada' });
  },
);

t.test('a request waits for a sidecar that is just starting', async (t) => {
  const { start, store } = await place(t);
  const app = await startApp(t, { store: store({ waitMs: 20_000 }) }, { '/': login });
  const answer = app.visitor().get('/');
  await start();
  t.equal((await within(answer, 20_000, 'the answer')).status, 200);
  t.same(app.errors, []);
});

t.test('with signalReadiness requests go on without a session while it is away', async (t) => {
  const { start, store } = await place(t);
  const sidecar = await start();
  const signalling = store({ signalReadiness: true });
  const heard: string[] = [];
  for (const event of ['connect', 'disconnect']) signalling.on(event, () => heard.push(event));
  const app = await startApp(t, { store: signalling }, { '/login': login, '/': show });
  const ada = app.visitor();
  await ada.get('/login');
  await sidecar.kill();
  await until(() => heard.includes('disconnect'), 5000, 'the store to say that it is away');
  t.match(await ada.get('/'), { status: 200, body: 'no session' });
  await start();
  await until(() => heard.at(-1) === 'connect', 10_000, 'the store to say that it is back');
  t.match((await ada.get('/')).body, { user: 'ada' });
  t.same(heard, ['connect', 'disconnect', 'connect']);
  t.same(app.errors, []);
});

t.test('without it the store says nothing: express-session would drop the session', async (t) => {
  const { start, store } = await place(t);
  const sidecar = await start();
  const silent = store();
  for (const event of ['connect', 'disconnect']) silent.on(event, () => t.fail(`"${event}" was told`));
  await silent.get('a');
  await sidecar.kill();
  await t.rejects(silent.get('a'), { code: 'sidecar_unreachable' });
});

t.test('killed under load: every request ends in time, and what was acknowledged is stored', async (t) => {
  const { start, store } = await place(t);
  let sidecar = await start();
  const app = await startApp(
    t,
    { store: store({ waitMs: 5000 }) },
    { '/login': login, '/raise': raise, '/': show },
  );
  const visitors = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const visitor = app.visitor();
      await visitor.get('/login');
      return { visitor, stored: 0, unsure: 0, longestMs: 0 };
    }),
  );
  let over = false;
  const busy = visitors.map(async (one) => {
    while (!over) {
      const begun = performance.now();
      const { body } = await one.visitor.get('/raise');
      one.longestMs = Math.max(one.longestMs, performance.now() - begun);
      if (body === 'stored') one.stored += 1;
      else one.unsure += 1;
    }
  });
  const total = () => visitors.reduce((sum, { stored }) => sum + stored, 0);
  for (let round = 1; round <= 2; round += 1) {
    const before = total();
    await until(() => total() > before + 100, 20_000, 'the load to run');
    await sidecar.kill();
    sidecar = await start();
  }
  const before = total();
  await until(() => total() > before + 100, 20_000, 'the load to run again');
  over = true;
  await within(Promise.all(busy), 15_000, 'every request to end');
  for (const { visitor, stored, unsure, longestMs } of visitors) {
    const { user, n } = ((await visitor.get('/')).body ?? {}) as { user?: string; n?: number };
    t.equal(user, 'ada', 'nobody is logged out');
    t.ok(Number(n) >= stored && Number(n) <= stored + unsure, `${stored} stored, ${unsure} unsure: ${n}`);
    t.ok(longestMs < 12_000, `${Math.round(longestMs)} ms`);
  }
});

t.test('after close requests get 503, and no session is taken for absent', async (t) => {
  const { start, store } = await place(t);
  await start();
  const closing = store();
  const app = await startApp(t, { store: closing }, { '/login': login, '/': show });
  const ada: Visitor = app.visitor();
  await ada.get('/login');
  await closing.close();
  t.match(await ada.get('/'), { status: 503, body: { code: 'closed' }, setCookie: undefined });
  t.not(sidOf(ada), '');
});
