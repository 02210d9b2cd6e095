// How a sidecar on Windows ends: in order on Ctrl+C (which Wine makes of a SIGINT to the process), at once on a second
// one; killed hard, it hinders no successor. Windows has no SIGTERM: TerminateProcess ends a process without a word.
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { ask } from '../fixtures/ask.js';
import { freePort } from '../fixtures/free-port.js';
import { connectDoor, rawRequest } from '../fixtures/http.js';
import { startRedis } from '../fixtures/redis.js';
import { until, within } from '../fixtures/wait.js';
import { startWindowsSidecar, type WindowsSidecar } from './sidecar.js';
import { driveC } from './windows-user.js';

const run = promisify(execFile);
const said = (sidecar: WindowsSidecar, message: string) =>
  until(() => sidecar.logs().some(({ msg }) => msg === message), 20_000, `the log line "${message}"`);

/** A PUT whose body has not been sent yet, though the sidecar has asked for it: under way for sure. */
async function beginPut(sidecar: WindowsSidecar, door: 'url' | 'socketPath', bytes: number) {
  const socket = await connectDoor(
    door === 'url' ? { url: sidecar.url } : { socketPath: sidecar.socketPath },
  );
  const leave = new Promise<void>((resolve) => socket.once('data', () => resolve()));
  socket.write(
    `PUT /v1/cache/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: ${bytes}\r\n\r\n`,
  );
  await within(leave, 10_000, 'leave to send the body');
  return socket;
}

t.test('Ctrl+C: what is under way on either door gets its answer, then it ends with 0', async (t) => {
  await using redis = await startRedis();
  const sidecar = await startWindowsSidecar({
    env: { AZURE_CACHE_CONNECTION: redis.url, AZURE_CACHE_DEADLINE_MS: '10000' },
  });
  const uploads = [await beginPut(sidecar, 'url', 5), await beginPut(sidecar, 'socketPath', 5)];
  const ended = sidecar.stop();
  await said(sidecar, 'closing');
  for (const upload of uploads) t.match(await rawRequest(upload, 'hello'), /^HTTP\/1\.1 204 /);
  t.same(await ended, { code: 0, signal: null });
  t.equal(await redis.cli('GET', 'a'), 'hello');
  t.ok(sidecar.logs().some(({ msg }) => msg === 'closed'));
  await t.rejects(connectDoor({ url: sidecar.url }), { code: 'ECONNREFUSED' });
});

t.test('a second Ctrl+C ends it at once, whatever is under way', async (t) => {
  const sidecar = await startWindowsSidecar({ env: { AZURE_CACHE_DEADLINE_MS: '60000' } });
  const upload = await beginPut(sidecar, 'url', 5);
  const answer = rawRequest(upload, 'he');
  sidecar.process.kill('SIGINT');
  await said(sidecar, 'closing');
  t.same(await sidecar.stop(), { code: 1, signal: null });
  t.equal(await answer, '', 'no answer to half a request');
});

t.test('as a WebJob it takes the port of Kudu, and ends in order when Kudu creates the file', async (t) => {
  const [folder, port] = [`C:\\azurecache-job-${process.pid}`, await freePort()];
  await mkdir(driveC(folder), { recursive: true });
  t.teardown(() => rm(driveC(folder), { recursive: true }));
  const sidecar = await startWindowsSidecar({
    env: {
      ...{ WEBJOBS_PORT: String(port), WEBJOBS_SHUTDOWN_FILE: `${folder}\\k3v9xw1q.5fz` },
      ...{ AZURE_CACHE_PORT: '', AZURE_CACHE_DEADLINE_MS: '10000' },
    },
  });
  t.equal(sidecar.url, `http://127.0.0.1:${port}`);
  const upload = await beginPut(sidecar, 'url', 5);
  await writeFile(driveC(`${folder}\\k3v9xw1q.5fz`), '');
  await said(sidecar, 'closing');
  t.match(await rawRequest(upload, 'hello'), /^HTTP\/1\.1 204 /);
  t.same(await sidecar.ended, { code: 0, signal: null });
});

t.test('after a hard end its port is free again at once', async (t) => {
  const env = { AZURE_CACHE_PORT: String(await freePort()) };
  const first = await startWindowsSidecar({ env });
  t.equal((await ask({ url: first.url }, 'GET /readyz')).status, 200);
  await first.kill();
  await using second = await startWindowsSidecar({ env });
  t.equal(second.url, first.url);
});

t.test('curl, which is no Windows program, is served by the TCP door meanwhile', async (t) => {
  await using sidecar = await startWindowsSidecar();
  const url = `${sidecar.url}/v1/cache/greeting`;
  const curl = async (...args: string[]) =>
    (await run('curl', ['-sS', '-w', ' %{http_code}', ...args, url])).stdout;
  t.equal(await curl('-X', 'PUT', '--data-binary', 'hello'), ' 204');
  t.equal(await curl(), 'hello 200');
  t.equal(await curl('-X', 'DELETE'), ' 204');
  t.match(await curl(), / 404$/);
});
