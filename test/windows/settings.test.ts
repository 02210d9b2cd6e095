// Settings as Windows has them: names in any case, paths with a drive; and what is missing, said in one sentence.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { ask, get, put } from '../fixtures/ask.js';
import { refusedStart, runCommand } from '../fixtures/refused-start.js';
import { tempFolder } from '../fixtures/temp-folder.js';
import { startWindowsSidecar } from './sidecar.js';
import { driveC } from './windows-user.js';
import { windowsPath } from './wine.js';

const FOLDER = `C:\\azurecache-test-${process.pid}`;
const SECRET = 'planted-secret-0123456789';
t.before(() => mkdir(driveC(FOLDER), { recursive: true }));
t.teardown(() => rm(driveC(FOLDER), { recursive: true }));

t.test('names in the environment are the same in any case', async (t) => {
  const env = { Azure_Cache_Api_Token: SECRET, AZURE_CACHE_SOCKET: 'off' };
  await using sidecar = await startWindowsSidecar({ env });
  t.equal((await ask(sidecar, 'GET /v1/cache/a')).status, 401);
});

t.test('a misspelt name is refused with the right one, and without its value', async (t) => {
  const env = { azure_cache_conection: SECRET };
  const line = await refusedStart(t, { env }, 'AZURE_CACHE_CONECTION', 'AZURE_CACHE_CONNECTION');
  t.notMatch(line, SECRET);
  await refusedStart(t, { args: [`--api-tokn=${SECRET}`] }, '--api-tokn', '--api-token');
});

t.test('a value that cannot be used is refused with what can', async (t) => {
  await refusedStart(t, { env: { AZURE_CACHE_DEADLINE_MS: 'soon' } }, 'from 50 to 60000');
});

t.test('--config takes a path with a drive; a path in it starts at the working folder', async (t) => {
  const cwd = await tempFolder(t);
  const config = `${FOLDER}\\settings.json`;
  await writeFile(join(cwd, 'token.txt'), `${SECRET}\r\n`);
  // As Windows' editors write it: with a byte order mark.
  await writeFile(driveC(config), `\uFEFF${JSON.stringify({ apiTokenFile: 'token.txt', socket: 'off' })}`);
  const env = { AZURE_CACHE_SOCKET: '' };
  await using sidecar = await startWindowsSidecar({ cwd, env, args: [`--config=${config}`] });
  t.equal((await ask(sidecar, 'GET /v1/cache/a')).status, 401);
  const headers = { authorization: `Bearer ${SECRET}` };
  t.equal((await ask(sidecar, 'GET /v1/cache/a', { headers })).status, 404);
  await refusedStart(t, { args: [`--config=${FOLDER}\\none.json`] }, 'none.json', 'ENOENT');
});

t.test('the embedded backend keeps its entries in a folder with a drive', async (t) => {
  const env = { AZURE_CACHE_DATA_DIR: `${FOLDER}\\data`, AZURE_CACHE_SOCKET: 'off' };
  const first = await startWindowsSidecar({ env });
  await put(first, 'a', 'hello');
  await refusedStart(t, { env }, 'AZURE_CACHE_DATA_DIR', 'another sidecar');
  await first.stop();
  await using second = await startWindowsSidecar({ env });
  t.equal((await get(second, 'a')).text, 'hello');
});

t.test('a port that is taken is refused in one sentence, and its owner goes on', async (t) => {
  await using first = await startWindowsSidecar();
  const env = { AZURE_CACHE_PORT: new URL(first.url).port };
  await refusedStart(t, { env }, `port ${env.AZURE_CACHE_PORT} on 127.0.0.1`, 'AZURE_CACHE_PORT');
  t.equal((await ask({ url: first.url }, 'GET /readyz')).status, 200);
});

t.test('without .NET it says what is missing', async (t) => {
  const ran = await runCommand({ env: { DOTNET_ROOT: windowsPath(await tempFolder(t)) } });
  t.match(ran, { code: 1, stdout: '', stderr: /^azurecache: .+\.NET 10 runtime/m });
});

t.test('--help and --version say it on stdout and end with 0', async (t) => {
  t.match(await runCommand({ args: ['--help'] }), { code: 0, stderr: '', stdout: /^Usage: azurecache/ });
  t.match(await runCommand({ args: ['--version'] }), { code: 0, stderr: '', stdout: /^\d+\.\d+\.\d+\S*\n$/ });
});
