// A sidecar that hangs: each of its runners sees it, and only a process that is proved to be it is ended. What looks like
// it and is not: hung-alarms.test.ts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { endHard } from '../src/run/sidecar-process.js';
import type { Child } from './fixtures/child.js';
import { freePort } from './fixtures/free-port.js';
import { ENDED, impatient, impatientImport, pause, ROW_MS, stop, times } from './fixtures/impatient.js';
import { startRedis } from './fixtures/redis.js';
import {
  type App,
  count,
  gone,
  host,
  kill,
  lives,
  sidecarPid,
  startRun,
  stopRun,
  successor,
} from './fixtures/run.js';
import { until, within } from './fixtures/wait.js';

const onUnix = { skip: process.platform === 'win32' && 'Windows has no SIGSTOP' };
const onLinux = { skip: process.platform !== 'linux' && 'elsewhere only the starter can prove what it ends' };

/** Until the next sidecar is there: one that hangs has to be seen first. */
const SUCCESSOR_MS = 30_000;

/** What was under way in the sidecar that is ended fails, if it may not be done twice; the next call does not. */
const goesOn = (app: Child<App>, name: string) =>
  until(() => count(app, name).catch(() => undefined), 30_000, 'the app to go on');

t.test(
  'a sidecar that hangs is ended by its starter, and the app goes on with another',
  onUnix,
  async (t) => {
    const place = await host(t);
    const app = await startRun(t, place, impatient());
    const pid = Number(await sidecarPid(place));
    stop(t, pid);
    t.equal(await goesOn(app, 'a'), 1);
    t.not(await sidecarPid(place), pid);
    t.equal(times(ENDED, app), 1);
    t.notOk(lives(pid));
    t.same(await stopRun(app), { code: 5, signal: null });
  },
);

t.test(
  'its starter gone, one of the others ends it; all go on with one successor, which is left alone',
  onLinux,
  async (t) => {
    await using redis = await startRedis();
    const place = await host(t, { env: { AZURE_CACHE_CONNECTION: redis.url } });
    const starter = await startRun(t, place, impatient());
    const others = [await startRun(t, place, impatient()), await startRun(t, place, impatient())];
    const pid = Number(await sidecarPid(place));
    kill(starter.pid, 'SIGKILL');
    await gone(starter.pid);
    kill(starter.ready.pid, 'SIGKILL');
    stop(t, pid);
    t.same((await Promise.all(others.map((app) => goesOn(app, 'kept')))).sort(), [1, 2]);
    const second = await successor(place, pid, SUCCESSOR_MS);
    t.ok(times(ENDED, ...others) >= 1);
    await until(() => times(/a sidecar is there again/g, ...others) === 2, 10_000, 'both to attach again');
    await pause(2 * ROW_MS);
    t.equal(await sidecarPid(place), second);
    t.equal(times(/"msg":"ready"/g, ...others), 1);
    t.equal(times(/cannot be proved/g, ...others), 0);
    for (const app of others) t.same(await stopRun(app), { code: 5, signal: null });
    await gone(second);
  },
);

t.test('over TCP the other end of the connection is the proof', onLinux, async (t) => {
  const place = await host(t, { env: { AZURE_CACHE_SOCKET: 'off' } });
  const port = String(await freePort());
  const starter = await startRun(t, place, impatient('--port', port));
  const other = await startRun(t, place, impatient('--port', port));
  const [, pid = ''] = /"pid":(\d+).*"msg":"ready"/.exec(starter.output()) ?? [];
  kill(starter.pid, 'SIGKILL');
  await gone(starter.pid);
  kill(starter.ready.pid, 'SIGKILL');
  stop(t, Number(pid));
  t.equal(await goesOn(other, 'a'), 1);
  t.equal(times(ENDED, other), 1);
  t.same(await stopRun(other), { code: 5, signal: null });
});

t.test('from within an app, which neither stays alive for the looks', onUnix, async (t) => {
  const place = await host(t);
  const app = await startRun(t, place, impatientImport());
  const pid = Number(await sidecarPid(place));
  stop(t, pid);
  t.equal(await goesOn(app, 'a'), 1);
  t.equal(times(ENDED, app), 1);
  const second = await successor(place, pid, SUCCESSOR_MS);
  t.same(await stopRun(app), { code: 5, signal: null });
  await gone(second);
  const idle = 'data:text/javascript,setTimeout(() => console.log("done"), 1000)';
  const program = spawn(process.execPath, impatientImport(idle).args, {
    ...{ env: place.env, cwd: place.folder, stdio: 'ignore' },
  });
  t.teardown(() => void program.kill('SIGKILL'));
  t.same(await within(once(program, 'exit'), 20_000, 'an app with nothing to do to end'), [0, null]);
});

t.test('only what holds the place is ended, whatever number was said', onLinux, async (t) => {
  const place = await host(t);
  const app = await startRun(t, place);
  const pid = Number(await sidecarPid(place));
  const at = { path: place.socket };
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  t.teardown(() => void stranger.kill('SIGKILL'));
  const client = app.ready.pid;
  for (const [title, number] of [
    ['another process', stranger.pid as number],
    ['a client of it', client],
    ['its runner', app.pid],
    ['ourselves', process.pid],
  ] as const) {
    t.notOk(endHard(number, at), title);
    t.ok(lives(number), title);
  }
  t.notOk(endHard(pid, { path: `${place.socket}2` }), 'another place');
  t.notOk(endHard(pid, { localPort: 1, remotePort: 2 }), 'another connection');
  t.ok(lives(pid));
  t.ok(endHard(pid, at));
  await gone(pid);
  t.notOk(endHard(pid, at), 'nobody has the number any more');
  t.equal(await goesOn(app, 'a'), 1);
  t.same(await stopRun(app), { code: 5, signal: null });
});
