// How a runner looks for another sidecar when its own has gone: at once, then with pauses, and not for ever.
import { existsSync } from 'node:fs';
import { chmod, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pino from 'pino';
import t from 'tap';
import { identityIn, surroundings } from '../src/around.js';
import { loadConfig } from '../src/config.js';
import { AttachError, attach } from '../src/run/attach.js';
import type { Attachment } from '../src/run/attachment.js';
import { launchSidecar } from '../src/run/launch.js';
import { Run } from '../src/run/run.js';
import { Runner, PATIENCE as USUAL } from '../src/run/runner.js';
import { gone, host, kill, sidecarPid } from './fixtures/run.js';
import { until, within } from './fixtures/wait.js';

const log = pino({ enabled: false });
const WHERE = { socketPath: '/tmp/never-there.sock' };
const PATIENCE = { ...USUAL, firstMs: 10, longestMs: 40, tries: 4, healthyMs: 60_000 };
const nobody = () => Promise.reject(new AttachError('No sidecar is there.', true));

/** An attachment that ends when told. */
function attachment() {
  let end = () => {};
  const gone = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { end, held: { gone, leave: async () => {}, unref: () => {} } satisfies Attachment };
}

t.test('after so many starts in vain it gives up, and says why the last one failed', async (t) => {
  const { folder, env } = await host(t);
  const first = attachment();
  let attached = false;
  let launches = 0;
  const runner = new Runner({
    ...{ where: WHERE, log, patience: PATIENCE, background: false },
    attach: () => {
      if (attached) return nobody();
      attached = true;
      return Promise.resolve(first.held);
    },
    launch: (background) => {
      launches += 1;
      const flags = ['--connection=127.0.0.1:1,frobnicate=1', `--socket=${folder}/a.sock`];
      return launchSidecar({ flags, env, cwd: folder, background });
    },
  });
  await runner.join();
  first.end();
  const sentence = await within(runner.lost, 30_000, 'the runner to give up');
  t.equal(launches, 4);
  t.match(sentence, /No sidecar stayed in 4 tries; the last: AZURE_CACHE_CONNECTION/);
});

t.test('sidecars that end soon count too; one that stayed begins the count anew', async (t) => {
  for (const [healthyMs, gaveUp] of [
    [60_000, true],
    [0, false],
  ] as const) {
    let attached = 0;
    const runner = new Runner({
      ...{ where: WHERE, log, background: false, patience: { ...PATIENCE, healthyMs } },
      launch: nobody,
      attach: async () => {
        const { end, held } = attachment();
        attached += 1;
        // One more than it has tries.
        if (attached <= 6) setImmediate(end);
        return held;
      },
    });
    await runner.join();
    if (gaveUp)
      t.match(await within(runner.lost, 5000, 'the runner to give up'), /4 tries.*each of them ended soon/);
    else await until(() => attached === 7, 5000, 'seven sidecars');
    t.equal(attached, gaveUp ? 5 : 7);
  }
});

t.test(
  'at the start only a sidecar that just ends is tried again; what is refused is said at once',
  async (t) => {
    let asked = 0;
    const runner = (error: Error) =>
      new Runner({
        ...{ where: WHERE, log, patience: PATIENCE, background: false },
        launch: async () => ({ inUse: 'somebody is there' }),
        attach: () => {
          asked += 1;
          return Promise.reject(error);
        },
      });
    await t.rejects(runner(new AttachError('other data')).join(), { message: 'other data' });
    t.equal(asked, 1);
    asked = 0;
    await t.rejects(runner(new AttachError('gone', true)).join(), { message: 'gone' });
    t.equal(asked, 8, 'twice in each of four tries');
  },
);

t.test('a run that has given up ends its command and has exit code 1', async (t) => {
  const { folder, env, socket } = await host(t);
  const around = { ...surroundings([], env), cwd: folder };
  const config = loadConfig(around);
  const [begun, written] = [join(folder, 'begun'), join(folder, 'drained')];
  const program = `const write = (path) => require('node:fs').writeFileSync(path, 'drained');
    process.on('SIGTERM', () => setTimeout(() => { write(${JSON.stringify(written)}); process.exit(0); }, 200));
    setInterval(() => {}, 1000); write(${JSON.stringify(begun)});`;
  const run = new Run({
    ...{ config, identity: identityIn(config, around), log, flags: [], env, cwd: folder, patience: PATIENCE },
    command: [process.execPath, '-e', program],
  });
  const ended = run.end();
  await until(() => existsSync(begun), 20_000, 'the command');
  const pid = Number(await sidecarPid({ folder, env, socket }));
  await chmod(folder, 0o777); // Nothing can be started in such a folder.
  kill(pid, 'SIGKILL');
  t.equal(await within(ended, 20_000, 'the run to end'), 1);
  t.equal(await readFile(written, 'utf8'), 'drained');
  await gone(pid);
});

t.test('a command that does not heed SIGTERM then is ended hard, and the log says so', async (t) => {
  const { folder, env, socket } = await host(t);
  const around = { ...surroundings([], env), cwd: folder };
  const config = loadConfig(around);
  const said: string[] = [];
  const heard = pino({}, { write: (line: string) => void said.push(line) });
  const written = join(folder, 'pid');
  const program = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);
    require('node:fs').writeFileSync(${JSON.stringify(written)}, String(process.pid));`;
  const patience = { ...PATIENCE, commandMs: 1500 };
  const run = new Run({
    ...{ config, identity: identityIn(config, around), log: heard, flags: [], env, cwd: folder, patience },
    command: [process.execPath, '-e', program],
  });
  const ended = run.end();
  const command = await until(
    async () => Number(await readFile(written, 'utf8').catch(() => '')) || undefined,
    20_000,
    'the command',
  );
  t.teardown(() => void kill(command, 'SIGKILL'));
  const pid = await until(() => sidecarPid({ folder, env, socket }), 20_000, 'the sidecar');
  await chmod(folder, 0o777);
  kill(pid, 'SIGKILL');
  t.equal(await within(ended, 20_000, 'the run to end'), 1);
  await gone(command);
  t.match(said.join(''), /the command has not ended 1\.5 seconds after SIGTERM: it is ended hard/);
});

t.test('what listens there and is no sidecar is told so, whatever it answers', async (t) => {
  const { folder } = await host(t);
  const where = { socketPath: join(folder, 'other.sock') };
  const identity = { owner: 'user 1', fingerprint: '0123456789abcdef', backend: 'the embedded backend' };
  for (const answer of [
    'rubbish',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}',
    'HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nbroken off',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  ]) {
    const other = createServer((socket) => socket.once('data', () => socket.end(answer)));
    await new Promise<void>((resolve) => other.listen(where.socketPath, resolve));
    const refused = attach(where, { identity, apiToken: undefined, background: false });
    await t.rejects(refused, { name: 'AttachError', nobody: false, message: 'is no sidecar' }, answer);
    await new Promise((resolve) => other.close(resolve));
  }
});
