// A sidecar that hangs: each of its runners sees it, only a process that is proved to be it is ended, and nothing that merely
// looks like it. What stops a process here is SIGSTOP, which Windows does not have; Wine's processes neither.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { identityIn, surroundings } from '../src/around.js';
import { loadConfig } from '../src/config.js';
import { attach } from '../src/run/attach.js';
import { LOOKS, Row } from '../src/run/hung.js';
import type { Identity } from '../src/run/identity.js';
import { endHard } from '../src/run/sidecar-process.js';
import type { Child } from './fixtures/child.js';
import { freePort } from './fixtures/free-port.js';
import { startRedis } from './fixtures/redis.js';
import {
  type App,
  count,
  gone,
  type Host,
  host,
  kill,
  lives,
  sidecarPid,
  startRun,
  stopRun,
} from './fixtures/run.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until, within } from './fixtures/wait.js';

const IMPATIENT = fileURLToPath(new URL('./fixtures/impatient-run.js', import.meta.url));
const APP = fileURLToPath(new URL('./fixtures/run-app.cjs', import.meta.url));
const onUnix = { skip: process.platform === 'win32' && 'Windows has no SIGSTOP' };
const onLinux = { skip: process.platform !== 'linux' && 'elsewhere only the starter can prove what it ends' };
const EVERY_MS = 500;
const ROW_MS = 3 * EVERY_MS;
const patience = JSON.stringify({ looks: { everyMs: EVERY_MS, inVain: 3 } });
const impatient = (...flags: string[]) => ({
  args: [IMPATIENT, patience, 'run', ...flags, '--', process.execPath, APP],
});
const pause = (ms: number) => new Promise((next) => setTimeout(next, ms));

/** Stopped until the test ends, if nobody ends it before. */
function stop(t: Test, pid: number): void {
  kill(pid, 'SIGSTOP');
  t.teardown(() => void kill(pid, 'SIGCONT'));
}

const another = (place: Host, old: number) =>
  until(
    async () => {
      const pid = await sidecarPid(place);
      return pid !== old && pid;
    },
    30_000,
    'another sidecar',
  );

/** What was under way in the sidecar that is ended fails, if it may not be done twice; the next call does not. */
const goesOn = (app: Child<App>, name: string) =>
  until(() => count(app, name).catch(() => undefined), 30_000, 'the app to go on');

const ENDED = /has not answered for 1\.5 seconds: it has been ended/g;
const times = (said: RegExp, ...apps: Child<App>[]) =>
  apps.flatMap((app) => app.output().match(said) ?? []).length;

t.test('so many looks in a row, each without an answer: counted with told time', async (t) => {
  const { everyMs, inVain } = LOOKS;
  t.ok(everyMs * inVain >= 30_000 && everyMs * (inVain + 1) <= 45_000);
  let now = 1000;
  const row = new Row(LOOKS, now);
  const look = (after = everyMs) => {
    now += after;
    return row.look(now);
  };
  const inRow = (looks: number) => Array.from({ length: looks }, () => look());
  const waits = { ask: false, full: false };
  t.same(look(), { ask: true, full: false });
  t.same(inRow(inVain - 1), Array(inVain - 1).fill(waits), 'one question is enough');
  t.same(look(), { ask: false, full: true });
  t.ok(row.begun);
  t.same(inRow(inVain - 1), Array(inVain - 1).fill(waits));
  t.same(look(), { ask: false, full: true }, 'and so each further row');
  row.answered();
  t.notOk(row.begun);
  t.same(look(), { ask: true, full: false }, 'an answer, however late, clears it');
  inRow(inVain - 1);
  row.answered();
  t.same(inRow(inVain), [{ ask: true, full: false }, ...Array(inVain - 1).fill(waits)]);
  t.same(look(everyMs * 1.21), waits, 'a look that is late itself says nothing of the sidecar');
  t.same(inRow(inVain - 1), Array(inVain - 1).fill(waits));
  t.same(look(everyMs * 1.19), { ask: false, full: true });
});

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
    const second = await another(place, pid);
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

t.test('a busy sidecar that answers late, again and again, is not ended', onUnix, async (t) => {
  const place = await host(t);
  const app = await startRun(t, place, impatient());
  const pid = Number(await sidecarPid(place));
  // Each time for two or three looks; with no answer in between they were more than two rows.
  for (let n = 0; n < 5; n += 1) {
    stop(t, pid);
    await pause(ROW_MS / 2);
    kill(pid, 'SIGCONT');
    t.equal(await count(app, 'late'), n + 1);
    await pause(EVERY_MS);
  }
  t.equal(await sidecarPid(place), pid);
  t.equal(times(/has not answered/g, app), 0);
  t.same(await stopRun(app), { code: 5, signal: null });
});

t.test('where the whole machine stood still, nobody is ended', onUnix, async (t) => {
  const place = await host(t);
  const app = await startRun(t, place, impatient());
  const pid = Number(await sidecarPid(place));
  for (let n = 0; n < 3; n += 1) {
    for (const each of [pid, app.pid]) stop(t, each);
    await pause(2 * ROW_MS);
    for (const each of [app.pid, pid]) kill(each, 'SIGCONT');
    t.equal(await count(app, 'frozen'), n + 1);
  }
  t.equal(await sidecarPid(place), pid);
  t.equal(times(/has not answered/g, app), 0);
  t.same(await stopRun(app), { code: 5, signal: null });
});

t.test('one that was started by hand is not ended', onUnix, async (t) => {
  const place = await host(t);
  const byHand = await startSidecar({ env: { AZURE_CACHE_SOCKET: place.socket } });
  t.teardown(() => byHand.stop());
  const app = await startRun(t, place, impatient());
  byHand.pause();
  await pause(3 * ROW_MS);
  byHand.resume();
  t.equal(await count(app, 'a'), 1);
  t.equal(await sidecarPid(place), byHand.pid);
  t.same(await stopRun(app), { code: 5, signal: null });
});

t.test('from within an app, which neither stays alive for the looks', onUnix, async (t) => {
  const place = await host(t);
  const app = await startRun(t, place, { args: [IMPATIENT, patience, 'import', APP] });
  const pid = Number(await sidecarPid(place));
  stop(t, pid);
  t.equal(await goesOn(app, 'a'), 1);
  t.equal(times(ENDED, app), 1);
  const second = await another(place, pid);
  t.same(await stopRun(app), { code: 5, signal: null });
  await gone(second);
  const idle = 'data:text/javascript,setTimeout(() => console.log("done"), 1000)';
  const program = spawn(process.execPath, [IMPATIENT, patience, 'import', idle], {
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

const identity: Identity = { owner: 'user 1', fingerprint: '0123456789abcdef', backend: 'none' };

t.test('what a runner says may come in pieces, or together', onUnix, async (t) => {
  const place = await host(t);
  const app = await startRun(t, place);
  const around = { ...surroundings([], place.env), cwd: place.folder };
  const { owner, fingerprint } = identityIn(loadConfig(around), around);
  const call = request({
    socketPath: place.socket,
    path: '/v1/runner',
    headers: {
      ...{ Connection: 'Upgrade', Upgrade: 'azurecache-runner/1' },
      ...{ 'Azurecache-Owner': encodeURIComponent(owner), 'Azurecache-Fingerprint': fingerprint },
    },
  }).end();
  const [{ headers }, socket] = await within(once(call, 'upgrade'), 5000, 'the attachment');
  t.equal(Number(headers['azurecache-pid']), await sidecarPid(place));
  let said = '';
  socket.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  for (const part of ['lo', 'ok\nlo', 'ok\nlook\n', 'nothing that is known\nlook\nle', 'ave\n']) {
    socket.write(part);
    // Else the system puts them together.
    await pause(20);
  }
  await until(() => socket.readableEnded, 5000, 'the sidecar to let go');
  t.equal(said, 'here\n'.repeat(4));
  t.same(await stopRun(app), { code: 5, signal: null });
});

t.test('a sidecar of an older version is not asked: it would not understand LEAVE after it', async (t) => {
  const place = await host(t);
  let said = '';
  let other: Socket | undefined;
  const old = createServer((socket) => {
    other = socket;
    socket.on('data', (chunk) => {
      if (said === '')
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: azurecache-runner/1\r\nConnection: Upgrade\r\n\r\n',
        );
      said += chunk;
    });
  });
  old.listen(place.socket);
  await once(old, 'listening');
  t.teardown(() => void old.close());
  const attachment = await attach(
    { socketPath: place.socket },
    { identity, apiToken: undefined, background: false },
  );
  t.equal(attachment.watched, undefined);
  other?.destroy();
  await attachment.gone;
});
