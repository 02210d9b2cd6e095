// Where the socket, the pipe and the discovery file are, by platform and environment.
import t from 'tap';
import { loadConfig, type Surroundings } from '../src/config.js';

const LINUX = { argv: [], env: {}, cwd: '/srv/app', tempDir: '/tmp', uid: 1000, userName: 'ada' };
const WINDOWS = { ...LINUX, cwd: 'C:\\site', tempDir: 'C:\\temp', uid: undefined };

function on(platform: 'linux' | 'darwin' | 'win32', given: Partial<Surroundings> = {}) {
  return loadConfig({ ...(platform === 'win32' ? WINDOWS : LINUX), platform, ...given });
}

t.test(
  'the socket is in the run-time folder of the user, else in a folder of the user among the temporary files',
  async (t) => {
    const env = { XDG_RUNTIME_DIR: '/run/user/1000' };
    t.equal(on('linux', { env }).socket, '/run/user/1000/azurecache/azurecache.sock');
    for (const other of [{}, { XDG_RUNTIME_DIR: '' }, { XDG_RUNTIME_DIR: 'relative' }])
      t.equal(on('darwin', { env: other }).socket, '/tmp/azurecache-1000/azurecache.sock');
  },
);

t.test('a socket that is set is absolute, and its discovery file lies beside it', async (t) => {
  t.match(on('linux', { argv: ['--socket=run/a.sock'] }), {
    socket: '/srv/app/run/a.sock',
    discoveryFile: '/srv/app/run/a.sock.json',
  });
});

t.test(
  'a socket path of 103 bytes is taken, one of 104 is refused, also where it is the default',
  async (t) => {
    const longest = `/${'é'.repeat(51)}`;
    t.equal(on('linux', { env: { AZURE_CACHE_SOCKET: longest } }).socket, longest);
    const tooLong = { message: /over 103 bytes.*AZURE_CACHE_SOCKET/ };
    t.throws(() => on('linux', { env: { AZURE_CACHE_SOCKET: `${longest}a` } }), tooLong);
    t.throws(() => on('darwin', { tempDir: `/${'t'.repeat(90)}` }), tooLong);
    t.equal(on('darwin', { tempDir: `/${'t'.repeat(90)}`, argv: ['--socket=off'] }).socket, undefined);
  },
);

t.test('on Windows the pipe has the name of the user, and of the site on App Service', async (t) => {
  t.equal(on('win32').socket, '\\\\.\\pipe\\azurecache-ada');
  const env = { WEBSITE_SITE_NAME: 'shop', LOCALAPPDATA: 'C:\\Users\\ada\\AppData\\Local' };
  t.match(on('win32', { env }), {
    socket: '\\\\.\\pipe\\azurecache-ada-shop',
    discoveryFile: 'C:\\Users\\ada\\AppData\\Local\\azurecache\\azurecache-ada-shop.json',
  });
  t.equal(on('win32').discoveryFile, undefined, 'without LOCALAPPDATA there is no place for it');
});

t.test(
  'a pipe may be given by its bare or its full name; what is no name of a pipe is refused',
  async (t) => {
    for (const name of ['web', '\\\\.\\pipe\\web', '//./pipe/web', '\\\\?\\PIPE\\web'])
      t.equal(on('win32', { argv: [`--socket=${name}`] }).socket, '\\\\.\\pipe\\web');
    for (const name of [
      'C:\\run\\web.sock',
      'a/b',
      '\\\\.\\pipe\\',
      '\\\\.\\pipe\\a\\b',
      'a:b',
      'x'.repeat(201),
    ])
      t.throws(() => on('win32', { argv: [`--socket=${name}`] }), { name: 'ConfigError', message: /pipe/ });
  },
);

t.test('paths on Windows start at its working folder', async (t) => {
  t.equal(on('win32', { argv: ['--data-dir=cache'] }).dataDir, 'C:\\site\\cache');
});
