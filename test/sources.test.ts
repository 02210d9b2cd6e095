// Where settings come from, what wins, and the names and forms that are refused. Values are test/config.test.ts.
import t from 'tap';
import { askedFor, helpText } from '../src/config.js';
import { SETTINGS } from '../src/setting-names.js';
import { load, refused, SECRET } from './fixtures/settings.js';

t.test(
  'a setting is read from the file, the environment overrides it, and a flag overrides both',
  async (t) => {
    const file = { keyPrefix: 'file:', port: 1, deadlineMs: 500 };
    const env = { AZURE_CACHE_KEY_PREFIX: 'env:', AZURE_CACHE_PORT: '2' };
    const argv = ['--key-prefix=flag:'];
    t.match(load(t, { file }), { keyPrefix: 'file:', port: 1, deadlineMs: 500 });
    t.match(load(t, { file, env }), { keyPrefix: 'env:', port: 2, deadlineMs: 500 });
    t.match(load(t, { file, env, argv }), { keyPrefix: 'flag:', port: 2, deadlineMs: 500 });
  },
);

t.test('every setting is known by its three names', async (t) => {
  for (const { env, flag, key } of SETTINGS) {
    // Port 0 and "0" as a switch are allowed; elsewhere the refusal has to be of the value, not of the name.
    const given = [{ env: { [env]: '0' } }, { argv: [`--${flag}=0`] }, { file: { [key]: 0 } }];
    for (const one of given) {
      try {
        load(t, one);
      } catch (error) {
        t.notMatch((error as Error).message, /is not a setting/, env);
      }
    }
  }
});

t.test('an empty text counts as not set, whatever the source', async (t) => {
  t.equal(load(t, { env: { AZURE_CACHE_PORT: '', AZURE_CACHE_KEYPREFIX: '' } }).port, 22233);
  t.equal(load(t, { argv: ['--port='], env: { AZURE_CACHE_PORT: '7' } }).port, 7);
  t.equal(load(t, { argv: ['--config='], file: { host: '', port: 7 } }).port, 7);
});

t.test('a flag may have its value behind it, and a switch may stand alone', async (t) => {
  t.match(load(t, { argv: ['--port', '0', '--allow-remote'] }), { port: 0, allowRemote: true });
  t.match(load(t, { argv: ['--allow-remote=false'], env: { AZURE_CACHE_ALLOW_REMOTE: '1' } }), {
    allowRemote: false,
  });
});

t.test('AZURE_CACHE_TTL is read where AZURE_CACHE_TTL_SECONDS is not set', async (t) => {
  t.equal(load(t, { env: { AZURE_CACHE_TTL: '60' } }).defaultTtlMs, 60_000);
  for (const env of [
    { AZURE_CACHE_TTL: '60', AZURE_CACHE_TTL_SECONDS: '90' },
    { AZURE_CACHE_TTL_SECONDS: '90', AZURE_CACHE_TTL: '60' },
  ])
    t.equal(load(t, { env }).defaultTtlMs, 90_000);
  refused(t, { env: { AZURE_CACHE_TTL: 'soon' } }, /AZURE_CACHE_TTL in the environment/);
});

t.test('variables of the client, and of everybody else, are passed over', async (t) => {
  const env = {
    AZURE_CACHE_URL: 'http://127.0.0.1:22233',
    REDIS_URL: 'redis://x',
    AZURECACHE_PORT: 'tcp://x',
  };
  t.equal(load(t, { env }).connection, undefined);
  refused(
    t,
    { env: { AZURE_CACHE_URL: `rediss://:${SECRET}@host` } },
    /AZURE_CACHE_URL .* mean AZURE_CACHE_CONNECTION\?/,
  );
});

t.test(
  'on Windows the name of a variable may have any case; elsewhere the right case is named',
  async (t) => {
    const env = { Azure_Cache_Port: '7' };
    t.equal(load(t, { env, platform: 'win32', cwd: 'C:\\site' }).port, 7);
    refused(t, { env }, /Azure_Cache_Port.*mean AZURE_CACHE_PORT\?/);
  },
);

t.test('a name that is no setting is refused with the one that was meant', async (t) => {
  for (const [wrong, right] of [
    ['AZURE_CACHE_PROT', 'AZURE_CACHE_PORT'],
    ['AZURE_CACHE_KEYPREFIX', 'AZURE_CACHE_KEY_PREFIX'],
    ['AZURE_CACHE_DEADLINE', 'AZURE_CACHE_DEADLINE_MS'],
    ['AZURE_CACHE_REDIS', 'AZURE_CACHE_CONNECTION'],
    ['AZURE_CACHE_REDIS_URL', 'AZURE_CACHE_CONNECTION'],
    ['AZURE_CACHE_CONNECTION_STRING', 'AZURE_CACHE_CONNECTION'],
    ['AZURE_CACHE_TTL_MS', 'AZURE_CACHE_TTL_SECONDS'],
    ['AZURE_CACHE_PASSWORD', 'AZURE_CACHE_TOKEN'],
    ['AZURE_CACHE_API_TOKEN_FIEL', 'AZURE_CACHE_API_TOKEN_FILE'],
  ] as const)
    refused(t, { env: { [wrong]: SECRET } }, new RegExp(`${wrong} in the environment .* mean ${right}\\?`));
  for (const [wrong, right] of [
    ['--prot', '--port'],
    ['--keyPrefix', '--key-prefix'],
    ['--no-allow-remote', '--allow-remote'],
    ['--ttl', '--ttl-seconds'],
    ['--url', '--connection'],
  ] as const)
    for (const argv of [[`${wrong}=${SECRET}`], [wrong, SECRET]])
      refused(t, { argv }, new RegExp(`flag ${wrong} .* mean ${right}\\?`));
  for (const [wrong, right] of [
    ['prot', 'port'],
    ['key-prefix', 'keyPrefix'],
    ['AZURE_CACHE_KEY_PREFIX', 'keyPrefix'],
    ['apitoken', 'apiToken'],
    ['ttl', 'ttlSeconds'],
  ] as const)
    refused(
      t,
      { file: { [wrong]: SECRET } },
      new RegExp(`${wrong} in .*azurecache\\.json .* mean ${right}\\?`),
    );
});

t.test('a name that is like no other is refused with the way to the list', async (t) => {
  refused(t, { env: { AZURE_CACHE_XYZZY: SECRET } }, /AZURE_CACHE_XYZZY.*--help/);
  refused(t, { argv: ['-p', SECRET] }, /-p .*--help/);
  refused(t, { file: { constructor: 1 } }, /constructor in .*--help/);
  refused(t, { file: '{"__proto__": {"port": 1}}' }, /__proto__ in .*--help/);
  refused(t, { file: { 'line\nbreak': 1 } }, /line break in .*--help/);
});

t.test('flags without value, given twice, or followed by a stray argument are refused', async (t) => {
  refused(t, { argv: ['--port'] }, /--port has no value/);
  refused(t, { argv: ['--port', '--allow-remote'] }, /--port has no value/);
  refused(t, { argv: ['--config'] }, /--config has no value/);
  refused(t, { argv: ['--port=1', '--port', '2'] }, /--port is given twice/);
  refused(t, { argv: ['--allow-remote', SECRET] }, /belongs to no flag/);
  refused(t, { argv: ['--', SECRET] }, /belongs to no flag/);
});

t.test('--config takes another file, which has to be there', async (t) => {
  const files = { 'other.json': '{"port": 9}', folder: '' };
  t.equal(load(t, { argv: ['--config', 'other.json'], file: { port: 8 }, files }).port, 9);
  refused(t, { argv: ['--config=missing.json'] }, /missing\.json cannot be read \(ENOENT\)/);
  refused(t, { argv: ['--config=.'] }, /cannot be read \(EISDIR\)/);
});

t.test(
  'a config file that is not one JSON object of plain values is refused, without quoting it',
  async (t) => {
    for (const file of ['', '{', `{"token": "${SECRET}" "port": 1}`, `{token: "${SECRET}"}`])
      refused(t, { file }, /azurecache\.json is not valid JSON/);
    for (const file of ['[]', 'null', `"${SECRET}"`, '1'])
      refused(t, { file }, /azurecache\.json must be one JSON object/);
    for (const value of [null, [SECRET], { a: SECRET }])
      refused(t, { file: { port: value } }, /port in .* must be a string, a number, true or false/);
    t.equal(load(t, { file: '\uFEFF{"port": "9"}' }).port, 9, 'with a byte order mark');
  },
);

t.test('--help and --version are seen whatever else is on the command line', async (t) => {
  t.equal(askedFor(['--prot=1', 'stray', '--help']), 'help');
  t.equal(askedFor(['--version']), 'version');
  t.equal(askedFor(['--help', '--version']), 'help');
  t.equal(askedFor(['--key-prefix=--help', '--port', '--']), undefined);
  t.equal(askedFor([]), undefined);
  for (const { flag } of SETTINGS) t.match(helpText(), `--${flag}`);
});
