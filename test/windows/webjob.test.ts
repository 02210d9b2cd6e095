// deploy/webjob/run.cmd in cmd.exe (Wine's own), as Kudu runs it. Where cmd is not, test/long/webjob.test.ts
// reads it instead.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import t, { type Test } from 'tap';
import { ask } from '../fixtures/ask.js';
import { cleanEnvironment } from '../fixtures/environment.js';
import { freePort } from '../fixtures/free-port.js';
import { kuduEnvironment } from '../fixtures/kudu.js';
import { parse } from '../fixtures/sidecar.js';
import { tempFolder } from '../fixtures/temp-folder.js';
import { within } from '../fixtures/wait.js';
import { startProgram } from './program.js';
import { app, dotnetRoot } from './setup.js';
import { windowsPath } from './wine.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const RUN_CMD = join(root, 'deploy/webjob/run.cmd');

t.test('run.cmd finds the .NET beside it, and ends with 0 when Kudu has created its file', async (t) => {
  const folder = await tempFolder(t);
  await copyFile(RUN_CMD, join(folder, 'run.cmd'));
  await symlink(app, join(folder, 'azurecache'));
  await symlink(dotnetRoot, join(folder, 'dotnet'));
  await runsAsJob(t, folder, { DOTNET_ROOT: undefined });
});

t.test('so does the archive of npm run pack:webjob, on the .NET of the worker', async (t) => {
  t.setTimeout(200_000);
  const folder = await tempFolder(t);
  await promisify(execFile)(process.execPath, ['bin/pack-webjob.js'], { cwd: root, env: cleanEnvironment() });
  const archive = unzipSync(await readFile(join(root, 'dist/azurecache-webjob.zip')));
  for (const [path, bytes] of Object.entries(archive)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  await runsAsJob(t, folder, {});
});

/** Kudu's part: starts it, asks at its port, creates the file, and expects 0. */
async function runsAsJob(t: Test, folder: string, env: Record<string, undefined>) {
  const port = await freePort();
  const kudu = await kuduEnvironment(folder, folder, port);
  const file = kudu.WEBJOBS_SHUTDOWN_FILE as string;
  const job = startProgram(folder, {
    command: ['cmd.exe', '/c', 'run.cmd'],
    cwd: folder,
    env: {
      ...{ ...kudu, WEBJOBS_SHUTDOWN_FILE: windowsPath(file) },
      ...{ WEBSITE_SITE_NAME: `job-${process.pid}` },
      ...env,
    },
  });
  // Also ends what cmd has started, if a line below fails.
  t.teardown(() => writeFile(file, ''));
  await job.said((line) => parse(line)?.msg === 'ready' || undefined);
  t.equal((await ask({ url: `http://127.0.0.1:${port}` }, 'GET /readyz')).status, 200);
  await writeFile(file, '');
  t.same(await within(job.ended, 30_000, 'cmd.exe to end'), { code: 0, signal: null });
  t.match(job.stdout(), /"msg":"closed"/);
}
