// `node --import azurecache-sidecar/start server.js`: the app has its sidecar before it is loaded, shares it, and keeps it
// from within its own process.
import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import {
  count,
  gone,
  type Host,
  host,
  kill,
  runToEnd,
  sidecarPid,
  startRun,
  stopRun,
  successor,
} from './fixtures/run.js';
import { until } from './fixtures/wait.js';

const run = promisify(execFile);
const START = new URL('../dist/start.js', import.meta.url).href;
const COMMAND = fileURLToPath(new URL('../bin/azurecache.js', import.meta.url));
const APP = fileURLToPath(new URL('./fixtures/run-app.cjs', import.meta.url));
const onUnix = { skip: process.platform === 'win32' && 'Windows has no signals' };
const app = { args: ['--import', START, APP] };
const node = ({ folder, env }: Host, ...args: string[]) =>
  run(process.execPath, ['--import', START, ...args], { env, cwd: folder, timeout: 30_000 });

t.test('an app has the URL when it is loaded, and its end is its own', onUnix, async (t) => {
  const place = await host(t);
  const first = await startRun(t, place, app);
  t.equal(first.ready.first, 1);
  t.equal(first.ready.url, `unix:${place.socket}`);
  const pid = Number(await sidecarPid(place));
  t.same(await stopRun(first), { code: 5, signal: null }, 'its own handler of the signal decides');
  await gone(pid);
  t.same(await readdir(place.folder), []);
});

t.test(
  'two processes share a sidecar, with azurecache run too; a killed starter is not missed',
  onUnix,
  async (t) => {
    const place = await host(t);
    const first = await startRun(t, place, app);
    const second = await startRun(t, place, app);
    const third = await startRun(t, place);
    const pid = Number(await sidecarPid(place));
    t.same([second.ready.first, third.ready.first], [2, 3]);
    kill(first.pid, 'SIGKILL');
    await gone(first.pid);
    t.equal(await count(second, 'a'), 1);
    t.equal(await sidecarPid(place), pid);
    await stopRun(third);
    await stopRun(second);
    await gone(pid);
  },
);

t.test('a sidecar that is killed is started again from within the app', onUnix, async (t) => {
  const place = await host(t);
  const first = await startRun(t, place, app);
  const pid = Number(await sidecarPid(place));
  kill(pid, 'SIGKILL');
  await gone(pid);
  t.equal(await count(first, 'a'), 1);
  const second = await successor(place, pid);
  t.same(await stopRun(first), { code: 5, signal: null });
  await gone(second);
});

t.test('an app that has gone to another folder has the settings it was started with', onUnix, async (t) => {
  const place = await host(t);
  await writeFile(join(place.folder, 'azurecache.json'), JSON.stringify({ keyPrefix: 'shop:' }));
  await mkdir(join(place.folder, 'elsewhere'));
  const start = `process.chdir('elsewhere'); process.env.AZURE_CACHE_KEY_PREFIX = 'blog:'; require(${JSON.stringify(APP)})`;
  const first = await startRun(t, place, { args: ['--import', START, '-e', start] });
  const pid = Number(await sidecarPid(place));
  kill(pid, 'SIGKILL');
  await gone(pid);
  t.equal(await count(first, 'a'), 1);
  await until(() => first.output().includes('a sidecar is there again'), 10_000, 'it to attach again');
  t.same(await stopRun(first), { code: 5, signal: null });
});

t.test(
  'where NODE_OPTIONS names it, azurecache itself starts no sidecar before it does its work',
  async (t) => {
    const place = await host(t);
    place.env.NODE_OPTIONS = `--import ${START}`;
    // Its exit code tells of other things too.
    const options = { env: place.env, cwd: place.folder, timeout: 60_000 };
    const { stdout, stderr } = await run(process.execPath, [COMMAND, 'doctor'], options).catch(
      (error) => error,
    );
    t.match(stdout, /^ok +socket +.* is free$/m);
    t.equal(stderr, '');
  },
);

t.test('it does not keep a program alive, and prints nothing on stdout', async (t) => {
  const { stdout } = await node(await host(t), '-e', 'console.log("mine")');
  t.equal(stdout, 'mine\n');
});

t.test('a program that sees a URL of somebody else leaves it, and starts nothing', async (t) => {
  const place = await host(t, { env: { AZURE_CACHE_URL: 'http://127.0.0.1:1' } });
  const { stdout, stderr } = await node(place, '-p', 'process.env.AZURE_CACHE_URL');
  t.match({ stdout, stderr }, { stdout: 'http://127.0.0.1:1\n', stderr: '' });
  t.same(await readdir(place.folder), []);
});

t.test('children and workers share it, and the sidecar itself is not told to start one', async (t) => {
  const place = await host(t);
  place.env.NODE_OPTIONS = `--import ${START}`;
  const program = `
    const { execFileSync } = require('node:child_process');
    const { Worker } = require('node:worker_threads');
    const url = process.env.AZURE_CACHE_URL;
    const child = execFileSync(process.execPath, ['-p', 'process.env.AZURE_CACHE_URL'], { encoding: 'utf8' }).trim();
    new Worker('require("node:worker_threads").parentPort.postMessage(process.env.AZURE_CACHE_URL)', { eval: true })
      .on('message', (worker) => console.log(url === child, url === worker, url));`;
  const { stdout, stderr } = await run(process.execPath, ['-e', program], {
    env: place.env,
    cwd: place.folder,
  });
  t.match(stdout, /^true true (unix|pipe):/);
  t.equal(stderr.split('"msg":"ready"').length - 1, 1, 'one sidecar');
});

t.test('where it cannot start, the app is not loaded, and one sentence says why', async (t) => {
  const place = await host(t);
  const failed = async (env: NodeJS.ProcessEnv, said: RegExp) => {
    const loaded = node({ ...place, env: { ...place.env, ...env } }, '-e', 'console.log("loaded")');
    await t.rejects(loaded, { code: 1, stdout: '', stderr: said });
  };
  await failed({ AZURE_CACHE_CONECTION: 'x' }, /AZURE_CACHE_CONNECTION/);
  await failed({ AZURE_CACHE_CONNECTION: '127.0.0.1:1,frobnicate=1' }, /AZURE_CACHE_CONNECTION/);
  const first = await startRun(t, place, app);
  await failed({ AZURE_CACHE_KEY_PREFIX: 'other:' }, /cannot be shared/);
  await stopRun(first);
  t.match(await runToEnd(place, ['--', process.execPath, '-e', '']), { code: 0 });
});

t.test('the package names it: azurecache-sidecar/start', async (t) => {
  t.equal(import.meta.resolve('azurecache-sidecar/start'), START);
});
