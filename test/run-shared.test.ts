// Several runners on one host share one sidecar, whichever of them starts it, dies or leaves; and only those that mean the
// same data.
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Child } from './fixtures/child.js';
import { startRedis } from './fixtures/redis.js';
import {
  type App,
  count,
  gone,
  host,
  kill,
  lives,
  runToEnd,
  sidecarPid,
  startRun,
  stopRun,
  successor,
} from './fixtures/run.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until, within } from './fixtures/wait.js';

const COMMAND = fileURLToPath(new URL('../bin/azurecache.js', import.meta.url));
const SECRET = 'planted-secret-0123456789';
const onUnix = { skip: process.platform === 'win32' && 'Windows has no SIGKILL for a part of a group' };
const nothing = ['--', process.execPath, '-e', ''];

/** The app is answered by its cache; while a sidecar is started again, the client waits. */
const goesOn = async (app: Child<App>, name: string, expected: number) =>
  t.equal(await count(app, name), expected, `${name} of process ${app.ready.pid}`);

t.test('six that start at once have one sidecar; it ends with the last', async (t) => {
  const place = await host(t);
  const apps = await Promise.all(Array.from({ length: 6 }, () => startRun(t, place)));
  t.same(apps.map(({ ready }) => ready.first).sort(), [1, 2, 3, 4, 5, 6], 'they count together');
  const ready = apps.flatMap((app) => app.output().match(/"msg":"ready"/g) ?? []);
  t.equal(ready.length, 1, 'one sidecar became ready');
  const pid = Number(await sidecarPid(place));
  for (const [index, app] of apps.entries()) {
    t.ok(lives(pid), `it lives with ${6 - index}`);
    t.same(await stopRun(app), { code: 5, signal: null });
  }
  await gone(pid);
  t.same(await readdir(place.folder), []);
});

t.test('one that leaves takes nothing from the others, the starter neither', async (t) => {
  const place = await host(t);
  const starter = await startRun(t, place);
  const other = await startRun(t, place);
  const pid = await sidecarPid(place);
  await stopRun(starter);
  t.equal(await count(other, 'a'), 1);
  t.equal(await sidecarPid(place), pid);
  await stopRun(other);
  t.same(await readdir(place.folder), []);
});

t.test(
  'when the starter is killed, the others go on; when all are, the sidecar ends by itself',
  onUnix,
  async (t) => {
    const place = await host(t);
    const starter = await startRun(t, place);
    const other = await startRun(t, place);
    const pid = Number(await sidecarPid(place));
    kill(starter.pid, 'SIGKILL');
    await gone(starter.pid);
    t.equal(await count(other, 'a'), 1);
    t.equal(await sidecarPid(place), pid);
    for (const orphan of [other.pid, starter.ready.pid, other.ready.pid]) kill(orphan, 'SIGKILL');
    await gone(pid);
    t.same(await readdir(place.folder), []);
  },
);

t.test('a sidecar that is killed is started again, by one of them, and clients go on', onUnix, async (t) => {
  await using redis = await startRedis();
  const place = await host(t, { env: { AZURE_CACHE_CONNECTION: redis.url } });
  const apps = await Promise.all([1, 2, 3].map(() => startRun(t, place)));
  const pid = Number(await sidecarPid(place));
  for (const [index, app] of apps.entries()) await goesOn(app, 'kept', index + 1);
  kill(pid, 'SIGKILL');
  await gone(pid);
  for (const [index, app] of apps.entries()) await goesOn(app, 'kept', index + 4);
  const second = await successor(place, pid);
  const output = () => apps.map((app) => app.output()).join('');
  await until(
    () => output().split('a sidecar is there again').length === 4,
    5000,
    'all three to attach again',
  );
  t.equal(output().split('"msg":"ready"').length - 1, 2, 'two sidecars in all');
  for (const app of apps) await stopRun(app);
  await gone(second);
});

t.test('a sidecar that is told to end is started again too', onUnix, async (t) => {
  const place = await host(t);
  const app = await startRun(t, place);
  const pid = Number(await sidecarPid(place));
  kill(pid, 'SIGINT');
  kill(pid, 'SIGHUP');
  t.equal(await count(app, 'a'), 1, 'what a terminal sends it does not heed');
  kill(pid, 'SIGTERM');
  const second = await successor(place, pid);
  t.ok(await count(app, 'a'));
  t.same(await stopRun(app), { code: 5, signal: null });
  await gone(second);
});

t.test('other data are refused, both sides named and no secret shown', async (t) => {
  await using redis = await startRedis();
  const url = (password: string) => `redis://:${password}@127.0.0.1:${redis.port}/0`;
  const place = await host(t, {
    env: { AZURE_CACHE_CONNECTION: url(SECRET), AZURE_CACHE_KEY_PREFIX: 'shop:' },
  });
  await redis.cli('CONFIG', 'SET', 'requirepass', SECRET);
  const app = await startRun(t, place);
  const refused = async (env: NodeJS.ProcessEnv, ...said: string[]) => {
    const { code, stdout, stderr } = await runToEnd(place, [...nothing.slice(0, -1), 'console.log(1)'], env);
    t.match({ code, stdout }, { code: 1, stdout: '' });
    t.match(stderr, /^azurecache: .+\n$/, 'one line');
    const both =
      /This sidecar is for (.*) \(fingerprint (\w{16})\)\. This command is for (.*) \(fingerprint (\w{16})\)/;
    const [, theirs, their, ours, our] = both.exec(stderr) ?? [];
    t.not(`${theirs} ${their}`, `${ours} ${our}`);
    t.match(theirs, `127.0.0.1:${redis.port}, key prefix "shop:"`);
    for (const part of said) t.match(ours, part);
    t.notMatch(stderr, SECRET);
  };
  await refused({ AZURE_CACHE_KEY_PREFIX: 'blog:' }, `127.0.0.1:${redis.port}, key prefix "blog:"`);
  await refused(
    { AZURE_CACHE_CONNECTION: `cache.example:6380,password=${SECRET},ssl=true` },
    'cache.example:6380',
  );
  await refused({ AZURE_CACHE_CONNECTION: `${url(SECRET).slice(0, -1)}1` });
  await refused({ AZURE_CACHE_CONNECTION: '' }, 'the embedded backend');
  await refused({ WEBSITE_SITE_NAME: 'blog' }, 'site blog');
  const same = `127.0.0.1:${redis.port},password=${SECRET}`;
  t.match(await runToEnd(place, nothing, { AZURE_CACHE_CONNECTION: same }), { code: 0, stderr: '' });
  t.same(await stopRun(app), { code: 5, signal: null });
  t.notMatch(app.output(), SECRET);
});

t.test('a sidecar that was started by hand is shared too, and does not end with its runners', async (t) => {
  const place = await host(t);
  const env = { AZURE_CACHE_SOCKET: place.socket };
  const byHand = await startSidecar({ env });
  t.teardown(() => byHand.stop());
  const app = await startRun(t, place);
  t.equal(await sidecarPid(place), byHand.pid);
  t.same(await stopRun(app), { code: 5, signal: null });
  t.ok(lives(byHand.pid));
  const second = await startRun(t, place);
  t.equal(second.ready.first, 2);
  t.same(await byHand.stop(), { code: 0, signal: null });
  const shared = await successor(place, byHand.pid);
  t.ok(await count(second, 'a'));
  await stopRun(second);
  await gone(shared);
});

t.test('on a port that was chosen at the start, the next sidecar has the same one', onUnix, async (t) => {
  const place = await host(t, { env: { AZURE_CACHE_SOCKET: 'off' } });
  const app = await startRun(t, place, { flags: ['--port', '0'] });
  const readyPid = () => {
    const records = app
      .output()
      .split('\n')
      .filter((line) => line.includes('"msg":"ready"'));
    return records.map((line) => JSON.parse(line).pid as number);
  };
  const [first = 0] = readyPid();
  kill(first, 'SIGKILL');
  await gone(first);
  t.equal(await count(app, 'a'), 1);
  t.equal(readyPid().length, 2);
  t.same(await stopRun(app), { code: 5, signal: null });
});

t.test('a sidecar that finds its port taken, and its runner gone, ends at once', async (t) => {
  const { folder, socket, env } = await host(t);
  await using taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  const sidecar = spawn(process.execPath, [COMMAND, 'shared', `--port=${port}`, `--socket=${socket}`], {
    ...{ env, cwd: folder, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  });
  t.teardown(() => void sidecar.kill('SIGKILL'));
  const hasTurn = async () => (await readdir(folder)).some((name) => name.includes('.starting.'));
  await until(hasTurn, 10_000, 'it to start');
  sidecar.disconnect();
  const ended = new Promise((resolve) => sidecar.once('exit', resolve));
  t.equal(await within(ended, 8000, 'its end'), 1);
});

t.test(
  'one that starts while another sidecar is about to give its data folder back waits for it',
  async (t) => {
    const place = await host(t);
    const env = { AZURE_CACHE_DATA_DIR: join(place.folder, 'data') };
    const other = await startSidecar({ env });
    t.teardown(() => other.stop());
    const first = runToEnd(place, ['--', process.execPath, '-e', 'console.log("started")'], env);
    // It has asked for the folder, and not got it.
    await until(
      async () => (await readdir(place.folder)).some((name) => name.includes('.starting.')),
      10_000,
      'a start',
    );
    await until(
      async () => (await readdir(place.folder)).every((name) => !name.includes('.starting.')),
      20_000,
      'its end',
    );
    await other.stop();
    t.match(await first, { code: 0, stdout: 'started\n' });
  },
);
