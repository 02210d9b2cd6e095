// Imports point down only (docs/architecture.md): a file may import from lower layers, never from its own or above.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

// From the bottom up. A new file goes into the lowest layer it can.
const LAYERS = [
  [
    'errors',
    'settings',
    'edge-env',
    'preflight/native-file',
    'preflight/node-version',
    'door-files',
    'frame-error',
    'echoes',
    'in-turn',
    'run/sidecar-process',
    'shutdown-file',
  ],
  [
    'backend',
    'preflight/machine',
    'setting-names',
    'door-paths',
    'guard',
    'raw-reply',
    'run/command',
    'run/launch',
    'start-turn',
    'run/terminal',
  ],
  ['changes', 'preflight/dotnet-root', 'preflight/edge-addon', 'extras'],
  ['frame', 'preflight/preflight', 'sources'],
  ['config', 'cache', 'bridge', 'frame-reader', 'near-entries', 'near-flights', 'near-proof'],
  ['events', 'run/identity', 'log', 'near-cache', 'routes/parameters'],
  ['around', 'routes/replies', 'run/runners'],
  [
    ...['routes/batch-items', 'routes/cache', 'routes/counters', 'routes/events', 'routes/health'],
    ...['routes/keys', 'routes/locks'],
  ],
  ['routes/batch', 'run/attachment'],
  ['run/attach', 'run/hung', 'hits', 'server', 'stream'],
  ['listen', 'run/runner'],
  ['gateway-options', 'doctor/check'],
  ['run/run', 'sidecar'],
  [
    'doctor/ask-gateway',
    'doctor/holder',
    'doctor/installation',
    'doctor/memory',
    'doctor/network',
    'doctor/report',
    'doctor/sandbox',
  ],
  ['doctor/doors', 'doctor/gateway'],
  ['doctor/backend', 'doctor/data-folder'],
  ['doctor/look-at-backend'],
  ['doctor/doctor'],
  ['main', 'start'],
];
/** What is started as a process of its own. */
const PROCESSES = ['main', 'doctor/ask-gateway'];
/** Ends another process hard, once it is proved to be a sidecar that hangs. */
const ENDS_SIDECARS = 'run/sidecar-process';
const MAY_IMPORT: Record<string, RegExp> = {
  'edge-js': /^bridge$/,
  fastify: /^(server|routes\/.*)$/,
  './bridge.js': /^(sidecar|gateway-options)$/,
  '../bridge.js': /^doctor\//,
};
const root = fileURLToPath(new URL('..', import.meta.url));
const layerOf = (name: string) => LAYERS.findIndex((layer) => layer.includes(name));

function sourcesIn(folder: string) {
  const paths = readdirSync(join(root, folder), { recursive: true }) as string[];
  return paths
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      const text = readFileSync(join(root, folder, path), 'utf8');
      const specifiers = text.matchAll(
        /(?:\bfrom |\bimport |\bimport\(|\brequire\(|\bcreateRequire\(import\.meta\.url\)\()\s*['"]([^'"]+)['"]/g,
      );
      return {
        name: path.replaceAll('\\', '/').slice(0, -'.ts'.length),
        code: text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, ''),
        imports: [...specifiers].map((match) => match[1] as string),
      };
    });
}

const sources = sourcesIn('src');

t.test('every file of src has its layer', async (t) => {
  for (const { name } of sources)
    t.not(layerOf(name), -1, `src/${name}.ts is in no layer: put it into the list at the top of this test`);
});

t.test('a file imports only from layers below its own', async (t) => {
  for (const { name, imports } of sources)
    for (const specifier of imports.filter((path) => path.startsWith('.'))) {
      const imported = posix.join(posix.dirname(name), specifier).replace(/\.js$/, '');
      t.ok(layerOf(imported) < layerOf(name), `src/${name}.ts imports ${specifier}`);
    }
});

t.test('edge-js, fastify and the bridge are imported only where they belong', async (t) => {
  for (const { name, imports } of sources)
    for (const specifier of imports.filter((path) => path in MAY_IMPORT))
      t.match(name, MAY_IMPORT[specifier], `src/${name}.ts imports ${specifier}`);
  // Else a renamed import would make this test hold nothing.
  for (const specifier of Object.keys(MAY_IMPORT))
    t.ok(
      sources.some(({ imports }) => imports.includes(specifier)),
      `${specifier} is imported by nobody`,
    );
});

t.test(
  'the environment, the arguments and the signals of a process are touched by what is started as one; start is a guest there',
  async (t) => {
    // argv[1] is no argument, but the script that runs.
    for (const { name, code } of sources.filter(({ name }) => !PROCESSES.includes(name)))
      if (name === 'start')
        t.notMatch(
          code,
          /process\.(argv(?!\[1\])|on|once|exit|exitCode|kill)\b|'SIG[A-Z]+'/,
          `src/${name}.ts`,
        );
      else if (name === ENDS_SIDECARS) {
        t.equal(code.split('process.kill(').length, 2, `src/${name}.ts ends a process at one place`);
        t.match(code, 'process.kill(pid, 9)', `src/${name}.ts`);
        t.notMatch(code, /process\.(env|argv|on|once|exit|exitCode)\b|'SIG[A-Z]+'/, `src/${name}.ts`);
      }
      // Signal 0 is none: it asks whether there is such a process.
      else
        t.notMatch(
          code,
          /process\.(env|argv|on|once|exit|exitCode|kill(?!\(pid, 0\)))\b|'SIG[A-Z]+'/,
          `src/${name}.ts`,
        );
  },
);

t.test('the client imports nothing of the sidecar', async (t) => {
  const client = sourcesIn('client/src');
  t.not(client.length, 0, 'client/src has no sources');
  for (const { name, imports } of client)
    for (const specifier of imports.filter((path) => path.startsWith('.')))
      t.notMatch(
        posix.join(posix.dirname(name), specifier),
        /^\.\./,
        `client/src/${name}.ts imports ${specifier}`,
      );
});

t.test(
  'in the client, the cache and the sessions stand on the transport, and know nothing of each other',
  async (t) => {
    const below: Record<string, RegExp> = {
      transport: /^(transport\/.*|errors)$/,
      cache: /^(cache\/.*|transport\/.*|errors|life|callback)$/,
      session: /^(session\/.*|transport\/.*|errors|life|callback)$/,
    };
    for (const { name, imports } of sourcesIn('client/src')) {
      const allowed = below[posix.dirname(name)];
      for (const specifier of imports.filter((path) => allowed && path.startsWith('.'))) {
        const imported = posix.join(posix.dirname(name), specifier).replace(/\.js$/, '');
        t.match(imported, allowed, `client/src/${name}.ts imports ${specifier}`);
      }
    }
  },
);
