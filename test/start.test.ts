// Starts that must not succeed, each with one line that says what to do, and starts over what another sidecar left.
// Only what the process does with a refusal; every rule of the settings is in config.test.ts.
import { chmod, lchown, mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { ask, get, put } from './fixtures/ask.js';
import { freePort } from './fixtures/free-port.js';
import { refusedStart, runCommand } from './fixtures/refused-start.js';
import { startSidecar } from './fixtures/sidecar.js';
import { tempFolder } from './fixtures/temp-folder.js';

const SECRET = 'planted-secret-0123456789';
const onUnix = { skip: process.platform === 'win32' && 'pipes are no files' };
const asRoot = { skip: process.getuid?.() !== 0 && 'only root gives a link to somebody else' };
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

t.test('--help and --version say it on stdout and end with 0', async (t) => {
  const help = await runCommand({ args: ['--help'] });
  t.match(help, { code: 0, stderr: '', stdout: /^Usage: azurecache/ });
  t.match(help.stdout, /--data-dir=…\n {6}\S/);
  t.match(await runCommand({ args: ['--version'] }), { code: 0, stderr: '', stdout: /^\d+\.\d+\.\d+\S*\n$/ });
});

t.test('a setting that cannot be used is named, with the right name, and its value is not', async (t) => {
  const cwd = await tempFolder(t);
  const file = join(cwd, 'settings.json');
  await writeFile(file, JSON.stringify({ conection: SECRET }));
  await refusedStart(
    t,
    { env: { AZURE_CACHE_CONECTION: SECRET } },
    'AZURE_CACHE_CONECTION',
    'AZURE_CACHE_CONNECTION',
  );
  await refusedStart(t, { args: [`--api-tokn=${SECRET}`] }, '--api-tokn', '--api-token');
  await refusedStart(t, { cwd, args: ['--config=settings.json'] }, 'conection', 'connection');
  await refusedStart(
    t,
    { env: { AZURE_CACHE_DEADLINE_MS: 'soon' } },
    'AZURE_CACHE_DEADLINE_MS',
    'from 50 to 60000',
  );
});

t.test('what only .NET can judge is refused in one line too', async (t) => {
  const url = `redis://user:${SECRET}@127.0.0.1:1/0?frobnicate=1`;
  const list = '127.0.0.1:1,password=';
  // StackExchange.Redis would take what is behind a comma in a password for a server.
  for (const connection of [url, `${list}${SECRET},frobnicate=1`, `${list}a,${SECRET},ssl=false`]) {
    const line = await refusedStart(
      t,
      { env: { AZURE_CACHE_CONNECTION: connection } },
      'AZURE_CACHE_CONNECTION',
    );
    t.notMatch(line, SECRET);
  }
});

t.test('a sign-in with Entra ID leaves no room for a password, and goes over TLS', async (t) => {
  const start = (connection: string, ...parts: string[]) =>
    refusedStart(t, { env: { AZURE_CACHE_ENTRA: 'system', AZURE_CACHE_CONNECTION: connection } }, ...parts);
  const line = await start(
    `host:10000,ssl=true,password=${SECRET}`,
    'AZURE_CACHE_ENTRA',
    'user and password',
  );
  t.notMatch(line, SECRET);
  await start('redis://shop.westeurope.redis.azure.net:10000', 'AZURE_CACHE_ENTRA', 'rediss://');
});

t.test('a door that others could reach needs leave and a token', async (t) => {
  const env = { AZURE_CACHE_HOST: '0.0.0.0' };
  await refusedStart(t, { env }, 'AZURE_CACHE_HOST', 'AZURE_CACHE_ALLOW_REMOTE');
  const allowed = { ...env, AZURE_CACHE_ALLOW_REMOTE: 'true' };
  await refusedStart(t, { env: allowed }, 'AZURE_CACHE_HOST', 'AZURE_CACHE_API_TOKEN');
  await using sidecar = await startSidecar({ env: { ...allowed, AZURE_CACHE_API_TOKEN: SECRET } });
  const url = `http://127.0.0.1:${new URL(sidecar.url).port}`;
  t.equal((await ask({ url }, 'GET /v1/cache/a')).status, 401);
  const headers = { authorization: `Bearer ${SECRET}`, host: 'cache.example' };
  t.equal((await ask({ url }, 'GET /v1/cache/a', { headers })).status, 404);
});

t.test('a port in use is refused in one line, and its owner goes on', async (t) => {
  await using first = await startSidecar();
  const env = { AZURE_CACHE_PORT: new URL(first.url).port };
  await refusedStart(t, { env }, `port ${env.AZURE_CACHE_PORT} on 127.0.0.1`, 'AZURE_CACHE_PORT');
  t.equal((await ask({ url: first.url }, 'GET /readyz')).status, 200);
});

t.test('a fixed port is free again at once after the sidecar has ended', async (t) => {
  const env = { AZURE_CACHE_PORT: String(await freePort()) };
  const first = await startSidecar({ env });
  t.equal((await ask({ url: first.url }, 'GET /readyz')).status, 200);
  await first.kill();
  await using second = await startSidecar({ env });
  t.equal(second.url, first.url);
});

t.test(
  'the socket of a sidecar that lives is refused to a second one, and the first is unharmed',
  onUnix,
  async (t) => {
    await using first = await startSidecar();
    const door = { socketPath: first.socketPath };
    await put(door, 'a', 'hello');
    await refusedStart(
      t,
      { env: { AZURE_CACHE_SOCKET: first.socketPath } },
      first.socketPath,
      'AZURE_CACHE_SOCKET',
    );
    t.equal((await get(door, 'a')).text, 'hello');
    t.equal(await modeOf(`${first.socketPath}.json`), '600', 'its discovery file is still there');
  },
);

t.test('the socket of a sidecar that was killed is replaced', onUnix, async (t) => {
  const env = { AZURE_CACHE_SOCKET: join(await tempFolder(t), 'door.sock') };
  const first = await startSidecar({ env });
  await first.kill();
  t.ok((await stat(env.AZURE_CACHE_SOCKET)).isSocket(), 'kill -9 leaves it behind');
  await using second = await startSidecar({ env });
  t.equal((await ask({ socketPath: second.socketPath }, 'GET /readyz')).status, 200);
});

t.test('the folder, the socket and the discovery file are this user’s alone', onUnix, async (t) => {
  const folder = join(await tempFolder(t), 'new', 'azurecache');
  await using sidecar = await startSidecar({ env: { AZURE_CACHE_SOCKET: join(folder, 'door.sock') } });
  t.equal(await modeOf(folder), '700');
  t.equal(await modeOf(sidecar.socketPath), '600');
  t.equal(await modeOf(`${sidecar.socketPath}.json`), '600');
});

t.test(
  'a folder that others may write to, or a file in the place of the socket, is refused',
  onUnix,
  async (t) => {
    const folder = join(await tempFolder(t), 'shared');
    await mkdir(folder);
    await chmod(folder, 0o777);
    const env = { AZURE_CACHE_SOCKET: join(folder, 'door.sock') };
    await refusedStart(t, { env }, folder, 'chmod 700', 'AZURE_CACHE_SOCKET');
    await chmod(folder, 0o700);
    await writeFile(env.AZURE_CACHE_SOCKET, 'precious');
    await refusedStart(t, { env }, env.AZURE_CACHE_SOCKET, 'no socket');
    t.equal((await stat(env.AZURE_CACHE_SOCKET)).size, 8, 'the file is still there');
  },
);

t.test('a folder that another user can turn elsewhere is refused', asRoot, async (t) => {
  const folder = await tempFolder(t);
  const link = join(folder, 'link');
  await mkdir(join(folder, 'real'), { mode: 0o700 });
  await symlink(join(folder, 'real'), link);
  const env = { AZURE_CACHE_SOCKET: join(link, 'door.sock') };
  await (await startSidecar({ env })).stop();
  await lchown(link, 65_534, 65_534);
  await refusedStart(t, { env }, link, 'other users', 'AZURE_CACHE_SOCKET');
});
