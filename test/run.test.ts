// `azurecache run`: the sidecar first, then the command with AZURE_CACHE_URL; signals, exit codes, and refusals in one line.
// Several runners: run-shared.test.ts.
import { chmod, readdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { freePort } from './fixtures/free-port.js';
import { count, gone, host, runToEnd, sidecarPid, startRun } from './fixtures/run.js';
import { within } from './fixtures/wait.js';

const SECRET = 'planted-secret-0123456789';
const onUnix = { skip: process.platform === 'win32' && 'Windows has no signals' };
const node = (program: string) => [process.execPath, '-e', program];

t.test('the sidecar is ready before the command starts, and gone when that has ended', async (t) => {
  const place = await host(t);
  const app = await startRun(t, place);
  t.equal(app.ready.first, 1, 'the cache answered the first call of the command');
  t.match(app.ready.url, /^(unix|pipe):/);
  const pid = await sidecarPid(place);
  t.ok(pid);
  t.same(await app.stop(), { code: 5, signal: null });
  await gone(Number(pid));
  t.same(await readdir(place.folder), [], 'no socket, no discovery file, no turn is left');
});

t.test('stdout is the command’s alone; the log of the sidecar goes to stderr', async (t) => {
  const { code, stdout, stderr } = await runToEnd(await host(t), ['--', ...node('console.log("mine")')]);
  t.equal(code, 0);
  t.equal(stdout, 'mine\n');
  t.match(stderr, /"msg":"ready"/);
});

t.test(
  'the exit code is the command’s, and 128+n for a signal; what stands behind -- is not read',
  async (t) => {
    const place = await host(t);
    t.equal((await runToEnd(place, ['--', ...node('process.exit(7)')])).code, 7);
    // The first -- is node's own: it ends its options.
    const command = [...node('console.log(process.argv.slice(1).join())'), '--', '--help', '--', '-v'];
    t.match(await runToEnd(place, ['--', ...command]), { code: 0, stdout: '--help,--,-v\n' });
  },
);

t.test('a command that a signal ends is 128 and its number', onUnix, async (t) => {
  const place = await host(t);
  t.equal((await runToEnd(place, ['--', ...node('process.kill(process.pid, "SIGKILL")')])).code, 137);
});

t.test('a command that drains for a second has its cache until it ends', onUnix, async (t) => {
  const app = await startRun(t, await host(t), { env: { DRAIN_MS: '1000' } });
  const asked = Date.now();
  t.same(await app.stop(), { code: 5, signal: null });
  t.ok(Date.now() - asked >= 1000);
  t.match(app.output(), /^drained \d+ SIGTERM$/m);
});

t.test('signals are passed on, a second one too', onUnix, async (t) => {
  const app = await startRun(t, await host(t), { env: { DRAIN_MS: '1000' } });
  const signals = async () => (await fetch(`http://127.0.0.1:${app.ready.port}/signals`)).text();
  const sent: NodeJS.Signals[] = ['SIGUSR2', 'SIGHUP', 'SIGQUIT', 'SIGINT', 'SIGINT'];
  for (const [index] of sent.entries()) {
    app.process.kill(sent[index]);
    const expected = sent.slice(0, index + 1).join(' ');
    const all = async () => {
      while ((await signals()) !== expected) await new Promise((next) => setTimeout(next, 10));
    };
    await within(all(), 5000, `the command to get ${expected}`);
  }
  t.same(await app.stop(), { code: 5, signal: null });
});

t.test('a second SIGTERM reaches a command that is draining', onUnix, async (t) => {
  const app = await startRun(t, await host(t), { env: { DRAIN_MS: '1000' } });
  app.process.kill('SIGTERM');
  const signals = async () => (await fetch(`http://127.0.0.1:${app.ready.port}/signals`)).text();
  while ((await signals()) !== 'SIGTERM') await new Promise((next) => setTimeout(next, 10));
  t.same(await app.stop(), { code: 5, signal: null });
  t.match(app.output(), /^drained \d+ SIGTERM SIGTERM$/m);
});

t.test('a command that cannot be started is named in one sentence, and nothing is left behind', async (t) => {
  const place = await host(t);
  const missing = await runToEnd(place, ['--', 'no-such-command-here']);
  t.equal(missing.code, 127);
  t.match(missing.stderr, /^azurecache: The command no-such-command-here was not found\..*$/m);
  t.same(await readdir(place.folder), []);
});

t.test('a file that is not executable is 126', onUnix, async (t) => {
  const place = await host(t);
  const file = join(place.folder, 'plain.sh');
  await writeFile(file, '#!/bin/sh\n');
  await chmod(file, 0o600);
  const { code, stderr } = await runToEnd(place, ['--', file]);
  t.equal(code, 126);
  t.match(stderr, /^azurecache: The command .*plain\.sh cannot be run \(EACCES\)\..*$/m);
});

t.test('without a command it says how it is written, with code 2', async (t) => {
  const place = await host(t);
  for (const args of [[], ['--'], ['node', 'server.js'], ['--port=0']]) {
    const { code, stdout, stderr } = await runToEnd(place, args);
    t.match({ code, stdout }, { code: 2, stdout: '' });
    t.equal(stderr, 'azurecache: Write azurecache run [--name=value …] -- <command> [args].\n');
  }
  t.match(await runToEnd(place, ['--help']), { code: 0, stdout: /azurecache run/ });
});

t.test('settings that cannot be used are refused as ever, and the command is not started', async (t) => {
  const place = await host(t);
  const command = ['--', ...node('console.log("started")')];
  const refused = async (args: string[], env: NodeJS.ProcessEnv, said: RegExp) => {
    const { code, stdout, stderr } = await runToEnd(place, [...args, ...command], env);
    t.match({ code, stdout }, { code: 1, stdout: '' });
    t.match(stderr, /^azurecache: .+\n$/, 'one line');
    t.match(stderr, said);
    t.notMatch(stderr, SECRET);
  };
  await refused([`--prot=${SECRET}`], {}, /--prot is not a setting.*--port/);
  await refused(['--deadline-ms=soon'], {}, /--deadline-ms/);
  await refused(['server.js'], {}, /belongs to no flag/);
  await refused([], { AZURE_CACHE_CONECTION: SECRET }, /AZURE_CACHE_CONNECTION/);
  // Only .NET can judge this one: the sentence comes from the sidecar.
  await refused(
    [],
    { AZURE_CACHE_CONNECTION: `127.0.0.1:1,password=${SECRET},frobnicate=1` },
    /AZURE_CACHE_CONNECTION/,
  );
  t.same(await readdir(place.folder), []);
});

t.test('a backend that is away does not keep the command from starting', async (t) => {
  const env = { AZURE_CACHE_CONNECTION: `127.0.0.1:${await freePort()}` };
  const { code, stdout, stderr } = await runToEnd(await host(t, { env }), [
    '--',
    ...node('console.log("started")'),
  ]);
  t.match({ code, stdout }, { code: 0, stdout: 'started\n' });
  t.match(stderr, /the backend does not answer yet/);
});

t.test('with the socket off the URL is that of the port', async (t) => {
  const env = { AZURE_CACHE_SOCKET: 'off' };
  const app = await startRun(t, await host(t, { env }));
  t.match(app.ready.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  t.equal(await count(app, 'a'), 1);
  t.same(await app.stop(), { code: 5, signal: null });
});

t.test('a port that was asked for and is taken is refused', async (t) => {
  await using taken = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
  const { code, stdout, stderr } = await runToEnd(await host(t), [
    `--port=${port}`,
    ...['--', ...node('console.log("started")')],
  ]);
  t.match({ code, stdout }, { code: 1, stdout: '' });
  t.match(stderr, new RegExp(`^azurecache: .*port ${port} on 127.0.0.1.*AZURE_CACHE_PORT.*\n$`));
});

t.test('where nobody asked for a port and 22233 is taken, a free one is used, with a warning', async (t) => {
  const taken = createServer();
  // Taken by another program of this machine is as good.
  await new Promise<void>((resolve) => {
    taken.once('error', () => resolve());
    taken.listen(22_233, '127.0.0.1', resolve);
  });
  t.teardown(() => void taken.close());
  const place = await host(t);
  delete place.env.AZURE_CACHE_PORT;
  const app = await startRun(t, place);
  t.match(app.output(), /port 22233 is another program's: http:\/\/127\.0\.0\.1:\d+ is used in its place/);
  t.equal(await count(app, 'a'), 1);
  t.same(await app.stop(), { code: 5, signal: null });
});

t.test('a token is asked for, known to the command, and never shown', async (t) => {
  const place = await host(t, { env: { AZURE_CACHE_API_TOKEN: SECRET } });
  const app = await startRun(t, place);
  t.equal(await count(app, 'a'), 1);
  const other = await runToEnd(place, ['--', ...node('')], {
    AZURE_CACHE_API_TOKEN: 'another-token-0123456789',
  });
  t.equal(other.code, 1);
  t.match(other.stderr, /^azurecache: .*another token.*AZURE_CACHE_API_TOKEN.*\n$/);
  await app.stop();
  t.notMatch(app.output() + other.stderr, SECRET);
  await writeFile(join(place.folder, 'token'), `${SECRET}\n`);
  delete place.env.AZURE_CACHE_API_TOKEN;
  const fromFile = await startRun(t, place, { flags: ['--api-token-file=token'] });
  t.equal(fromFile.ready.first, 1, 'the command has the token of a flag');
  await fromFile.stop();
});

t.test('the token of a flag is the command’s too, whatever the environment says', async (t) => {
  const place = await host(t, { env: { AZURE_CACHE_API_TOKEN: 'another-token-0123456789' } });
  const app = await startRun(t, place, { flags: [`--api-token=${SECRET}`] });
  t.equal(app.ready.first, 1);
  await app.stop();
});

t.test('a backend that hangs holds the command up for five seconds, not longer', async (t) => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void silent.close());
  silent.on('connection', (socket) => socket.unref());
  const { port } = silent.address() as AddressInfo;
  const place = await host(t, {
    env: { AZURE_CACHE_CONNECTION: `127.0.0.1:${port}`, AZURE_CACHE_DEADLINE_MS: '30000' },
  });
  const { code, stdout, stderr } = await runToEnd(place, ['--', ...node('console.log(Date.now())')]);
  t.equal(code, 0);
  const [record = ''] = stderr.split('\n').filter((line) => line.includes('"msg":"ready"'));
  const waited = Number(stdout) - Date.parse(JSON.parse(record).time);
  t.ok(waited > 4000 && waited < 8000, `${waited} ms`);
});
