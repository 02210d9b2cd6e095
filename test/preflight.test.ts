// Starts on a machine, or from an installation, that something is missing from or wrong with: one line that names it and
// what mends it, code 1, and nothing left behind. Real starts; Windows is played in preflight-windows.test.ts.
import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import {
  chmod,
  copyFile,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { dotnetRoot, install } from './fixtures/installation.js';
import { refusedStart } from './fixtures/refused-start.js';
import { startSidecar } from './fixtures/sidecar.js';
import { tempFolder } from './fixtures/temp-folder.js';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const preload = (name: string) => ({ NODE_OPTIONS: `--require=${fixture(name)}` });
const real = dirname(realpathSync(execFileSync('which', ['dotnet'], { encoding: 'utf8' }).trim()));
const FRAMEWORK = 'shared/Microsoft.NETCore.App';
const INSTALL = 'Install the .NET 10 runtime';

/** Where no .NET is but what DOTNET_ROOT names. */
async function withoutDotnet(t: Test) {
  return { ...preload('hide-dotnet.cjs'), PATH: await tempFolder(t) };
}

/** The only version in a root of links. */
async function versionIn(root: string): Promise<string> {
  return (await readdir(join(root, FRAMEWORK))).at(-1) as string;
}

/** Makes a library say that it is for arm64. */
async function makeArm64(library: string): Promise<void> {
  const file = await open(library, 'r+');
  await file.write(Buffer.from([183, 0]), 0, 2, 18);
  await file.close();
}

t.test('no .NET', async (t) => {
  await refusedStart(t, { env: await withoutDotnet(t) }, 'No .NET runtime was found', INSTALL, 'DOTNET_ROOT');
  const env = { ...(await withoutDotnet(t)), DOTNET_ROOT: await tempFolder(t) };
  await refusedStart(t, { env }, 'No .NET runtime was found');
});

t.test('a .NET of another version, even of another minor one', async (t) => {
  for (const other of ['8.0.11', '10.1.0', '10.0.0-rc.1']) {
    const root = await dotnetRoot(t, real);
    await rename(join(root, FRAMEWORK, await versionIn(root)), join(root, FRAMEWORK, other));
    const env = { ...(await withoutDotnet(t)), DOTNET_ROOT: root };
    await refusedStart(t, { env }, `needs .NET 10.0, and there is only ${other} in ${root}`, INSTALL);
  }
});

t.test('a .NET for another architecture, or one that is not whole', async (t) => {
  const root = await dotnetRoot(t, real);
  const env = { ...(await withoutDotnet(t)), DOTNET_ROOT: root };
  const folder = join(FRAMEWORK, await versionIn(root));
  const library = join(root, folder, 'libcoreclr.so');
  await rm(library);
  await copyFile(join(real, folder, 'libcoreclr.so'), library);
  await makeArm64(library);
  await refusedStart(t, { env }, 'is for arm64', `this Node is ${process.platform}-${process.arch}`, INSTALL);
  await truncate(library, 100_000);
  await refusedStart(t, { env }, 'is not whole', 'libcoreclr.so', INSTALL);
  await rm(library);
  await refusedStart(t, { env }, 'is not whole', 'libcoreclr.so', INSTALL);
});

t.test('a .NET that only DOTNET_ROOT names is used', async (t) => {
  await using sidecar = await startSidecar({
    env: { ...(await withoutDotnet(t)), DOTNET_ROOT: await dotnetRoot(t, real) },
  });
  t.ok(sidecar.url);
});

t.test('a DOTNET_ROOT that is of no use gives way to the .NET there is', async (t) => {
  await using sidecar = await startSidecar({ env: { DOTNET_ROOT: await tempFolder(t) } });
  t.ok(sidecar.url);
});

t.test('the native addon of edge-js: missing, cut off, of another machine, of another Node', async (t) => {
  const { script, addon } = await install(t);
  const refused = (...parts: (RegExp | string)[]) => refusedStart(t, { script }, addon, ...parts);
  const rebuild = 'npm install-scripts approve edge-js, then npm rebuild edge-js';
  const prebuilt = join(dirname(addon), '../../lib/native');
  await copyFile(join(prebuilt, 'win32/x64/20/edge_coreclr.node'), addon);
  await refused('is for win32-x64', 'Delete it, and run npm ci');
  await copyFile(join(prebuilt, 'darwin/arm64/20/edge_coreclr.node'), addon);
  await refused('is for darwin-arm64', 'Delete it, and run npm ci');
  await copyFile(
    fileURLToPath(new URL('../node_modules/edge-js/build/Release/edge_coreclr.node', import.meta.url)),
    addon,
  );
  await makeArm64(addon);
  await refused(process.arch === 'arm64' ? /./ : 'is for linux-arm64');
  // Loaded, this one ends the process with a bus error.
  await truncate(addon, 100_000);
  await refused('is damaged', rebuild);
  await truncate(addon, 10);
  await refused('is damaged', rebuild);
  await writeFile(addon, '');
  await refused('is damaged', rebuild);
  await rm(addon);
  await refused('is not there', rebuild, 'C++ compiler');
});

t.test('an addon that was built for another version of Node is not blamed on .NET', async (t) => {
  const { script, addon } = await install(t);
  // Any library that is whole and for this machine, and that registers no module, as one for another Node does.
  const version = (await readdir(join(real, FRAMEWORK))).at(-1) as string;
  await copyFile(join(real, FRAMEWORK, version, 'libclrgc.so'), addon);
  await refusedStart(
    t,
    { script },
    'built for another version of Node',
    process.versions.node,
    'npm rebuild edge-js',
  );
});

t.test('a package that is not installed, and a file of the sidecar that is missing', async (t) => {
  const { script, packages } = await install(t);
  await rm(join(packages, 'edge-js'), { recursive: true });
  await refusedStart(t, { script }, 'The package edge-js is not installed', 'npm ci');
  await rm(join(packages, 'pino'));
  await refusedStart(t, { script }, 'The package pino is not installed', 'npm ci');
  await rm(join(dirname(script), '../dist/main.js'));
  await refusedStart(t, { script }, /main\.js is missing\. Install azurecache-sidecar again/);
});

t.test('the .NET half: a file missing, damaged, all of it missing', async (t) => {
  const { script, gateway } = await install(t);
  const refused = (...parts: (RegExp | string)[]) =>
    refusedStart(t, { script }, gateway, 'npm run build', ...parts);
  for (const name of ['StackExchange.Redis.dll', 'EdgeJs.dll', 'AzureCache.Gateway.runtimeconfig.json']) {
    await rename(join(gateway, name), join(gateway, 'away'));
    await refused(`is not whole, ${name} is missing`);
    await rename(join(gateway, 'away'), join(gateway, name));
  }
  await rm(join(gateway, 'AzureCache.Gateway.deps.json'));
  await writeFile(join(gateway, 'AzureCache.Gateway.deps.json'), '{"targets":');
  await refused('is damaged');
  await rm(gateway, { recursive: true });
  await refused('is missing');
});

t.test('the .NET half: a library that is cut off', async (t) => {
  const { script, gateway } = await install(t);
  const library = join(gateway, 'Garnet.server.dll');
  const whole = realpathSync(library);
  await rm(library);
  await copyFile(whole, library);
  await truncate(library, 1_000_000);
  await refusedStart(t, { script }, 'embedded backend did not start', 'Install azurecache-sidecar again');
});

t.test('a Node that is too old, or 32-bit', async (t) => {
  const old = { ...preload('other-node.cjs'), TEST_NODE_VERSION: '18.20.8' };
  await refusedStart(t, { env: old }, 'This Node is 18.20.8', 'Node 20 or later');
  const small = { ...preload('other-node.cjs'), TEST_NODE_ARCH: 'ia32' };
  await refusedStart(t, { env: small }, 'This Node is 32-bit', '--use-32bit-worker-process false');
});

// Root may write anywhere and listen anywhere: without its capabilities it is a user like others.
const isRoot = process.getuid?.() === 0;
const through = isRoot ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : [];

t.test('a port, a folder or a file that this user has no right to', async (t) => {
  const folder = join(await tempFolder(t), 'closed');
  await mkdir(folder, { mode: 0o500 });
  t.teardown(() => chmod(folder, 0o700));
  const refused = (env: Record<string, string>, ...parts: (RegExp | string)[]) =>
    refusedStart(t, { env, through }, ...parts);
  await refused(
    { AZURE_CACHE_PORT: '1' },
    'port 1 on 127.0.0.1',
    'not allowed',
    'AZURE_CACHE_PORT to 1024 or more',
  );
  await refused(
    { AZURE_CACHE_SOCKET: join(folder, 'door.sock') },
    folder,
    'cannot be written to (EACCES)',
    'AZURE_CACHE_SOCKET',
  );
  const below = join(folder, 'below', 'door.sock');
  await refused(
    { AZURE_CACHE_SOCKET: below },
    dirname(below),
    'cannot be made (EACCES)',
    'AZURE_CACHE_SOCKET',
  );
  for (const path of [folder, join(folder, 'data')])
    await refused({ AZURE_CACHE_DATA_DIR: path }, 'AZURE_CACHE_DATA_DIR cannot be written to', 'its owner');
  await refused(
    { AZURE_CACHE_DATA_DIR: fileURLToPath(import.meta.url) },
    'AZURE_CACHE_DATA_DIR cannot be written to',
  );
  t.same(await readdir(folder), []);
});

t.test('a discovery file that cannot be written: no door stays open, no draft stays behind', async (t) => {
  const folder = await tempFolder(t);
  const socket = join(folder, 'door.sock');
  await mkdir(`${socket}.json`);
  await refusedStart(
    t,
    { env: { AZURE_CACHE_SOCKET: socket } },
    `${socket}.json`,
    'EISDIR',
    'AZURE_CACHE_SOCKET',
  );
  t.same(await readdir(folder), ['door.sock.json']);
});

t.test('a full disk', { skip: !isRoot && 'only root can mount a small one' }, async (t) => {
  const disk = await tempFolder(t);
  // In a namespace of its own: the mount goes with the process.
  const mount = ['unshare', '--mount', 'sh', '-c', `mount -t tmpfs -o size=64k tmpfs ${disk} && "$@"`, 'sh'];
  const full = ['sh', '-c', `cat /dev/zero > ${disk}/filler 2> ${disk}/none; "$@"`, 'sh'];
  const refused = (env: Record<string, string>, how: string[], ...parts: string[]) =>
    refusedStart(t, { env, through: how }, ...parts);
  await refused(
    { AZURE_CACHE_DATA_DIR: join(disk, 'data') },
    mount,
    'AZURE_CACHE_DATA_DIR',
    'is full',
    'Free some space',
  );
  const socket = join(disk, 'door.sock');
  await refused(
    { AZURE_CACHE_SOCKET: socket },
    [...mount, ...full],
    `${socket}.json`,
    'The disk is full',
    'AZURE_CACHE_SOCKET',
  );
});

t.test('a look at a link that goes nowhere is no find', async (t) => {
  const { script, addon } = await install(t);
  await rm(addon);
  await symlink('/nowhere', addon);
  await refusedStart(t, { script }, 'is not there');
});
