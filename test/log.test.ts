// A log that cannot be written (a full disk, a terminal that was closed) takes nothing from the cache.
import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ask } from './fixtures/ask.js';
import { cleanEnvironment } from './fixtures/environment.js';
import { tempFolder } from './fixtures/temp-folder.js';
import { until, within } from './fixtures/wait.js';

const COMMAND = fileURLToPath(new URL('../bin/azurecache.js', import.meta.url));
const needsFull = { skip: !existsSync('/dev/full') && 'there is no device that is always full' };

t.test('a sidecar whose log has no room answers, and ends in order', needsFull, async (t) => {
  const folder = await tempFolder(t);
  const socketPath = join(folder, 'door.sock');
  await mkdir(join(folder, 'cwd'));
  const full = openSync('/dev/full', 'w');
  const sidecar = spawn(process.execPath, [COMMAND], {
    env: { ...cleanEnvironment(), AZURE_CACHE_PORT: 'off', AZURE_CACHE_SOCKET: socketPath },
    cwd: join(folder, 'cwd'),
    stdio: ['ignore', full, 'inherit'],
  });
  t.teardown(() => void sidecar.kill('SIGKILL'));
  const ended = new Promise((resolve) => sidecar.once('exit', (code, signal) => resolve({ code, signal })));
  await until(() => existsSync(`${socketPath}.json`), 20_000, 'the sidecar to announce its doors');
  // It has had something to say by then.
  await new Promise((next) => setTimeout(next, 500));
  const answer = ask({ socketPath }, 'GET /healthz');
  t.equal((await within(answer, 5000, 'an answer')).status, 200);
  sidecar.kill();
  t.same(await within(ended, 10_000, 'its end'), { code: 0, signal: null });
});
