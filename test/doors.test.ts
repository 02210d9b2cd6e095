// Where the client looks for the sidecar: what `url` names, the same default places as the sidecar's, and the
// discovery file beside them.
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { defaultPlace, placeAt, type Surroundings } from '../client/dist/transport/doors.js';
import { loadConfig } from '../src/config.js';
import { tempFolder } from './fixtures/temp-folder.js';

const uid = process.getuid?.();
const LINUX: Surroundings = {
  ...{ env: {}, platform: 'linux', tempDir: '/tmp', cwd: '/srv/app', uid: 1000, userName: () => 'ada' },
};
const WINDOWS: Surroundings = {
  ...LINUX,
  platform: 'win32',
  tempDir: 'C:\\temp',
  cwd: 'C:\\site',
  uid: undefined,
};
const TCP = { host: '127.0.0.1', port: 22233 };

t.test('a url names one door: http with a port, a Unix socket, or a pipe on Windows', async (t) => {
  const named: [string, NodeJS.Platform, unknown][] = [
    ['http://127.0.0.1:80', 'linux', { host: '127.0.0.1', port: 80 }],
    ['HTTP://localhost:22233/', 'win32', { host: 'localhost', port: 22233 }],
    ['http://[::1]:1', 'linux', { host: '::1', port: 1 }],
    ['http://cache_1.internal:65535', 'linux', { host: 'cache_1.internal', port: 65535 }],
    ['unix:/run/a b/azurecache.sock', 'darwin', { path: '/run/a b/azurecache.sock' }],
    ['pipe:azurecache-web', 'win32', { path: '\\\\.\\pipe\\azurecache-web' }],
    ['pipe:\\\\.\\pipe\\web', 'win32', { path: '\\\\.\\pipe\\web' }],
  ];
  for (const [url, platform, door] of named)
    t.same(await placeAt(url, 'The url', platform).doors(), [door], url);
});

t.test('any other url is refused with a sentence that has nothing of it', async (t) => {
  const refused: [string, RegExp, NodeJS.Platform?][] = [
    ['https://127.0.0.1:22233', /no TLS/],
    ['redis://:planted@cache:6379', /must be http/],
    ['127.0.0.1:22233', /must be http/],
    ['planted', /must be http/],
    ['http://127.0.0.1', /host:port/],
    ['http://127.0.0.1:0', /host:port/],
    ['http://127.0.0.1:65536', /host:port/],
    ['http://planted:planted@127.0.0.1:22233', /host:port/],
    ['http://127.0.0.1:22233/planted', /behind the port/],
    ['http://127.0.0.1:22233?planted', /behind the port/],
    ['http://127.0.0.1:22233\r\nplanted: x', /host:port/],
    ['unix:run/planted.sock', /absolute/],
    ['unix:', /absolute/],
    ['unix:/planted\0', /absolute/],
    [`unix:/${'planted'.repeat(15)}`, /over 103 bytes/],
    ['unix:/run/planted.sock', /pipe:name/, 'win32'],
    ['pipe:planted', /only Windows/],
    ['pipe:a/planted', /name of a pipe/, 'win32'],
    ['pipe:', /name of a pipe/, 'win32'],
  ];
  for (const [url, message, platform = 'linux'] of refused) {
    const error = t.throws(() => placeAt(url, 'The url', platform), { code: 'options_invalid', status: 400 });
    const said = error instanceof Error ? error.message : '';
    t.match(said, message, url);
    t.notMatch(said, /planted/);
    t.match(said, /^The url /);
  }
});

t.test('the default socket or pipe is where the sidecar of the same environment opens it', async (t) => {
  // No azurecache.json lies here.
  const cwd = await tempFolder(t);
  const cases: [Surroundings, Record<string, string>][] = [
    [LINUX, {}],
    [LINUX, { XDG_RUNTIME_DIR: '/run/user/1000' }],
    [LINUX, { XDG_RUNTIME_DIR: 'relative' }],
    [LINUX, { AZURE_CACHE_SOCKET: 'run/a.sock' }],
    [LINUX, { AZURE_CACHE_SOCKET: 'off' }],
    [{ ...LINUX, platform: 'darwin', tempDir: '/var/folders/x/T' }, { AZURE_CACHE_SOCKET: '' }],
    [WINDOWS, {}],
    [WINDOWS, { WEBSITE_SITE_NAME: 'shop', LOCALAPPDATA: 'C:\\Users\\ada\\AppData\\Local' }],
    [WINDOWS, { AZURE_CACHE_SOCKET: '\\\\.\\pipe\\web' }],
    [WINDOWS, { AZURE_CACHE_SOCKET: 'web' }],
  ];
  for (const [base, env] of cases) {
    const around = { ...base, env, cwd };
    const { socket } = loadConfig({ ...around, argv: [], userName: 'ada' });
    const doors = socket === undefined ? [TCP] : [{ path: socket }, TCP];
    t.equal(defaultPlace(around).name, JSON.stringify(doors), `${base.platform} ${JSON.stringify(env)}`);
  }
});

t.test('a default path too long for a socket is left out; the port is the one that is set', async (t) => {
  const tempDir = `/${'t'.repeat(100)}`;
  t.same(await defaultPlace({ ...LINUX, tempDir }).doors(), [TCP]);
  for (const [port, doors] of [
    ['22300', [{ ...TCP, port: 22300 }]],
    ['0', []],
    ['off', []],
  ] as const)
    t.same(
      await defaultPlace({ ...LINUX, env: { AZURE_CACHE_SOCKET: 'off', AZURE_CACHE_PORT: port } }).doors(),
      doors,
    );
});

/** The doors found where `content` is the discovery file of the default socket. */
async function found(t: Test, content?: string) {
  const folder = await tempFolder(t);
  const socket = join(folder, 'a.sock');
  if (content !== undefined) await writeFile(`${socket}.json`, content, { mode: 0o600 });
  const doors = await defaultPlace({ ...LINUX, uid, env: { AZURE_CACHE_SOCKET: socket } }).doors();
  return { socket, doors };
}

t.test('what the discovery file names comes before the usual places, and sockets before TCP', async (t) => {
  const doors = [
    { kind: 'tcp', host: '127.0.0.1', port: 40001, url: 'http://127.0.0.1:40001' },
    { kind: 'socket', path: '/run/other.sock' },
  ];
  const file = JSON.stringify({ version: '1.0.0', pid: 1, doors });
  const { socket, doors: all } = await found(t, file);
  t.same(all, [{ path: '/run/other.sock' }, { path: socket }, { host: '127.0.0.1', port: 40001 }, TCP]);
});

t.test('a door that is named twice is tried once, and "every address" is reached by loopback', async (t) => {
  const doors = [
    { kind: 'tcp', host: '0.0.0.0', port: 22233 },
    { kind: 'tcp', host: '::', port: 22233 },
  ];
  const { socket, doors: all } = await found(t, JSON.stringify({ doors }));
  t.same(all, [{ path: socket }, TCP, { host: '::1', port: 22233 }]);
});

t.test('without a discovery file, or with one that is none, the usual places are tried', async (t) => {
  const broken = ['', '{', 'null', '[]', '{}', '{"doors":7}', '{"doors":[null]}'];
  const odd = ['[{"kind":"tcp","host":7,"port":1}]', '[{"kind":"socket"}]', '[{"kind":"carrier pigeon"}]'];
  for (const content of [undefined, ...broken, ...odd.map((doors) => `{"doors":${doors}}`)]) {
    const { socket, doors } = await found(t, content);
    t.same(doors, [{ path: socket }, TCP], content ?? 'no file');
  }
});

t.test(
  'a discovery file that others can write to is refused, whatever it says',
  { skip: uid === undefined && 'Windows has no such modes' },
  async (t) => {
    const folder = await tempFolder(t);
    const socket = join(folder, 'a.sock');
    await writeFile(`${socket}.json`, '{"doors":[]}');
    await chmod(`${socket}.json`, 0o666);
    const place = defaultPlace({ ...LINUX, uid, env: { AZURE_CACHE_SOCKET: socket } });
    await t.rejects(place.doors(), { code: 'door_refused', message: /can be written to by other users/ });
  },
);
