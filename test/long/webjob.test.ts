// The archive of `npm run pack:webjob`, unpacked and run as Kudu runs it. What is for Windows alone in it (edge-js' addon)
// is only looked at here; the Windows leg runs it.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import t from 'tap';
import { ask } from '../fixtures/ask.js';
import { startChild } from '../fixtures/child.js';
import { freePort } from '../fixtures/free-port.js';
import { kuduEnvironment, readRunCmd } from '../fixtures/kudu.js';
import { cleanEnvironment } from '../fixtures/sidecar.js';
import { tempFolder } from '../fixtures/temp-folder.js';
import { within } from '../fixtures/wait.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const zip = join(root, 'dist/azurecache-webjob.zip');
const EDGE = 'azurecache/node_modules/edge-js';
t.setTimeout(400_000);

async function makeZip() {
  await run(process.execPath, ['bin/pack-webjob.js'], { cwd: root, env: cleanEnvironment() });
  return readFile(zip);
}

t.test('the archive holds a job for Windows, whole, and is the same each time it is made', async (t) => {
  const bytes = await makeZip();
  const hash = (of: Buffer) => createHash('sha256').update(of).digest('hex');
  t.equal(hash(await makeZip()), hash(bytes));
  const paths = Object.keys(unzipSync(bytes));
  const inside = (...wanted: string[]) => {
    for (const path of wanted) t.ok(paths.includes(path), path);
  };
  t.same(
    paths.filter((path) => !path.startsWith('azurecache/')),
    ['run.cmd', 'settings.job'],
    'what Kudu looks at is at the top',
  );
  inside('azurecache/bin/azurecache.js', 'azurecache/dist/main.js', 'azurecache/package.json');
  inside('azurecache/node_modules/fastify/fastify.js', 'azurecache/node_modules/fastify/LICENSE');
  inside('azurecache/dist/gateway-portable/AzureCache.Gateway.dll');
  inside('azurecache/dist/gateway-portable/runtimes/win-x64/native/lua54.dll');
  for (const version of [20, 22, 24, 26])
    for (const name of ['edge_coreclr.node', 'vcruntime140.dll', 'msvcp140.dll'])
      inside(`${EDGE}/lib/native/win32/x64/${version}/${name}`);
  t.same(
    paths.filter((path) => /\.(so|dylib|pdb|ts|map)$|edge-js\/build\/|\/(ia32|arm64|darwin)\//.test(path)),
    [],
    'nothing of another platform, nothing that is not run',
  );
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  const development = ['tap', 'typescript', 'express', 'redis'].map((name) => `node_modules/${name}`);
  t.same(
    paths.filter((path) => development.some((name) => path.startsWith(`azurecache/${name}/`))),
    [],
  );
  t.ok(development.every((name) => packages[name].dev));
});

t.test(
  'Kudu starts it, reaches it at its port, asks it to end by the file, and it ends with 0',
  async (t) => {
    const folder = await tempFolder(t);
    const job = join(folder, 'jobs', 'continuous', 'azurecache', 'a1b2c3d4.e5f');
    for (const [path, bytes] of Object.entries(unzipSync(await readFile(zip)))) {
      await mkdir(dirname(join(job, path)), { recursive: true });
      await writeFile(join(job, path), bytes);
    }
    const port = await freePort();
    const kudu = await kuduEnvironment(folder, job, port);
    const { command, args, env } = readRunCmd(job);
    t.same(env, {}, 'without a dotnet folder it takes the worker’s .NET');
    // The archive has edge-js' addon for Windows alone.
    const addon = join(
      dirname(createRequire(import.meta.url).resolve('edge-js/package.json')),
      'build/Release/edge_coreclr.node',
    );
    t.ok(existsSync(addon));
    await using sidecar = await startChild({
      ...{ name: 'the WebJob', command, args, cwd: job },
      env: { ...cleanEnvironment(), ...kudu, ...env, EDGE_NATIVE: addon, XDG_RUNTIME_DIR: folder },
      readyLine: (line) => (line.includes('"msg":"ready"') ? true : undefined),
    });
    const url = `http://localhost:${port}`;
    t.equal((await ask({ url }, 'PUT /v1/cache/a?ttl=60', { body: 'hello' })).status, 204);
    t.match(await ask({ url }, 'GET /v1/cache/a'), { status: 200, text: 'hello' });

    const { stopping_wait_time } = JSON.parse(await readFile(join(job, 'settings.job'), 'utf8'));
    await writeFile(kudu.WEBJOBS_SHUTDOWN_FILE as string, '');
    t.same(await within(sidecar.ended, stopping_wait_time * 1000, 'the end that Kudu waits for'), {
      code: 0,
      signal: null,
    });

    await mkdir(join(job, 'dotnet'));
    await writeFile(join(job, 'dotnet', 'dotnet.exe'), '');
    t.same(readRunCmd(job).env, { DOTNET_ROOT: join(job, 'dotnet') }, 'a .NET beside run.cmd is taken');
  },
);
