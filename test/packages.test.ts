// What npm pack takes into the two packages: everything that runs, and nothing else. That they run is proven in
// test/long/packages.test.ts.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { pack } from '../bin/npm.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const GATEWAY = 'dist/gateway-portable/';
/** What NativeLibraries.cs looks for, on the platforms that edge-js has an addon for or compiles one. */
const NATIVES = {
  'linux-x64': ['liblua54.so', 'libnative_device.so'],
  'linux-arm64': ['liblua54.so', 'libnative_device.so'],
  osx: ['liblua54.dylib'],
  'win-x64': ['lua54.dll', 'native_device.dll'],
  'win-arm64': ['lua54.dll', 'native_device.dll'],
};

/** What is compiled from the sources in a folder, and types if asked for. */
function compiled(from: string, to: string, types: boolean) {
  const names = readdirSync(join(root, from), { recursive: true }) as string[];
  return names.flatMap((name) => {
    const [, stem, m] = /^(.*)\.(m?)ts$/.exec(name) ?? [];
    if (stem === undefined) return [];
    return [`${to}/${stem}.${m}js`, ...(types ? [`${to}/${stem}.d.${m}ts`] : [])];
  });
}

const versioned = (...folders: string[]) =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...folders], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter(Boolean);

/** When each gateway was published, and from what. */
function built() {
  const of = (name: string) => {
    const stamp = join(root, `dist/.built-${name}`);
    return existsSync(stamp) && [readFileSync(stamp, 'utf8'), statSync(stamp).mtimeMs];
  };
  return { gateway: of('gateway'), portable: of('gateway-portable') };
}

t.test('the package of the sidecar has what runs, its pages, and nothing else', async (t) => {
  const before = built();
  const { files, size, unpackedSize } = await pack('sidecar');
  t.same(built().gateway, before.gateway, 'packing leaves the gateway of this machine as it was');
  const paths = files.map(({ path }) => path);
  t.same(
    paths.filter((path) => !path.startsWith(GATEWAY)).sort(),
    [
      ...['LICENSE', 'README.md', 'package.json', 'bin/azurecache.js'],
      ...versioned('docs', 'deploy'),
      ...compiled('src', 'dist', false),
    ].sort(),
  );
  t.ok(within(size, sizes('azurecache-sidecar')[0]), `npm run sizes: it has ${size} bytes packed`);
  t.ok(within(unpackedSize, sizes('azurecache-sidecar')[1]), `npm run sizes: ${unpackedSize} bytes unpacked`);

  const gateway = paths.filter((path) => path.startsWith(GATEWAY)).map((path) => path.slice(GATEWAY.length));
  const manifest = JSON.parse(read(`${GATEWAY}AzureCache.Gateway.deps.json`));
  const [target = {}] = Object.values<Record<string, Assets>>(manifest.targets);
  const wanted = Object.values(target).flatMap(({ runtime = {}, runtimeTargets = {} }) => [
    ...Object.keys(runtime).map((path) => path.split('/').at(-1) as string),
    ...Object.keys(runtimeTargets),
  ]);
  t.same(
    gateway.sort(),
    [...wanted, 'AzureCache.Gateway.deps.json', 'AzureCache.Gateway.runtimeconfig.json'].sort(),
    'the gateway is whole, by its own manifest',
  );
  const platforms = new Set(gateway.flatMap((path) => /^runtimes\/([^/]+)\/native\//.exec(path)?.[1] ?? []));
  t.same([...platforms].sort(), [...Object.keys(NATIVES), 'osx-arm64'].sort());
  for (const [platform, names] of Object.entries(NATIVES))
    for (const name of names)
      t.ok(gateway.includes(`runtimes/${platform}/native/${name}`), `${name} for ${platform}`);
});

interface Assets {
  runtime?: object;
  runtimeTargets?: object;
}

t.test('the package of the client has what runs, its types, and nothing else', async (t) => {
  const { files, size, unpackedSize } = await pack('client');
  t.same(
    files.map(({ path }) => path).sort(),
    ['LICENSE', 'README.md', 'package.json', ...compiled('client/src', 'dist', true)].sort(),
  );
  t.equal(read('client/LICENSE'), read('LICENSE'));
  t.ok(within(size, sizes('azurecache')[0]), `npm run sizes: it has ${size} bytes packed`);
  t.ok(within(unpackedSize, sizes('azurecache')[1]), `npm run sizes: ${unpackedSize} bytes unpacked`);
});

/** What docs/packages.md says, in bytes: packed and unpacked. */
function sizes(name: string): [number, number] {
  const row = read('docs/packages.md').match(
    new RegExp(`^\\| \`${name}\` \\| \\d+ \\| ([\\d.]+) MB \\| ([\\d.]+) MB`, 'm'),
  );
  return [Number(row?.[1]) * 1e6, Number(row?.[2]) * 1e6];
}

/** A tenth either way, or what rounding takes; whoever changes more runs `npm run sizes`. */
function within(found: number, said: number) {
  return Math.abs(found - said) <= Math.max(said / 10, 60_000);
}
