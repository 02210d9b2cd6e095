// What each setting takes, what goes together, and what the sidecar gets. Names and sources are test/sources.test.ts.
import { join } from 'node:path';
import t from 'tap';
import { SETTINGS } from '../src/setting-names.js';
import { load, refused, SECRET } from './fixtures/settings.js';

t.test('with no setting at all everything has its default', async (t) => {
  t.same(load(t), {
    ...{ host: '127.0.0.1', port: 22233, portIsDefault: true, allowRemote: false, apiToken: undefined },
    socket: '/tmp/azurecache-1000/azurecache.sock',
    discoveryFile: '/tmp/azurecache-1000/azurecache.sock.json',
    ...{
      connection: undefined,
      identifier: undefined,
      token: undefined,
      caFile: undefined,
      entra: undefined,
    },
    ...{ dataDir: undefined, keyPrefix: '', defaultTtlMs: 86_400_000 },
    ...{ maxValueBytes: 8 * 1024 * 1024, nearCacheBytes: 64 * 1024 * 1024 },
    embeddedBytes: 256 * 1024 * 1024,
    ...{ deadlineMs: 2000, logLevel: 'info' },
  });
});

t.test('the object is frozen', async (t) => {
  t.ok(Object.isFrozen(load(t)));
});

t.test('a number is whole, plain and within its range', async (t) => {
  const ranges = {
    AZURE_CACHE_PORT: [0, 65535],
    AZURE_CACHE_TTL_SECONDS: [1, 315_360_000],
    AZURE_CACHE_MAX_VALUE_BYTES: [1, 64 * 1024 * 1024],
    AZURE_CACHE_NEAR_CACHE_BYTES: [0, 8 * 1024 ** 3],
    AZURE_CACHE_EMBEDDED_BYTES: [64 * 1024 ** 2, 64 * 1024 ** 3],
    AZURE_CACHE_DEADLINE_MS: [50, 60_000],
  } as const;
  for (const [name, [least, most]] of Object.entries(ranges)) {
    for (const good of [least, most])
      t.doesNotThrow(() => load(t, { env: { [name]: String(good) } }), `${name}=${good}`);
    const beyond = [least - 1, most + 1].map(String);
    for (const bad of [
      ...beyond,
      '1e3',
      '60.0',
      '+60',
      '-60',
      ' 60',
      '60 ',
      '0x3c',
      '060',
      '60s',
      'NaN',
      '٦٠',
    ])
      refused(t, { env: { [name]: bad } }, new RegExp(`${name} in the environment is not valid: it takes a`));
  }
  refused(t, { file: { ttlSeconds: 1.5 } }, /ttlSeconds in .* is not valid/);
  refused(t, { file: { ttlSeconds: 1e21 } }, /ttlSeconds in .* is not valid/);
});

t.test('a setting that is no number takes only what it says it takes', async (t) => {
  const long = `${'é'.repeat(128)}a`;
  for (const [name, bad, allowed] of [
    ['ENTRA', 'yes', /system, default or user/],
    ['ALLOW_REMOTE', 'TRUE', /true or false/],
    ['LOG_LEVEL', 'verbose', /debug, info, warn or error/],
    ['HOST', '127.0.0.1:80', /without a port/],
    ['HOST', '[::1]', /without brackets/],
    ['HOST', '*', /an IP address or a host name/],
    ['IDENTIFIER', 'old.cache.windows.net', /ended in 2016/],
    ['IDENTIFIER', 'shop.redis.cache.windows.net:6380', /without a port/],
    ['KEY_PREFIX', long, /256 bytes/],
    ['API_TOKEN', 'fifteen-letters', /at least 16 characters/],
    ['API_TOKEN', 'with a space in between', /without spaces/],
    ['API_TOKEN', 'ümlaut-in-the-token', /printable ASCII/],
  ] as const)
    refused(t, { env: { [`AZURE_CACHE_${name}`]: bad } }, /^AZURE_CACHE_\w+ in the environment/, allowed);
  t.equal(load(t, { env: { AZURE_CACHE_KEY_PREFIX: long.slice(0, -1) } }).keyPrefix.length, 128);
  refused(t, { file: { keyPrefix: 'a\0b' } }, /without NUL/);
  refused(t, { file: '{"keyPrefix": "\\ud800"}' }, /UTF-8/);
});

t.test('a refusal never says the value of a setting', async (t) => {
  for (const { env, flag, key } of SETTINGS) {
    // Too long for a path, and with a NUL, so that no setting takes it.
    const value = `${SECRET}\0${'x'.repeat(300)}`;
    refused(t, { env: { [env]: value } }, /not valid/);
    refused(t, { file: { [key]: value } }, /not valid/);
    refused(t, { argv: [`--${flag}`, value] });
  }
});

t.test('an Azure cache needs its name and its access key, and excludes a connection', async (t) => {
  const [identifier, token] = [{ AZURE_CACHE_IDENTIFIER: 'shop' }, { AZURE_CACHE_TOKEN: SECRET }];
  const connection = { AZURE_CACHE_CONNECTION: `host,password=${SECRET}` };
  t.match(load(t, { env: { ...identifier, ...token } }), { identifier: 'shop', token: SECRET });
  t.match(load(t, { env: connection }), { connection: `host,password=${SECRET}` });
  t.equal(load(t, { env: { AZURE_CACHE_IDENTIFIER: 'a.redis.cache.windows.net', ...token } }).token, SECRET);
  refused(t, { env: identifier }, /AZURE_CACHE_IDENTIFIER .* AZURE_CACHE_TOKEN\. .* AZURE_CACHE_ENTRA/);
  refused(t, { env: token }, /AZURE_CACHE_TOKEN .* AZURE_CACHE_IDENTIFIER/);
  refused(t, { env: { ...identifier, ...token, ...connection } }, /both name a backend/);
  refused(t, { file: { identifier: 'shop', token: SECRET }, env: connection }, /identifier in .* and AZURE_/);
});

t.test('Entra ID takes the place of the access key, and needs a cache to sign in to', async (t) => {
  const [entra, identifier] = [{ AZURE_CACHE_ENTRA: 'system' }, { AZURE_CACHE_IDENTIFIER: 'shop' }];
  const user = 'user:01234567-89ab-cdef-0123-456789abcdef';
  t.match(load(t, { env: { ...identifier, ...entra } }), {
    identifier: 'shop',
    entra: 'system',
    token: undefined,
  });
  t.match(load(t, { argv: [`--entra=${user}`, '--connection=rediss://host'] }), { entra: user });
  refused(t, { env: entra }, /^AZURE_CACHE_ENTRA .* Set AZURE_CACHE_IDENTIFIER/);
  refused(
    t,
    { env: { ...identifier, ...entra, AZURE_CACHE_TOKEN: SECRET } },
    /^AZURE_CACHE_ENTRA .* AZURE_CACHE_TOKEN .* Give one of them/,
  );
  for (const bad of ['user:', 'user:shop', 'system ', 'none'])
    refused(
      t,
      { env: { ...identifier, AZURE_CACHE_ENTRA: bad } },
      /^AZURE_CACHE_ENTRA .* system, default or user/,
    );
});

t.test('a data folder is for the embedded backend alone, and its path becomes absolute', async (t) => {
  t.equal(load(t, { argv: ['--data-dir=cache', '--socket=off'] }).dataDir, join(t.testdirName, 'cache'));
  t.equal(load(t, { env: { AZURE_CACHE_DATA_DIR: '/var/../srv' } }).dataDir, '/srv');
  refused(t, { argv: ['--data-dir=cache', '--connection=host'] }, /--data-dir is for the embedded backend/);
});

t.test('an address that is not loopback needs both ALLOW_REMOTE and a token', async (t) => {
  for (const host of ['localhost', '127.8.9.10', '::1'])
    t.equal(load(t, { argv: ['--host', host] }).host, host);
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.4',
    'example.org',
    '127.evil.org',
    '128.0.0.1',
    '::ffff:127.0.0.1',
  ]) {
    const remote = [`--host=${host}`, '--allow-remote'];
    refused(t, { argv: [`--host=${host}`, `--api-token=${SECRET}`] }, /--host .*AZURE_CACHE_ALLOW_REMOTE/);
    refused(t, { argv: remote }, /--host .*AZURE_CACHE_API_TOKEN/);
    t.match(load(t, { argv: [...remote, `--api-token=${SECRET}`] }), { host, allowRemote: true });
    const files = { token: SECRET };
    t.equal(load(t, { argv: [...remote, '--api-token-file=token'], files }).apiToken, SECRET);
    t.equal(load(t, { argv: [`--host=${host}`, '--port=off'] }).port, undefined, 'the door is closed anyway');
  }
});

t.test('the token can come from a file, without the line break at its end', async (t) => {
  const argv = ['--api-token-file=token'];
  for (const end of ['', '\n', '\r\n'])
    t.equal(load(t, { argv, files: { token: SECRET + end } }).apiToken, SECRET);
  refused(t, { argv }, /--api-token-file: .*token cannot be read \(ENOENT\)/);
  refused(t, { argv: ['--api-token-file=.'] }, /cannot be read \(EISDIR\)/);
  for (const token of ['', 'short', `${SECRET} x`, `${SECRET}\n\n`, `${SECRET}é`])
    refused(t, { argv, files: { token } }, /--api-token-file: .* at least 16 characters/);
  refused(t, { argv: [...argv, `--api-token=${SECRET}`], files: { token: SECRET } }, /both give the token/);
});

t.test('the file of the issuer has to be readable', async (t) => {
  const argv = ['--ca-file=ca.pem'];
  t.equal(load(t, { argv, files: { 'ca.pem': 'PEM' } }).caFile, join(t.testdirName, 'ca.pem'));
  refused(t, { argv }, /--ca-file: .*ca\.pem cannot be read \(ENOENT\)/);
});

t.test('either door can be off, but not both', async (t) => {
  t.match(load(t, { argv: ['--port=off'] }), { port: undefined, socket: /azurecache\.sock$/ });
  t.match(load(t, { argv: ['--socket=off'] }), { port: 22233, socket: undefined, discoveryFile: undefined });
  refused(t, { argv: ['--port=off', '--socket=off'] }, /both off/);
});
