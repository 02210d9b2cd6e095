// A log that cannot be written (a full disk, a terminal that was closed, a reader that has stopped) takes nothing from the
// cache.
import { execFileSync, type IOType, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { ask } from './fixtures/ask.js';
import { cleanEnvironment } from './fixtures/environment.js';
import { tempFolder } from './fixtures/temp-folder.js';
import { until, within } from './fixtures/wait.js';

const COMMAND = fileURLToPath(new URL('../bin/azurecache.js', import.meta.url));
const needsFull = { skip: !existsSync('/dev/full') && 'there is no device that is always full' };

const onLinux = { skip: process.platform !== 'linux' && 'elsewhere a write waits for its reader' };

/** A sidecar with this stdout, its doors announced; and its exit code. */
async function start(t: Test, stdout: number | IOType) {
  const folder = await tempFolder(t);
  const socketPath = join(folder, 'door.sock');
  await mkdir(join(folder, 'cwd'));
  const places = { AZURE_CACHE_PORT: 'off', AZURE_CACHE_SOCKET: socketPath, AZURE_CACHE_LOG_LEVEL: 'debug' };
  // What tap puts into NODE_OPTIONS makes stdout another than it is for users: writes to it do not wait.
  const sidecar = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, COMMAND], {
    env: { ...cleanEnvironment(), ...places },
    cwd: join(folder, 'cwd'),
    stdio: ['ignore', stdout, 'inherit'],
  });
  t.teardown(() => void sidecar.kill('SIGKILL'));
  const ended = new Promise((resolve) => sidecar.once('exit', (code, signal) => resolve({ code, signal })));
  await until(() => existsSync(`${socketPath}.json`), 20_000, 'the sidecar to announce its doors');
  return { sidecar, socketPath, ended };
}

t.test('a sidecar whose log has no room answers, and ends in order', needsFull, async (t) => {
  const { sidecar, socketPath, ended } = await start(t, openSync('/dev/full', 'w'));
  // It has had something to say by then.
  await new Promise((next) => setTimeout(next, 500));
  const answer = ask({ socketPath }, 'GET /healthz');
  t.equal((await within(answer, 5000, 'an answer')).status, 200);
  sidecar.kill();
  t.same(await within(ended, 10_000, 'its end'), { code: 0, signal: null });
});

/** The end to write to of a pipe as a shell makes it, and as long as it is open there can be a reader. */
async function pipe(t: Test): Promise<number> {
  const path = join(await tempFolder(t), 'pipe');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, 'r+');
  t.teardown(() => closeSync(fd));
  return fd;
}

for (const kind of ['pipe', 'socket'] as const)
  t.test(
    `a sidecar whose log is a ${kind} that nobody reads answers, and ends in order`,
    onLinux,
    async (t) => {
      // Node's 'pipe' is a socket.
      const { sidecar, socketPath, ended } = await start(t, kind === 'pipe' ? await pipe(t) : 'pipe');
      // A line of over 100 bytes for each; a pipe takes 64 KiB.
      for (let i = 0; i < 1000; i++)
        await within(ask({ socketPath }, 'GET /healthz'), 5000, `answer ${i} while nobody reads the log`);
      sidecar.kill();
      t.same(await within(ended, 10_000, 'its end'), { code: 0, signal: null });
    },
  );

t.test('what nobody has read for a while comes when it is read', onLinux, async (t) => {
  const { sidecar, socketPath, ended } = await start(t, 'pipe');
  for (let i = 0; i < 1000; i++) await within(ask({ socketPath }, 'GET /healthz'), 5000, `answer ${i}`);
  let text = '';
  (sidecar.stdout as Readable).setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const lines = () => text.split('\n').filter((line) => line.includes('"msg":"request"')).length;
  await until(
    () => lines() === 1000,
    5000,
    () => `1000 lines; there are ${lines()}`,
  );
  sidecar.kill();
  t.same(await within(ended, 10_000, 'its end'), { code: 0, signal: null });
});
