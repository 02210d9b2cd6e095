// koa-session while the sidecar is away, or its store is closed: requests end in time with an error of status 503, no
// cookie is given or taken away, and nobody is logged out by it.
import t from 'tap';
import { AzureCacheKoaStore } from '../client/dist/koa-session.js';
import { type Act, keyOf, startKoaApp, UNAVAILABLE } from './fixtures/koa-app.js';
import { newGate } from './fixtures/session-app.js';
import { sidecarPlace } from './fixtures/sidecar-place.js';
import { until } from './fixtures/wait.js';

const login: Act = ({ session }) => {
  session.user = 'ada';
};
const logout: Act = (ctx) => {
  ctx.session = null;
};
const show: Act = ({ session }) => session;

t.test(
  'while the sidecar is away requests get 503, and go on with their sessions when it is back',
  async (t) => {
    const { url, start } = await sidecarPlace(t);
    const store = new AzureCacheKoaStore({ url, waitMs: 300 });
    t.teardown(() => store.close());
    const told: unknown[] = [];
    store.on('error', (error) => told.push(error.code));
    const sidecar = await start();
    const app = await startKoaApp(t, { store, rolling: true }, { login, logout, show });
    for (const event of ['missed', 'expired', 'invalid'])
      app.koa.on(`session:${event}`, () => t.fail(`session:${event} was told`));
    const ada = app.visitor();
    await ada.get('login');
    const key = keyOf(ada);
    await sidecar.kill();
    for (const act of ['show', 'login', 'logout']) {
      const begun = performance.now();
      t.same(await ada.get(act), UNAVAILABLE, act);
      t.ok(performance.now() - begun < 3000);
    }
    t.same(await app.visitor().get('login'), UNAVAILABLE, 'a new session that cannot be stored');
    t.ok(app.errors.every(({ code, status }) => code === 'sidecar_unreachable' && status === 503));
    t.same(told, Array(4).fill('sidecar_unreachable'));
    await start();
    await until(async () => (await ada.get('show')).status === 200, 10_000, 'requests to be served again');
    t.same((await ada.get('show')).body, { user: 'ada' });
    t.equal(keyOf(ada), key);
  },
);

t.test(
  'a sidecar that goes between the read and the save: 503, and what was stored before is there',
  async (t) => {
    const { url, start } = await sidecarPlace(t);
    const store = new AzureCacheKoaStore({ url, waitMs: 300 });
    t.teardown(() => store.close());
    const sidecar = await start();
    const gates = { change: newGate(), leave: newGate() };
    const change: Act = async (ctx) => {
      ctx.session.user = 'eve';
      await gates.change.pass();
    };
    const leave: Act = async (ctx) => {
      ctx.session = null;
      await gates.leave.pass();
    };
    const app = await startKoaApp(t, { store }, { login, change, leave, show });
    const [ada, bob] = [app.visitor(), app.visitor()];
    await Promise.all([ada.get('login'), bob.get('login')]);
    const answers = [ada.get('change'), bob.get('leave')];
    await Promise.all([gates.change.reached(), gates.leave.reached()]);
    await sidecar.kill();
    gates.change.open();
    gates.leave.open();
    for (const answer of answers) t.same(await answer, UNAVAILABLE);
    await start();
    await until(async () => (await ada.get('show')).status === 200, 10_000, 'requests to be served again');
    for (const visitor of [ada, bob]) t.same((await visitor.get('show')).body, { user: 'ada' });
  },
);

t.test('a store that is closed: 503, and no session is taken for absent', async (t) => {
  const { url, start } = await sidecarPlace(t);
  await start();
  const store = new AzureCacheKoaStore({ url });
  const app = await startKoaApp(t, { store }, { login, show });
  const ada = app.visitor();
  await ada.get('login');
  const key = keyOf(ada);
  await store.close();
  await store.close();
  t.same(await ada.get('show'), UNAVAILABLE);
  t.same(await app.visitor().get('login'), UNAVAILABLE);
  t.match(app.errors, [{ code: 'closed', status: 503 }, { code: 'closed' }]);
  t.equal(keyOf(ada), key);
});

t.test('close waits for what is under way', async (t) => {
  const { url, start } = await sidecarPlace(t);
  await start();
  const [store, another] = [new AzureCacheKoaStore({ url }), new AzureCacheKoaStore({ url })];
  t.teardown(() => another.close());
  const calls = [store.set('a', { n: 1 }), store.set('b', { n: 2 }, undefined, { ctx: {} })];
  await store.close();
  await Promise.all(calls);
  t.equal(await another.length(), 2);
});
