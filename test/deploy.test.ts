// What lies in deploy/: names of settings that exist, Bicep that hangs together, a unit that systemd takes, pages whose
// links lead somewhere and that say what was not verified. Nothing here can know what Azure makes of it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { CLIENT_SETTINGS, SETTINGS } from '../src/setting-names.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const files = readdirSync(join(root, 'deploy'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
const bicep = files.filter((path) => path.endsWith('.bicep'));
const pages = files.filter((path) => path.endsWith('.md'));

/** Looked up in Microsoft's reference of templates, with the properties that are used here. */
const TYPES = [
  'Microsoft.Authorization/roleAssignments@2022-04-01',
  'Microsoft.Cache/redisEnterprise@2025-04-01',
  'Microsoft.Cache/redisEnterprise/databases@2025-04-01',
  'Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments@2025-04-01',
  'Microsoft.ContainerRegistry/registries@2023-07-01',
  'Microsoft.Web/serverfarms@2024-11-01',
  'Microsoft.Web/sites@2024-11-01',
  'Microsoft.Web/sites/sitecontainers@2024-11-01',
];

t.test('every setting that is named in deploy/ exists', async (t) => {
  const known = new Set([...SETTINGS, ...CLIENT_SETTINGS].map(({ env }) => env));
  const unknown = ['Dockerfile.windows', ...files].flatMap((path) =>
    [...read(path).matchAll(/AZURE_CACHE_[A-Z_]+[A-Z]/g)]
      .filter(([name]) => !known.has(name))
      .map(([name]) => `${name} in ${path}`),
  );
  t.same(unknown, []);
  t.ok(files.length > 8 && bicep.length === 4 && pages.length === 5, 'there is something to look at');
});

/** The text without comments and without what stands in strings, which could hold brackets. */
const skeleton = (text: string) =>
  text.replace(/\/\/.*$|'(?:[^'\\\n]|\\.)*'/gm, (part) => (part.startsWith("'") ? "''" : ''));

for (const path of bicep)
  t.test(`${path} hangs together`, async (t) => {
    const text = read(path);
    const bare = skeleton(text);
    const open: string[] = [];
    for (const [mark] of bare.matchAll(/[[\](){}]/g))
      if ('[({'.includes(mark)) open.push(mark);
      else t.equal('[({'.indexOf(open.pop() ?? '?'), '])}'.indexOf(mark), `a ${mark} closes what was opened`);
    t.same(open, [], 'everything is closed');
    t.equal((bare.match(/'/g) ?? []).length % 2, 0, 'so are strings');
    const declared = [...bare.matchAll(/^(?:param|var|resource|module) (\w+)/gm)].map(
      ([, name]) => name as string,
    );
    const interpolated = text.replace(/\/\/.*$|'(?:[^'\\\n]|\\.)*'/gm, (part) =>
      part.startsWith("'") ? (part.match(/\$\{[^}]*\}/g) ?? []).join(' ') : '',
    );
    // Neither where it is declared nor as the name of a property.
    const isUsed = (name: string) =>
      new RegExp(`(?<!param |var )\\b${name}\\b(?!\\s*:)|\\bin ${name}:`).test(interpolated);
    const parameters = [...bare.matchAll(/^(?:param|var) (\w+)/gm)].map(([, name]) => name as string);
    t.same(
      parameters.filter((name) => !isUsed(name)),
      [],
      'no parameter is left over',
    );
    // symbol.property, also in '${…}'.
    const used = [...text.matchAll(/\b([a-z]\w*)\.(?:id|name|outputs|properties|identity)\b/g)].map(
      ([, name]) => name as string,
    );
    t.same(
      used.filter((name) => !declared.includes(name)),
      [],
      'what is referred to is declared',
    );
    for (const [, type] of text.matchAll(/^resource \w+ '([^']+)'/gm))
      t.ok(TYPES.includes(type as string), type as string);
    for (const [, file, body] of text.matchAll(/^module \w+ '([^']+)' = \{\n([\s\S]*?)^\}/gm)) {
      const target = read(join(dirname(path), file as string));
      const wanted = [...target.matchAll(/^param (\w+) \w+$/gm)].map(([, name]) => name);
      const all = [...target.matchAll(/^param (\w+) \w+/gm)].map(([, name]) => name);
      const given = [
        ...(/params: \{\n([\s\S]*?)\n {2}\}/.exec(body as string)?.[1] ?? '').matchAll(/^ {4}(\w+):/gm),
      ].map(([, name]) => name);
      t.same(
        wanted.filter((name) => !given.includes(name)),
        [],
        `${file} gets what it needs`,
      );
      t.same(
        given.filter((name) => !all.includes(name)),
        [],
        `${file} knows what it gets`,
      );
    }
    for (const [, symbol, output] of text.matchAll(/\b(\w+)\.outputs\.(\w+)/g)) {
      const file = new RegExp(`^module ${symbol} '([^']+)'`, 'm').exec(text)?.[1];
      t.match(read(join(dirname(path), file as string)), new RegExp(`^output ${output} `, 'm'));
    }
  });

t.test('the Windows site has 64 bits and both sites are always on', async (t) => {
  t.match(read('deploy/azure/windows-site.bicep'), /use32BitWorkerProcess: false/);
  for (const name of ['windows-site', 'linux-sidecar'])
    t.match(read(`deploy/azure/${name}.bicep`), /alwaysOn: true/);
});

t.test('the container gets app settings that the site has, by their names', async (t) => {
  const text = read('deploy/azure/linux-sidecar.bicep');
  const passed = [...(/^var settings = \[\n([\s\S]*?)\]/m.exec(text)?.[1] ?? '').matchAll(/'(\w+)'/g)].map(
    ([, name]) => name,
  );
  const set = [...text.matchAll(/name: '(AZURE_CACHE_\w+)'/g)].map(([, name]) => name);
  t.same(passed, ['AZURE_CACHE_IDENTIFIER', 'AZURE_CACHE_ENTRA', 'AZURE_CACHE_KEY_PREFIX']);
  t.same(
    passed.filter((name) => !set.includes(name)),
    [],
  );
});

const UNIT = 'deploy/systemd/azurecache.service';
const SCRIPT = 'node_modules/azurecache-sidecar/bin/azurecache.js';
const systemd = '/usr/bin/systemd-analyze';

t.test(
  'the unit and the Windows service start the command of the package and wait for its end',
  async (t) => {
    const unit = Object.fromEntries(
      [...read(UNIT).matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );
    t.ok(unit.ExecStart?.endsWith(`/${SCRIPT}`));
    t.equal(unit.ExecStart?.split(' ')[1], `${unit.WorkingDirectory}/${SCRIPT}`);
    t.equal(unit.RuntimeDirectory, 'azurecache');
    t.ok(Number(unit.TimeoutStopSec) >= 16);
    t.equal(unit.MemoryDenyWriteExecute, undefined, 'which no JIT survives');
    const service = read('deploy/windows-service/azurecache.xml');
    t.ok(service.includes(`%BASE%\\${SCRIPT.replaceAll('/', '\\')}`));
    t.ok(Number(/<stoptimeout>(\d+) sec</.exec(service)?.[1]) >= 16);
    const open: string[] = [];
    for (const [, slash, name, rest] of service
      .replace(/<!--[\s\S]*?-->/g, '')
      .matchAll(/<(\/?)(\w+)([^>]*)>/g))
      if (slash) t.equal(open.pop(), name);
      else if (!rest?.endsWith('/')) open.push(name as string);
    t.same(open, []);
  },
);

t.test('systemd takes the unit', { skip: !existsSync(systemd) && 'there is no systemd here' }, async (t) => {
  const { status, stdout, stderr } = spawnSync(systemd, ['verify', join(root, UNIT)], { encoding: 'utf8' });
  // A key that it does not know is a warning to it.
  t.same({ status, said: stdout + stderr }, { status: 0, said: '' });
});

for (const path of pages)
  t.test(`${path}: its links lead somewhere, and it says what was not verified`, async (t) => {
    const text = read(path);
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)/g))
      t.ok(existsSync(join(root, dirname(path), target as string)), target as string);
    if (path === 'deploy/README.md') {
      for (const page of pages.filter((one) => one !== path))
        t.ok(text.includes(`(${page.slice('deploy/'.length)})`), page);
      return;
    }
    t.match(text, /^\*\*Not verified\*\*|\*\*Not verified\*\*:/m);
    t.ok(text.split('\n').length <= 60, 'one screen');
  });

t.test('the README leads to deploy/', async (t) => {
  t.match(read('README.md'), '(deploy/README.md)');
});
