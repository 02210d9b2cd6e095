// The sidecar as it lies on a Windows machine: the files of `npm pack`, and the dependencies that production has, edge-js
// with its prebuilt Windows addon. Called by setup.js, at each run.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** @param {string} app */
export async function makeApp(app) {
  const draft = `${app}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft);
  // Builds what is stale first, into folders of its own (prepack).
  await run('npm', ['pack', '--pack-destination', draft], { cwd: root });
  const [archive = ''] = readdirSync(draft);
  await run('tar', ['-xzf', join(draft, archive), '--strip-components=1', '-C', draft]);
  rmSync(join(draft, archive));
  copyDependencies(draft);
  rmSync(app, { recursive: true, force: true });
  renameSync(draft, app);
}

/** @param {string} app */
function copyDependencies(app) {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  // Compiled for this machine; edge-js would prefer it.
  const compiled = join(root, 'node_modules/edge-js/build');
  for (const [path, { dev, devOptional, optional, link }] of Object.entries(lock.packages))
    if (path.startsWith('node_modules/') && !dev && !devOptional && !optional && !link)
      cpSync(join(root, path), join(app, path), { recursive: true, filter: (from) => from !== compiled });
  // As edge-js' install script does on Windows: what its addon is linked with lies beside it.
  const addons = join(app, 'node_modules/edge-js/lib/native/win32/x64');
  const libraries = readdirSync(addons).filter((name) => name.endsWith('.dll'));
  for (const version of readdirSync(addons).filter((name) => !name.endsWith('.dll')))
    for (const name of libraries) cpSync(join(addons, name), join(addons, version, name));
}
