// The transport and real sidecars: found by itself, waited for, killed under load, restarted, paused, with a token.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { AzureCacheError } from '../client/dist/errors.js';
import type { Operation } from '../client/dist/transport/operation.js';
import { openTransport, type Transport, type TransportOptions } from '../client/dist/transport/transport.js';
import { freePort } from './fixtures/free-port.js';
import { failureOf } from './fixtures/peer.js';
import { type Redis, startRedis } from './fixtures/redis.js';
import { cleanEnvironment, type Sidecar, type SidecarOptions, startSidecar } from './fixtures/sidecar.js';
import { tempFolder } from './fixtures/temp-folder.js';
import { until, within } from './fixtures/wait.js';

const TOKEN = 'planted-token-0123456789';
const get = (key: string): Operation => ({ verb: 'get', key });
const put = (key: string): Operation => ({ verb: 'put', key, value: Buffer.alloc(1024, key) });

async function start(t: Test, options: SidecarOptions = {}): Promise<Sidecar> {
  const sidecar = await startSidecar(options);
  t.teardown(() => sidecar.stop());
  return sidecar;
}

/** A handle that is closed after the test. */
function open(t: Test, options: TransportOptions): Transport {
  const transport = openTransport(options);
  t.teardown(() => transport.close());
  return transport;
}

/** Calls without end, `width` at a time, until told to stop; answers what became of each. */
function load(transport: Transport, width: number, operationOf: (n: number) => Operation) {
  const ends: { operation: Operation; error: AzureCacheError | undefined; ms: number }[] = [];
  let stopped = false;
  let asked = 0;
  const one = async () => {
    while (!stopped) {
      const operation = operationOf(asked++);
      const at = performance.now();
      const error = await transport.run(operation).then(
        () => undefined,
        (failure: AzureCacheError) => failure,
      );
      ends.push({ operation, error, ms: performance.now() - at });
      // When everything fails at once, the rest of the process must go on too.
      if (error) await new Promise((next) => setTimeout(next, 5));
    }
  };
  const all = Promise.all(Array.from({ length: width }, one));
  const stop = async () => {
    stopped = true;
    await all;
    return ends;
  };
  return { ends, stop };
}

/** A sidecar on this Redis behind this socket, and no other door. */
const behind = (socket: string, redis: Redis): SidecarOptions => ({
  env: { AZURE_CACHE_SOCKET: socket, AZURE_CACHE_PORT: 'off', AZURE_CACHE_CONNECTION: redis.url },
});

t.test(
  'killed with -9 under load and started again: reads survive, writes say what became of them',
  async (t) => {
    const redis = await startRedis();
    t.teardown(() => redis.stop());
    const socket = join(await tempFolder(t), 'a.sock');
    const first = await start(t, behind(socket, redis));
    // Longer than a start takes, also on a busy machine.
    const transport = open(t, { url: `unix:${socket}`, waitMs: 30_000, deadlineMs: 30_000 });
    const reads = load(transport, 32, (n) => get(`w${n % 100}`));
    const writes = load(transport, 32, (n) => put(`w${n}`));
    await until(() => writes.ends.length > 500 && reads.ends.length > 500, 20_000, 'the load to run');
    await first.kill();
    await start(t, behind(socket, redis));
    const before = { reads: reads.ends.length, writes: writes.ends.length };
    await until(
      () => reads.ends.length > before.reads + 500 && writes.ends.length > before.writes + 500,
      30_000,
      'the load to run again',
    );
    const written = await writes.stop();
    t.same(
      (await reads.stop()).filter(({ error }) => error),
      [],
      'no read failed',
    );
    const failed = written.filter(({ error }) => error);
    t.ok(failed.length > 0 && failed.length <= 32, `${failed.length} writes were under way`);
    for (const { error } of failed) t.match(error, { code: 'connection_lost', outcome: 'unknown' });
    const keys = new Set((await redis.cli('keys', 'w*')).split('\n'));
    const missing = written.filter(({ error, operation }) => !error && !keys.has(operation.key ?? ''));
    t.same(missing, [], 'what was acknowledged is there');
  },
);

t.test('killed with -9 under load and not started again: every call ends by its deadline', async (t) => {
  const sidecar = await start(t);
  const deadlineMs = 500;
  const transport = open(t, { url: `unix:${sidecar.socketPath}`, deadlineMs, waitMs: 1500 });
  const calls = load(transport, 64, (n) => (n % 2 === 0 ? get(`k${n}`) : put(`k${n}`)));
  await until(() => calls.ends.length > 1000, 20_000, 'the load to run');
  await sidecar.kill();
  const wentAt = performance.now();
  await until(
    () => performance.now() - wentAt > 2000 && (calls.ends.at(-1)?.ms ?? 99) < 100,
    10_000,
    'calls to fail at once',
  );
  const ends = await calls.stop();
  const longest = Math.max(...ends.map(({ ms }) => ms));
  t.ok(longest < deadlineMs + 400, `the longest call took ${longest} ms`);
  const failed = ends.filter(({ error }) => error);
  const told = new Set(
    failed.map(({ error, operation }) => `${operation.verb} ${error?.code} ${error?.outcome}`),
  );
  for (const each of told)
    t.ok(
      [
        'get sidecar_unreachable not_applied',
        'put sidecar_unreachable not_applied',
        'put connection_lost unknown',
      ].includes(each),
      each,
    );
  const unknown = failed.filter(({ error }) => error?.outcome === 'unknown');
  t.ok(unknown.length <= 64, `${unknown.length} unknown outcomes, no more than were under way`);
});

t.test('stopped in order under load and started again: no read fails', async (t) => {
  const redis = await startRedis();
  t.teardown(() => redis.stop());
  const socket = join(await tempFolder(t), 'a.sock');
  const first = await start(t, behind(socket, redis));
  const transport = open(t, { url: `unix:${socket}`, waitMs: 30_000, deadlineMs: 30_000 });
  const reads = load(transport, 16, (n) => get(`k${n}`));
  await until(() => reads.ends.length > 500, 20_000, 'the load to run');
  await first.stop();
  await start(t, behind(socket, redis));
  const before = reads.ends.length;
  await until(() => reads.ends.length > before + 500, 30_000, 'the load to run again');
  t.same(
    (await reads.stop()).filter(({ error }) => error),
    [],
  );
});

t.test('a call made before the sidecar is started is answered by it', async (t) => {
  const socket = join(await tempFolder(t), 'a.sock');
  const transport = open(t, { url: `unix:${socket}`, waitMs: 30_000, deadlineMs: 3000 });
  const written = transport.run(put('early'));
  const read = transport.run(get('early'));
  await start(t, { env: { AZURE_CACHE_SOCKET: socket, AZURE_CACHE_PORT: 'off' } });
  t.equal((await within(written, 10_000, 'the write')).status, 'ok');
  t.equal((await read).status, 'ok', 'in the order they were asked');
});

t.test('while the sidecar is paused calls end by their deadline; afterwards all is well', async (t) => {
  const sidecar = await start(t);
  const transport = open(t, { url: sidecar.url, deadlineMs: 300, waitMs: 500 });
  await transport.run(put('k'));
  sidecar.pause();
  const [write, read] = await Promise.all([put('k'), get('k')].map((each) => failureOf(transport.run(each))));
  t.match(write, { code: 'timeout', outcome: 'unknown' });
  t.match(read, { code: 'timeout', outcome: 'not_applied' });
  // Whoever comes new finds a door that takes connections and says nothing.
  const newcomer = open(t, { url: `unix:${sidecar.socketPath}`, deadlineMs: 300, waitMs: 500 });
  t.match(await failureOf(newcomer.run(put('k'))), { code: 'sidecar_unreachable', outcome: 'not_applied' });
  sidecar.resume();
  for (const each of [transport, newcomer])
    await until(
      () =>
        each.run(get('k')).then(
          ({ status }) => status === 'ok',
          () => false,
        ),
      10_000,
      'the calls to succeed again',
    );
});

t.test('the token is asked for on every door, and a wrong one is told at once', async (t) => {
  const sidecar = await start(t, { env: { AZURE_CACHE_API_TOKEN: TOKEN } });
  for (const url of [sidecar.url, `unix:${sidecar.socketPath}`]) {
    t.equal((await open(t, { url, apiToken: TOKEN }).run(put('k'))).status, 'ok');
    for (const options of [{ url }, { url, apiToken: 'another-token' }]) {
      const error = await within(failureOf(open(t, options).run(get('k'))), 2000, 'the refusal');
      t.match(error, { code: 'unauthorized', status: 401, outcome: 'not_applied' });
      t.notMatch(error.message, /planted|another-token/);
    }
  }
});

/** The environment that a sidecar and its clients share: sockets and files go to a folder of the test. */
async function sharedEnvironment(t: Test, port: number | 'off'): Promise<Record<string, string>> {
  const env = { XDG_RUNTIME_DIR: await tempFolder(t), AZURE_CACHE_PORT: String(port) };
  t.intercept(process, 'env', { value: { ...cleanEnvironment(), ...env } });
  return { ...env, AZURE_CACHE_SOCKET: '' };
}

t.test('without a url the sidecar is found by its socket, or by its discovery file alone', async (t) => {
  const port = await freePort();
  const env = await sharedEnvironment(t, port);
  const sidecar = await start(t, { env });
  t.equal(sidecar.socketPath, join(env.XDG_RUNTIME_DIR as string, 'azurecache', 'azurecache.sock'));
  t.equal((await open(t, {}).run(put('k'))).status, 'ok');
  // The file names the port too: it is used where the socket is gone.
  process.env.AZURE_CACHE_PORT = 'off';
  await rm(sidecar.socketPath);
  t.equal((await open(t, {}).run(get('k'))).status, 'ok');
  await rm(`${sidecar.socketPath}.json`);
  const transport = open(t, { waitMs: 0, apiToken: 'so-that-nothing-is-shared' });
  t.match(await failureOf(transport.run(get('k'))), {
    code: 'sidecar_unreachable',
    message: /azurecache.sock/,
  });
});

t.test('the socket and the file of a killed sidecar do not hide one that listens on TCP', async (t) => {
  const port = await freePort();
  const env = await sharedEnvironment(t, port);
  const killed = await start(t, { env: { ...env, AZURE_CACHE_PORT: '0' } });
  await killed.kill();
  const sidecar = await start(t, { env: { ...env, AZURE_CACHE_SOCKET: 'off' } });
  t.equal(sidecar.socketPath, '');
  t.equal((await open(t, {}).run(put('k'))).status, 'ok');
});

t.test('a discovery file that is no JSON is passed over', async (t) => {
  const env = await sharedEnvironment(t, 'off');
  const sidecar = await start(t, { env: { ...env, AZURE_CACHE_PORT: '0' } });
  await writeFile(`${sidecar.socketPath}.json`, '{"doors":', { mode: 0o600 });
  t.equal((await open(t, {}).run(put('k'))).status, 'ok');
});
