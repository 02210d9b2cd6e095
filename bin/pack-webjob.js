// Makes dist/azurecache-webjob.zip: the sidecar as a continuous WebJob of a Windows web app (64 bit), for upload as it is.
// Run by `npm run pack:webjob`, on any system: what is for Windows in it is prebuilt. The same files give the same bytes.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { pack } from './npm.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const ADDONS = 'node_modules/edge-js/lib/native/win32/x64';
/** Of the package: what is read, not run, and libraries of other platforms. */
const NOT_RUN = /^(docs|deploy)\/|^dist\/gateway-portable\/runtimes\/(linux|osx|win-arm64)/;
/** Of its dependencies. Kudu copies each file before it starts the job, so there should be few. */
const NOT_NEEDED = [
  /\.(map|md|[cm]?ts)$|\/(tests?|benchmarks?|\.github)\//,
  // Of edge-js: what was compiled for this machine (it would be preferred), what it is compiled from, other platforms.
  /^node_modules\/nan\//,
  /^node_modules\/edge-js\/(build|src|lib\/bootstrap|lib\/native\/(darwin|win32\/(ia32|arm64)))\//,
];
const isLicence = (path) => /\/licen[cs]e[^/]*$/i.test(path);

const files = new Map();
const add = (name, from) => files.set(name, readFileSync(join(root, from)));

for (const name of ['run.cmd', 'settings.job']) add(name, `deploy/webjob/${name}`);
for (const { path } of (await pack('sidecar')).files)
  if (!NOT_RUN.test(path)) add(`azurecache/${path}`, path);
for (const path of dependencies().flatMap(filesIn))
  if (isLicence(path) || !NOT_NEEDED.some((part) => part.test(path))) add(`azurecache/${path}`, path);
// As edge-js' install script does on Windows: what its addon is linked with lies beside it.
const addons = readdirSync(join(root, ADDONS));
const libraries = addons.filter((name) => name.endsWith('.dll'));
for (const version of addons.filter((name) => /^\d+$/.test(name)))
  for (const name of libraries) add(`azurecache/${ADDONS}/${version}/${name}`, `${ADDONS}/${name}`);

const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
// The first moment that a zip can name, on whatever clock.
const zip = zipSync(Object.fromEntries(sorted), { level: 9, mtime: new Date(1980, 0, 1) });
writeFileSync(join(root, 'dist/azurecache-webjob.zip'), zip);
const unpacked = sorted.reduce((sum, [, bytes]) => sum + bytes.length, 0);
console.log(
  `dist/azurecache-webjob.zip: ${sorted.length} files, ${mb(zip.length)}, ${mb(unpacked)} unpacked`,
);

/** The packages that run with the sidecar, by the lock file, where they lie here. */
function dependencies() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, { dev, devOptional, optional, link }]) => {
      return path.startsWith('node_modules/') && !dev && !devOptional && !optional && !link;
    })
    .map(([path]) => path);
}

/** A package's own files; packages inside it have a line of their own in the lock file. */
function filesIn(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesIn(path) : [path];
    });
}

function mb(size) {
  return `${(size / 1e6).toFixed(1)} MB`;
}
