// The named pipe of a sidecar on Windows: whose it is, when its name is free, and what it bears.
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { ask, get, put } from '../fixtures/ask.js';
import { refusedStart } from '../fixtures/refused-start.js';
import { passesOnWindows } from './in-windows.js';
import { startWindowsSidecar } from './sidecar.js';
import { windowsUser } from './windows-user.js';

const pipe = `azurecache-taken-${process.pid}`;
const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

t.test('its name is that of user and site; the discovery file has it until the sidecar ends', async (t) => {
  const site = `Shop-${process.pid}`;
  const sidecar = await startWindowsSidecar({ defaultPipe: true, env: { WEBSITE_SITE_NAME: site } });
  const { name, localAppData } = await windowsUser();
  t.equal(sidecar.pipe, `\\\\.\\pipe\\azurecache-${name}-${site}`);
  const file = join(localAppData, 'azurecache', `azurecache-${name}-${site}.json`);
  t.ok(await isThere(file), file);
  t.same(await sidecar.stop(), { code: 0, signal: null });
  t.notOk(await isThere(file));
});

t.test('a name that is taken is refused in one sentence, and its owner goes on', async (t) => {
  await using first = await startWindowsSidecar({ env: { AZURE_CACHE_SOCKET: pipe } });
  await put({ socketPath: first.socketPath }, 'a', 'hello');
  await refusedStart(t, { env: { AZURE_CACHE_SOCKET: pipe } }, first.pipe, 'AZURE_CACHE_SOCKET', 'another');
  t.equal((await get({ socketPath: first.socketPath }, 'a')).text, 'hello');
});

t.test('the name of a sidecar that was killed is free again at once', async (t) => {
  for (const _ of [1, 2]) {
    const killed = await startWindowsSidecar({ env: { AZURE_CACHE_SOCKET: pipe } });
    await killed.kill();
  }
  await using next = await startWindowsSidecar({ env: { AZURE_CACHE_SOCKET: pipe } });
  t.equal(next.pipe, `\\\\.\\pipe\\${pipe}`);
  t.equal((await ask({ socketPath: next.socketPath }, 'GET /readyz')).status, 200);
});

t.test('a name that no pipe can have is refused in one sentence', async (t) => {
  for (const name of ['a/b', 'C:\\azurecache.sock', '\\\\.\\pipe\\', 'x'.repeat(201), '\\\\server\\pipe\\a'])
    await refusedStart(t, { env: { AZURE_CACHE_SOCKET: name } }, 'The name of the pipe is not valid');
});

t.test('without a pipe there is still the other door, and the other way round', async (t) => {
  await using tcp = await startWindowsSidecar({ env: { AZURE_CACHE_SOCKET: 'off' } });
  t.equal(tcp.pipe, '');
  t.equal((await ask({ url: tcp.url }, 'GET /readyz')).status, 200);
  await using piped = await startWindowsSidecar({ env: { AZURE_CACHE_PORT: 'off' } });
  t.equal(piped.url, '');
  t.equal((await ask({ socketPath: piped.socketPath }, 'GET /readyz')).status, 200);
});

t.test('a token closes it to whoever has none', async (t) => {
  await using sidecar = await startWindowsSidecar({ env: { AZURE_CACHE_API_TOKEN: 'a-token-of-the-test' } });
  const door = { socketPath: sidecar.socketPath };
  t.equal((await ask(door, 'GET /v1/cache/a')).status, 401);
  const headers = { authorization: 'Bearer a-token-of-the-test' };
  t.equal((await ask(door, 'GET /v1/cache/a', { headers })).status, 404);
});

t.test('many who connect at once are all let in', async (t) => {
  await using sidecar = await startWindowsSidecar();
  await passesOnWindows(t, 'crowd.js', 2, { PIPE: sidecar.pipe });
});
