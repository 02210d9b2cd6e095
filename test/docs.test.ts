// The pages that follow the code: docs/configuration.md is what bin/docs.js writes from dist/, and
// docs/dependencies.md names every direct dependency and nothing else.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { SETTINGS } from '../src/setting-names.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Exit code and stderr of `node bin/docs.js …`. */
function runDocs(...args: string[]): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, 'bin/docs.js'), ...args], (error, _stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stderr }),
    );
  });
}

t.test('docs/configuration.md is what npm run docs writes', async (t) => {
  t.same(await runDocs('--check'), { code: 0, stderr: '' });
});

t.test('npm run docs -- --check refuses a page that differs, and leaves it as it is', async (t) => {
  const page = join(t.testdir(), 'configuration.md');
  const stale = read('docs/configuration.md').replace('22233', '22234');
  writeFileSync(page, stale);
  const { code, stderr } = await runDocs('--check', '--page', page);
  t.equal(code, 1);
  t.match(stderr, /Run npm run docs/);
  t.equal(readFileSync(page, 'utf8'), stale);
});

t.test(
  'docs/configuration.md has one row per setting of the sources, with its three names and its default',
  async (t) => {
    const rows = read('docs/configuration.md')
      .split('\n')
      .filter((line) => line.startsWith('| `AZURE_CACHE_') && line.includes('`--'))
      .map((line) => line.split(' | '));
    t.same(
      rows.map(([env, flag, key, , fallback]) => [env, flag, key, fallback]),
      SETTINGS.map(({ env, flag, key, defaultText }) => [
        `| \`${env}\``,
        `\`--${flag}\``,
        `\`${key}\``,
        defaultText,
      ]),
    );
  },
);

t.test(
  'docs/dependencies.md names every direct npm and NuGet dependency, with a licence, and no other',
  async (t) => {
    const named = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \| (\S.*?) \| \S.*? \|$/gm)];
    t.same(named.map((row) => row[1]).sort(), [...npmDependencies(), ...nugetDependencies()].sort());
  },
);

t.test('the client has no dependencies at run time', async (t) => {
  t.notOk(JSON.parse(read('client/package.json')).dependencies);
});

function npmDependencies(): string[] {
  return ['package.json', 'client/package.json'].flatMap((path) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(read(path));
    return [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  });
}

function nugetDependencies(): Set<string> {
  const projects = (readdirSync(join(root, 'gateway-dotnet'), { recursive: true }) as string[]).filter(
    (path) => path.endsWith('.csproj'),
  );
  const references = projects.flatMap((path) => [
    ...read(join('gateway-dotnet', path)).matchAll(/<PackageReference\s+Include="([^"]+)"/g),
  ]);
  return new Set(references.map((match) => match[1] as string));
}
