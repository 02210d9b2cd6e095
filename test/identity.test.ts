// Whose sidecar and whose data: what makes two settings the same, what makes them differ, and what is never said.
import t from 'tap';
import { loadConfig } from '../src/config.js';
import { described, type Identity, identityOf } from '../src/run/identity.js';
import { tempFolder } from './fixtures/temp-folder.js';

const SECRET = 'planted-secret-0123456789';
const OWNER = { uid: 1000, userName: '', site: undefined };
const cwd = await tempFolder(t);

function of(env: Record<string, string>, owner: Parameters<typeof identityOf>[1] = OWNER): Identity {
  const settings = Object.fromEntries(
    Object.entries(env).map(([name, value]) => [`AZURE_CACHE_${name}`, value]),
  );
  const place = { platform: 'linux', tempDir: '/tmp', uid: 1000, userName: '' } as const;
  return identityOf(loadConfig({ argv: [], env: settings, cwd, ...place }), owner);
}
const connection = (text: string) => of({ CONNECTION: text });

const SAME: [string, Identity[]][] = [
  [
    'one database of one Redis',
    [
      connection('redis://Cache.example:6379/2'),
      connection(`redis://:${SECRET}@cache.example/2`),
      connection('cache.example,defaultDatabase=2'),
      connection(`cache.example:6379, password = ${SECRET} ,connectTimeout=100,DefaultDatabase=2`),
    ],
  ],
  [
    'one Azure cache',
    [
      of({ IDENTIFIER: 'shop', TOKEN: SECRET }),
      of({ IDENTIFIER: 'Shop.redis.cache.windows.net', TOKEN: 'another' }),
      connection(`shop.redis.cache.windows.net,ssl=true,password=${SECRET}`),
    ],
  ],
  ['one cluster', [connection('a:1,b:2'), connection(`B:2,a:1,password=${SECRET}=`)]],
  ['one user', [connection(`redis://ada:${SECRET}@c`), connection('c,user=ada,password=x')]],
  ['the embedded backend', [of({}), of({ PORT: '0', TTL_SECONDS: '5', API_TOKEN: SECRET })]],
];

t.test('what means the same data has the same fingerprint', async (t) => {
  for (const [what, identities] of SAME)
    t.equal(new Set(identities.map(({ fingerprint }) => fingerprint)).size, 1, what);
});

t.test('what means other data has another one', async (t) => {
  const others = [
    ...SAME.map(([, [first]]) => first as Identity),
    connection('redis://cache.example/3'),
    connection('rediss://cache.example:6379/2'),
    connection('redis://cache.example:6380/2'),
    connection('redis://bob@c'),
    connection('a:1,b:2,serviceName=main'),
    of({ DATA_DIR: '/data' }),
    of({ DATA_DIR: '/data2' }),
    of({ KEY_PREFIX: 'a:' }),
  ];
  t.equal(new Set(others.map(({ fingerprint }) => fingerprint)).size, others.length);
});

t.test('it says owner, end points and prefix, and no secret', async (t) => {
  t.equal(of({}).owner, 'user 1000');
  t.equal(of({}, { uid: undefined, userName: 'ada', site: 'shop' }).owner, 'user ada, site shop');
  t.equal(of({ KEY_PREFIX: 'a:' }).backend, 'the embedded backend, key prefix "a:"');
  t.match(
    described(of({ DATA_DIR: '/data' })),
    /^user 1000, on the embedded backend in \/data, no key prefix \(fingerprint [0-9a-f]{16}\)$/,
  );
  t.equal(connection('b:2,A').backend, 'b:2 a:6379, no key prefix');
  for (const text of [
    `redis://ada:${SECRET}@c/1`,
    `rediss://${SECRET}@c`,
    `redis://ada:${SECRET}@[::1`,
    `c,password=${SECRET}`,
    `password=${SECRET},c`,
    `c,password=a,${SECRET}`,
    `redis://%zz:${SECRET}@c`,
  ])
    t.notMatch(described(connection(text)), SECRET, text);
});
