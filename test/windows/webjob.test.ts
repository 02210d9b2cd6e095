// deploy/webjob/run.cmd in cmd.exe (Wine's own), as Kudu runs it. Where cmd is not, test/webjob.test.ts reads it instead.
import { copyFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ask } from '../fixtures/ask.js';
import { freePort } from '../fixtures/free-port.js';
import { kuduEnvironment } from '../fixtures/kudu.js';
import { parse } from '../fixtures/sidecar.js';
import { tempFolder } from '../fixtures/temp-folder.js';
import { within } from '../fixtures/wait.js';
import { startProgram } from './program.js';
import { app, dotnetRoot } from './setup.js';
import { windowsPath } from './wine.js';

const RUN_CMD = fileURLToPath(new URL('../../deploy/webjob/run.cmd', import.meta.url));

t.test('run.cmd finds the .NET beside it, and ends with 0 when Kudu has created its file', async (t) => {
  const [folder, port] = [await tempFolder(t), await freePort()];
  await copyFile(RUN_CMD, join(folder, 'run.cmd'));
  await symlink(app, join(folder, 'azurecache'));
  await symlink(dotnetRoot, join(folder, 'dotnet'));
  const kudu = await kuduEnvironment(folder, folder, port);
  const file = kudu.WEBJOBS_SHUTDOWN_FILE as string;
  const job = startProgram(folder, {
    command: ['cmd.exe', '/c', 'run.cmd'],
    cwd: folder,
    env: {
      ...{ ...kudu, WEBJOBS_SHUTDOWN_FILE: windowsPath(file) },
      ...{ WEBSITE_SITE_NAME: `job-${process.pid}`, DOTNET_ROOT: undefined },
    },
  });
  // Also ends what cmd has started, if a line below fails.
  t.teardown(() => writeFile(file, ''));
  await job.said((line) => parse(line)?.msg === 'ready' || undefined);
  t.equal((await ask({ url: `http://127.0.0.1:${port}` }, 'GET /readyz')).status, 200);
  await writeFile(file, '');
  t.same(await within(job.ended, 30_000, 'cmd.exe to end'), { code: 0, signal: null });
  t.match(job.stdout(), /"msg":"closed"/);
});
