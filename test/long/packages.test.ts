// The packages as a user has them: installed from their archives in an empty folder, without the .NET SDK and without
// this checkout. Installing compiles edge-js, which takes most of a minute.
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { npm, outsideNpm, pack } from '../../bin/npm.js';
import { startChild } from '../fixtures/child.js';
import { runtimeOnly } from '../fixtures/runtime-only.js';
import { cleanEnvironment } from '../fixtures/sidecar.js';
import { tempFolder } from '../fixtures/temp-folder.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const onLinux = { skip: process.platform !== 'linux' && 'it looks into /proc, and links a .NET together' };

// Two compressions, an installation and a compiler, on a busy machine.
t.setTimeout(400_000);

t.test(
  'both packages install and run in an empty folder, with the .NET runtime alone',
  onLinux,
  async (t) => {
    const folder = await tempFolder(t);
    const app = join(folder, 'app');
    await mkdir(app);
    const dotnet = await runtimeOnly(join(folder, 'dotnet'));
    const env: NodeJS.ProcessEnv = { ...outsideNpm(cleanEnvironment()), ...dotnet };
    await t.rejects(run('dotnet', ['--version'], { env, cwd: app }), /No \.NET SDKs were found/);

    const archives = [await pack('sidecar', folder), await pack('client', folder)].map(({ file }) => file);
    await npm(['init', '-y'], { cwd: app, env });
    const packages = [...archives, 'express', 'express-session'];
    await npm(['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], { cwd: app, env });
    await t.rejects(
      run(process.execPath, ['-e', "import('azurecache-sidecar')"], { env, cwd: app }),
      /ERR_PACKAGE_PATH_NOT_EXPORTED/,
      'nothing of the sidecar can be imported',
    );

    const settings = { AZURE_CACHE_PORT: '0', AZURE_CACHE_SOCKET: join(folder, 'door.sock') };
    await using sidecar = await startChild({
      name: 'azurecache of the package',
      command: join(app, 'node_modules/.bin/azurecache'),
      args: [],
      cwd: app,
      env: { ...env, ...settings },
      readyLine: (line) =>
        line.includes('"msg":"ready"')
          ? (JSON.parse(line).doors.find(({ kind }: { kind: string }) => kind === 'tcp').url as string)
          : undefined,
    });

    await t.test('it answers curl, and the client of the package', async (t) => {
      const url = `${sidecar.ready}/v1/cache/greeting`;
      await run('curl', ['-sS', '--fail', '-X', 'PUT', '--data-binary', '"hello"', url]);
      const program = `
      const cache = require('azurecache').create();
      cache.get('greeting').then(async (value) => {
        await cache.put('answer', { value });
        console.log(JSON.stringify(await cache.get('answer')));
        await cache.close();
      });`;
      const { stdout } = await run(process.execPath, ['-e', program], {
        env: { ...env, ...settings },
        cwd: app,
      });
      t.equal(stdout, '{"value":"hello"}\n');
      t.equal((await run('curl', ['-sS', `${sidecar.ready}/v1/cache/answer`])).stdout, '{"value":"hello"}');
    });

    await t.test('the program of the README of the client keeps sessions', async (t) => {
      const readme = await readFile(join(app, 'node_modules/azurecache/README.md'), 'utf8');
      const [, program = ''] = /^## Sessions\n\n```js\n(.*?)^```$/ms.exec(readme) ?? [];
      const told = "app.listen(0, function () { console.log('port', this.address().port); });";
      await writeFile(join(app, 'app.js'), program.replace('app.listen(3000);', told));
      await using server = await startChild({
        ...{ name: 'the program', command: process.execPath, args: ['app.js'] },
        ...{ cwd: app, env: { ...env, ...settings } },
        readyLine: (line) => /^port (\d+)$/.exec(line)?.[1],
      });
      const jar = join(folder, 'jar');
      const ask = ['-sS', '-c', jar, '-b', jar, `http://127.0.0.1:${server.ready}/`];
      t.equal((await run('curl', ask)).stdout, 'Visits: 1');
      t.equal((await run('curl', ask)).stdout, 'Visits: 2');
    });

    await t.test('no library in it comes from this checkout', async (t) => {
      const maps = await readFile(`/proc/${sidecar.pid}/maps`, 'utf8');
      const files = [...new Set([...maps.matchAll(/ (\/\S+)$/gm)].map((match) => match[1] as string))];
      t.ok(files.some((file) => file.startsWith(app) && file.endsWith('edge_coreclr.node')));
      t.ok(files.some((file) => file.startsWith(app) && file.endsWith('AzureCache.Gateway.dll')));
      t.same(
        files.filter((file) => file.startsWith(root)),
        [],
      );
    });

    t.same(await sidecar.stop(), { code: 0, signal: null });
  },
);
