// The sidecar as a WebJob of App Service: what Kudu gives it (a port, a file that asks it to end) and what Kudu forwards
// to it. The archive that is uploaded is tested in test/long/webjob.test.ts.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ask, get, put } from './fixtures/ask.js';
import { freePort } from './fixtures/free-port.js';
import { startRedis } from './fixtures/redis.js';
import { refusedStart } from './fixtures/refused-start.js';
import { type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { tempFolder } from './fixtures/temp-folder.js';
import { until, within } from './fixtures/wait.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const ENDED = { code: 0, signal: null };
const messages = (sidecar: Sidecar) => sidecar.logs().map(({ msg }) => msg);
const said = (sidecar: Sidecar, message: string) =>
  until(() => messages(sidecar).includes(message), 10_000, `the log line "${message}"`);
const endOf = (sidecar: Sidecar) => within(sidecar.ended, 15_000, 'the end of the sidecar');
const NO_PORT = { AZURE_CACHE_PORT: '' };

t.test('once the file is there, requests under way get their answers and the exit code is 0', async (t) => {
  await using redis = await startRedis();
  const file = join(await tempFolder(t), 'x1b2.c3d');
  await using sidecar = await startSidecar({
    env: {
      ...{ WEBJOBS_SHUTDOWN_FILE: file, AZURE_CACHE_LOG_LEVEL: 'debug' },
      ...{ AZURE_CACHE_CONNECTION: redis.url, AZURE_CACHE_DEADLINE_MS: '10000' },
    },
  });
  await put({ url: sidecar.url }, 'a', 'hello');
  redis.pause();
  const before = sidecar.logs().length;
  const answer = get({ url: sidecar.url }, 'a');
  await until(() => sidecar.logs().length > before, 5000, 'the request in the log');
  const asked = performance.now();
  await writeFile(file, '');
  await said(sidecar, 'closing');
  t.ok(performance.now() - asked < 5000, 'it has noticed soon');
  redis.resume();
  t.match(await answer, { status: 200, text: 'hello' });
  t.same(await endOf(sidecar), ENDED);
  t.match(
    sidecar.logs().find(({ msg }) => msg === 'closing'),
    { signal: 'WEBJOBS_SHUTDOWN_FILE' },
  );
  t.equal(messages(sidecar).at(-1), 'closed');
});

t.test('a file that is there already ends it too: it cannot be one of an earlier run', async (t) => {
  const file = join(await tempFolder(t), 'asked-early');
  await writeFile(file, '');
  await using sidecar = await startSidecar({ env: { WEBJOBS_SHUTDOWN_FILE: file } });
  t.same(await endOf(sidecar), ENDED);
  t.same(messages(sidecar), ['ready', 'closing', 'closed']);
});

t.test('without the folder it says so, and still looks for the file', async (t) => {
  const folder = join(await tempFolder(t), 'JobsShutdown');
  const file = join(folder, 'late');
  await using sidecar = await startSidecar({ env: { WEBJOBS_SHUTDOWN_FILE: file } });
  t.match(
    sidecar.logs().find(({ level }) => level === 40),
    { msg: /WEBJOBS_SHUTDOWN_FILE cannot be watched/, err: { code: 'ENOENT' } },
  );
  await mkdir(folder);
  await writeFile(file, '');
  t.same(await endOf(sidecar), ENDED);
});

t.test('other files in the folder mean nothing', async (t) => {
  const folder = await tempFolder(t);
  await using sidecar = await startSidecar({ env: { WEBJOBS_SHUTDOWN_FILE: join(folder, 'mine') } });
  await writeFile(join(folder, 'other'), '');
  await writeFile(join(folder, 'mine.tmp'), '');
  t.equal((await ask({ url: sidecar.url }, 'GET /readyz')).status, 200);
  t.same(messages(sidecar), ['ready']);
  await writeFile(join(folder, 'mine'), '');
  t.same(await endOf(sidecar), ENDED);
});

t.test('WEBJOBS_PORT is the port where no source of ours has one', async (t) => {
  const port = String(await freePort());
  await using first = await startSidecar({ env: { ...NO_PORT, WEBJOBS_PORT: port } });
  t.equal(new URL(first.url).port, port);
  await using second = await startSidecar({ env: { AZURE_CACHE_PORT: '0', WEBJOBS_PORT: port } });
  t.not(new URL(second.url).port, port, 'the environment');
  const args = ['--port=0'];
  await using third = await startSidecar({ args, env: { ...NO_PORT, WEBJOBS_PORT: port } });
  t.not(new URL(third.url).port, port, 'a flag');
  const cwd = await tempFolder(t);
  await writeFile(join(cwd, 'azurecache.json'), '{"port": 0}');
  await using fourth = await startSidecar({ cwd, env: { ...NO_PORT, WEBJOBS_PORT: port } });
  t.not(new URL(fourth.url).port, port, 'the file');
  await refusedStart(t, { env: { ...NO_PORT, WEBJOBS_PORT: 'soon' } }, 'WEBJOBS_PORT', 'from 0 to 65535');
});

// Kudu.Core/Jobs/ContinuousJobsManager.cs: every header of the browser's but Host, to localhost and the port.
const kudus = (sidecar: Sidecar) => ({
  host: `localhost:${new URL(sidecar.url).port}`,
  authorization: 'Basic ZGVwbG95OnNlY3JldA==',
});

t.test('whoever has signed in to Kudu reads the cache through it, but no web page writes', async (t) => {
  await using sidecar = await startSidecar();
  await put({ url: sidecar.url }, 'a', 'hello');
  const headers = kudus(sidecar);
  t.match(await ask({ url: sidecar.url }, 'GET /v1/cache/a', { headers }), { status: 200, text: 'hello' });
  const page = { ...headers, origin: 'https://site.scm.azurewebsites.net' };
  const written = await ask({ url: sidecar.url }, 'PUT /v1/cache/a', { headers: page, body: 'x' });
  t.match(written, { status: 403, error: { code: 'origin_refused' } });
});

t.test('with a token of the sidecar, Kudu shows whether it lives, and nothing else', async (t) => {
  await using sidecar = await startSidecar({ env: { AZURE_CACHE_API_TOKEN: 'a-token-of-the-test' } });
  const headers = kudus(sidecar);
  t.equal((await ask({ url: sidecar.url }, 'GET /healthz', { headers })).status, 200);
  t.equal((await ask({ url: sidecar.url }, 'GET /v1/cache/a', { headers })).status, 401);
});

t.test('settings.job gives it the time that it may take to end, and runs it on every instance', async (t) => {
  const settings = JSON.parse(await readFile(join(root, 'deploy/webjob/settings.job'), 'utf8'));
  const source = await readFile(join(root, 'src/sidecar.ts'), 'utf8');
  const ms = (name: string) => Number(source.match(`const ${name} = ([\\d_]+);`)?.[1]?.replace('_', ''));
  // The default deadline, and what it takes to notice the file and to leave.
  const needed = 2000 + ms('DRAIN_MS') + ms('BACKEND_CLOSE_MS') + 2000;
  t.ok(settings.stopping_wait_time * 1000 >= needed, `${needed} ms`);
  t.equal(settings.is_singleton, false);
});
