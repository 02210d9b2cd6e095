// The doctor, run as its users run it, where all is well and where one thing is not: doors, files, machine. What it
// says of a Redis is in doctor-redis.test.ts.
import { readFileSync } from 'node:fs';
import { chmod, mkdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { CHECKS } from '../src/doctor/check.js';
import { memory, memoryLimit } from '../src/doctor/memory.js';
import { appService } from '../src/doctor/sandbox.js';
import { thisMachine } from '../src/preflight/machine.js';
import { ask } from './fixtures/ask.js';
import { runDoctor, SECRET } from './fixtures/doctor.js';
import { freePort } from './fixtures/free-port.js';
import { install } from './fixtures/installation.js';
import { runCommand } from './fixtures/refused-start.js';
import { startSidecar } from './fixtures/sidecar.js';
import { tempFolder } from './fixtures/temp-folder.js';

const MIB = 1024 * 1024;
const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const preload = (name: string) => ({ NODE_OPTIONS: `--require=${fixture(name)}` });

t.test('with no setting at all: everything is well, and nothing is left behind', async (t) => {
  const folder = await tempFolder(t);
  const socket = join(folder, 'new', 'door.sock');
  const { code, checks } = await runDoctor(t, { env: { AZURE_CACHE_SOCKET: socket } });
  t.equal(code, 0);
  t.same(
    checks.map(({ name, state }) => `${name} ${state}`),
    [
      ...['settings', 'node', 'dotnet', 'addon', 'gateway', 'loopback', 'port', 'socket', 'discovery'],
      ...['memory', 'backend', 'entries', 'scripting'],
    ].map((name) => `${name} ok`),
  );
  await t.rejects(stat(join(folder, 'new')), 'it makes no folder');
});

t.test('as text: one line for each, and one over all', async (t) => {
  const { code, stdout, stderr } = await runCommand({ args: ['doctor'], env: { AZURE_CACHE_PORT: '1' } });
  t.match({ code, stderr }, { code: process.getuid?.() === 0 ? 0 : 1, stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  t.match(lines.pop(), /^azurecache \S+: \d+ ok, \d+ to look at, \d+ to mend$/);
  for (const line of lines) t.match(line, /^(ok {2}|warn|FAIL) [a-z-]+ +\S/);
});

t.test('settings: their sources, never a value', async (t) => {
  const cwd = await tempFolder(t);
  await writeFile(join(cwd, 'azurecache.json'), JSON.stringify({ apiToken: SECRET, keyPrefix: 'shop:' }));
  const env = { AZURE_CACHE_DEADLINE_MS: '1500' };
  const { line, code } = await runDoctor(t, { cwd, env, args: ['--ttl-seconds=7'] });
  t.equal(code, 0);
  const { says } = line('settings');
  for (const part of [
    `apiToken in ${join(cwd, 'azurecache.json')}`,
    'AZURE_CACHE_DEADLINE_MS in the environment',
    '--ttl-seconds',
  ])
    t.match(says, part);
  t.notMatch(says, /1500|shop:/);
});

t.test('settings that cannot be used: what does not depend on them is looked at all the same', async (t) => {
  const { line, has } = await runDoctor(t, { env: { AZURE_CACHE_CONECTION: SECRET } });
  t.match(line('settings'), { state: 'fail', says: /AZURE_CACHE_CONECTION/, fix: /AZURE_CACHE_CONNECTION/ });
  t.equal(line('loopback').state, 'ok');
  t.notOk(has('backend'));
  const token = await runDoctor(t, { env: { AZURE_CACHE_API_TOKEN_FILE: '/nowhere' } });
  t.match(token.line('settings'), { state: 'fail', says: /AZURE_CACHE_API_TOKEN_FILE.*ENOENT/ });
});

t.test('the doors are held by a sidecar, which is not disturbed', async (t) => {
  const env = {
    AZURE_CACHE_PORT: String(await freePort()),
    AZURE_CACHE_DATA_DIR: join(await tempFolder(t), 'data'),
  };
  await using sidecar = await startSidecar({ env });
  const same = { ...env, AZURE_CACHE_SOCKET: sidecar.socketPath };
  const { code, line } = await runDoctor(t, { env: same });
  t.equal(code, 0);
  const who = new RegExp(`process ${sidecar.pid}, version \\d`);
  for (const name of ['port', 'socket'] as const) t.match(line(name), { state: 'ok', says: who }, name);
  t.match(line('discovery'), { state: 'ok', says: who });
  t.match(line('data-dir'), { state: 'ok', says: /in use by the sidecar that runs/ });
  t.equal((await ask({ url: sidecar.url }, 'GET /readyz')).status, 200);
  // With another socket it is somebody else's sidecar that has the folder.
  const other = await runDoctor(t, { env: { ...env, AZURE_CACHE_PORT: '0' } });
  t.match(other.line('data-dir'), {
    state: 'fail',
    says: `process ${sidecar.pid}`,
    fix: /AZURE_CACHE_DATA_DIR/,
  });
});

t.test('the port is held by something else', async (t) => {
  const server = createServer((_request, response) => response.end('{"status":"fine"}'));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { line } = await runDoctor(t, { env: { AZURE_CACHE_PORT: String(port) } });
  const who = process.platform === 'linux' ? `process ${process.pid} (` : 'another program';
  t.match(line('port'), { state: 'fail', fix: /AZURE_CACHE_PORT/ });
  t.match(line('port').says, who);
});

t.test('a discovery file that was left behind, and one that is none', async (t) => {
  const socket = join(await tempFolder(t), 'door.sock');
  const sidecar = await startSidecar({ env: { AZURE_CACHE_SOCKET: socket } });
  await sidecar.kill();
  const env = { AZURE_CACHE_SOCKET: socket };
  const { code, line } = await runDoctor(t, { env });
  t.equal(code, 0, 'the next start replaces it');
  t.match(line('discovery'), { state: 'warn', says: new RegExp(`process ${sidecar.pid}, which is gone`) });
  t.equal(line('socket').state, 'ok');
  await writeFile(`${socket}.json`, 'nonsense');
  t.match((await runDoctor(t, { env })).line('discovery'), {
    state: 'fail',
    says: /is no JSON/,
    fix: /remove it/,
  });
});

t.test('a place for the socket, or a data folder, that this user has no right to', async (t) => {
  const closed = join(await tempFolder(t), 'closed');
  await mkdir(closed, { mode: 0o500 });
  t.teardown(() => chmod(closed, 0o700));
  // Root may write anywhere, but for its capabilities.
  const through = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : [];
  const env = {
    AZURE_CACHE_SOCKET: join(closed, 'x', 'door.sock'),
    AZURE_CACHE_DATA_DIR: join(closed, 'data'),
    AZURE_CACHE_PORT: '1',
  };
  const { line } = await runDoctor(t, { env, through });
  t.match(line('socket'), { state: 'fail', says: closed, fix: /AZURE_CACHE_SOCKET/ });
  t.match(line('data-dir'), { state: 'fail', says: closed, fix: /AZURE_CACHE_DATA_DIR/ });
  t.match(line('port'), { state: 'fail', says: /EACCES/, fix: /AZURE_CACHE_PORT/ });
});

t.test('an addon that is missing or damaged, a .NET that is not there', async (t) => {
  const { script, addon } = await install(t);
  const env = { ...preload('hide-dotnet.cjs'), PATH: await tempFolder(t) };
  await truncate(addon, 100_000);
  const damaged = await runDoctor(t, { script, env });
  t.match(damaged.line('addon'), { state: 'fail', says: /damaged/, fix: /npm rebuild edge-js/ });
  t.match(damaged.line('dotnet'), {
    state: 'fail',
    says: /No \.NET runtime/,
    fix: /Install the \.NET 10 runtime/,
  });
  t.notOk(damaged.has('backend'));
  await rm(addon);
  const missing = await runDoctor(t, { script });
  t.match(missing.line('addon'), {
    state: 'fail',
    says: /is not there/,
    fix: /npm install-scripts approve edge-js/,
  });
});

t.test('an addon that ends the process it is loaded into is a line', async (t) => {
  const { script, addon } = await install(t);
  // A library that is whole by its header; its code is gone.
  const bytes = readFileSync(addon);
  bytes.fill(0, 4096, Math.floor(bytes.length / 2));
  await writeFile(addon, bytes);
  t.match((await runDoctor(t, { script })).line('addon'), { state: 'fail', fix: /npm rebuild edge-js/ });
});

t.test('memory: what is needed beside the least of the limits', async (t) => {
  const { line } = await runDoctor(t, { env: { WEBSITE_MEMORY_LIMIT_MB: '400' } });
  t.match(line('memory'), {
    state: 'fail',
    says: /450 MiB .* of 400 MiB \(WEBSITE_MEMORY_LIMIT_MB\)/,
    fix: /AZURE_CACHE_EMBEDDED_BYTES/,
  });
  t.match(memoryLimit(1000 * MIB, 0, undefined), { bytes: 1000 * MIB, from: 'this machine' });
  t.match(memoryLimit(1000 * MIB, 500 * MIB, '600'), { bytes: 500 * MIB, from: /cgroup/ });
  t.match(memoryLimit(1000 * MIB, 2 ** 64, 'nonsense'), { bytes: 1000 * MIB }, 'no limit at all');
  const config = { nearCacheBytes: 64 * MIB, embeddedBytes: 256 * MIB };
  t.equal(memory(config, true, { bytes: 500 * MIB, from: 'x' }).state, 'warn');
  t.equal(
    memory(config, false, { bytes: 500 * MIB, from: 'x' }).state,
    'ok',
    'entries in a Redis are not here',
  );
});

t.test('App Service: which sandbox, and the 32-bit worker', async (t) => {
  const { line } = await runDoctor(t, { env: { WEBSITE_SITE_NAME: 'shop' } });
  t.match(line('app-service'), { state: 'ok', says: /the site shop/ });
  const on = (arch: string, env: Record<string, string>) =>
    appService({ ...thisMachine({ WEBSITE_SITE_NAME: 'shop', ...env }), platform: 'win32', arch });
  t.match(on('x64', {}), { state: 'ok', says: /128 named pipes; Always On/ });
  t.match(on('x64', { WEBJOBS_NAME: 'cache' }), {
    state: 'warn',
    says: /WebJob cache .*cannot connect/,
    fix: /azurecache run/,
  });
  t.match(on('ia32', {}), { state: 'fail', fix: /--use-32bit-worker-process false/ });
});

t.test('docs/doctor.md has a row for each line, in their order', async (t) => {
  const page = readFileSync(new URL('../docs/doctor.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (.+?) \|$/gm)].map(([, name, meaning]) => [
    name,
    meaning,
  ]);
  t.same(rows, Object.entries(CHECKS));
});
