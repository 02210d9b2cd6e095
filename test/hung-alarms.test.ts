// What looks like a sidecar that hangs and is not (a late answer, a machine that stood still), what runners do not look after,
// and how looks are counted and written. One that hangs: hung.test.ts.
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import t from 'tap';
import { identityIn, surroundings } from '../src/around.js';
import { loadConfig } from '../src/config.js';
import { attach } from '../src/run/attach.js';
import { LOOKS, Row } from '../src/run/hung.js';
import type { Identity } from '../src/run/identity.js';
import { EVERY_MS, impatient, pause, ROW_MS, stop, times } from './fixtures/impatient.js';
import { count, host, kill, sidecarPid, startRun, stopRun } from './fixtures/run.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until, within } from './fixtures/wait.js';

const onUnix = { skip: process.platform === 'win32' && 'Windows has no SIGSTOP' };

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

const identity: Identity = { owner: 'user 1', fingerprint: '0123456789abcdef', backend: 'none' };

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
