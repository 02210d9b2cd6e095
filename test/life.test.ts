// The life of the process: what it says when it is ready, and how signals end it. Refused starts: start.test.ts.
import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ask, get, put } from './fixtures/ask.js';
import { startChild } from './fixtures/child.js';
import { connectDoor, rawRequest } from './fixtures/http.js';
import { type Redis, startRedis } from './fixtures/redis.js';
import { cleanEnvironment, type LogRecord, type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { tempFolder } from './fixtures/temp-folder.js';
import { until, within } from './fixtures/wait.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const missing = (path: string) =>
  stat(path).then(
    () => false,
    ({ code }) => code === 'ENOENT',
  );
const said = (sidecar: Sidecar, message: string) =>
  until(() => sidecar.logs().some(({ msg }) => msg === message), 10_000, `the log line "${message}"`);

/** Resolves with the error code of a connection that must not come about. */
function refusedAt(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('connect', () => socket.destroy() && resolve('connected'));
  });
}

/** A PUT whose body has not been sent yet, though the sidecar has asked for it: under way for sure. */
async function beginPut(url: string, key: string, bytes: number) {
  const socket = await connectDoor({ url });
  const leave = new Promise<void>((resolve) => socket.once('data', () => resolve()));
  const head = [
    'PUT',
    `/v1/cache/${key}`,
    'HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue',
  ];
  socket.write(`${head.join(' ')}\r\nContent-Length: ${bytes}\r\n\r\n`);
  await within(leave, 5000, 'leave to send the body');
  return socket;
}

function startOn(redis: Redis, env: Record<string, string> = {}): Promise<Sidecar> {
  return startSidecar({
    env: { AZURE_CACHE_CONNECTION: redis.url, AZURE_CACHE_DEADLINE_MS: '10000', ...env },
  });
}

t.test(
  'the ready line names every door, the process, the version and the backend without its password',
  async (t) => {
    await using sidecar = await startSidecar();
    const ready = sidecar.logs().filter(({ msg }) => msg === 'ready') as (LogRecord & { doors: object[] })[];
    t.equal(ready.length, 1);
    const port = Number(new URL(sidecar.url).port);
    t.same(ready[0]?.doors, [
      { kind: 'socket', path: sidecar.socketPath },
      { kind: 'tcp', host: '127.0.0.1', port, url: `http://127.0.0.1:${port}` },
    ]);
    t.match(ready[0], { pid: sidecar.pid, version: /^\d+\.\d+\.\d+/, backend: { backend: 'embedded' } });
    t.equal((await put({ url: sidecar.url }, 'a', 'hello')).status, 204);
    t.equal(
      (await get({ socketPath: sidecar.socketPath }, 'a')).text,
      'hello',
      'both doors lead to one cache',
    );
  },
);

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  t.test(
    `${signal}: a request under way gets its answer, then every door is closed and the exit code is 0`,
    async (t) => {
      await using redis = await startRedis();
      const sidecar = await startOn(redis);
      const { url, socketPath } = sidecar;
      const waiting = await beginPut(url, 'waiting', 1);
      const uploading = await beginPut(url, 'uploading', 5);
      redis.pause();
      const waitingAnswer = rawRequest(waiting, 'v');
      t.equal((await ask({ url }, 'GET /healthz')).status, 200, 'so the body before it has arrived too');
      const ended = sidecar.stop(signal);
      await said(sidecar, 'closing');
      const uploadingAnswer = rawRequest(uploading, 'hello');
      redis.resume();
      t.match(await waitingAnswer, /^HTTP\/1\.1 204 /);
      t.match(await uploadingAnswer, /^HTTP\/1\.1 204 /);
      t.same(await ended, { code: 0, signal: null });
      t.same([await redis.cli('GET', 'waiting'), await redis.cli('GET', 'uploading')], ['v', 'hello']);
      t.equal(await refusedAt(url), 'ECONNREFUSED');
      t.ok(await missing(socketPath), 'the socket is gone');
      t.ok(await missing(`${socketPath}.json`), 'the discovery file is gone');
    },
  );

t.test('a second signal ends the sidecar at once, whatever is under way', async (t) => {
  await using redis = await startRedis();
  const sidecar = await startOn(redis, { AZURE_CACHE_DEADLINE_MS: '60000' });
  const upload = await beginPut(sidecar.url, 'a', 5);
  const answer = rawRequest(upload, 'he');
  sidecar.process.kill('SIGTERM');
  await said(sidecar, 'closing');
  t.same(await sidecar.stop(), { code: 1, signal: null });
  t.equal(await answer, '', 'no answer to half a request');
});

t.test('a request that never ends does not keep the sidecar from ending', async (t) => {
  const sidecar = await startSidecar({ env: { AZURE_CACHE_DEADLINE_MS: '100' } });
  const upload = await beginPut(sidecar.url, 'a', 5);
  const answer = rawRequest(upload, 'he');
  t.same(await sidecar.stop(), { code: 0, signal: null });
  t.equal(await answer, '');
});

t.test('SIGTERM to npm start ends the sidecar too: exit code 0, no process and no door left', async (t) => {
  const socket = `${await tempFolder(t)}/door.sock`;
  const npm = await startChild({
    name: 'npm start',
    command: 'npm',
    args: ['start'],
    cwd: ROOT,
    env: { ...cleanEnvironment(), AZURE_CACHE_PORT: '0', AZURE_CACHE_SOCKET: socket },
    readyLine: (line) => (line.includes('"msg":"ready"') ? JSON.parse(line) : undefined),
  });
  const { pid, doors } = npm.ready;
  const { url } = doors[1];
  t.equal((await ask({ url }, 'GET /readyz')).status, 200);
  t.same(await npm.stop(), { code: 0, signal: null });
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'the sidecar has ended before npm did');
  t.equal(await refusedAt(url), 'ECONNREFUSED');
  t.ok(await missing(socket));
});
