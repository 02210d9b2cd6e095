#!/usr/bin/env node
// The command. In a checkout it builds first what is not built; then this process becomes the sidecar.
import { existsSync, readFileSync } from 'node:fs';

// A sidecar that a runner starts runs what that runs.
if (existsSync(new URL('../tsconfig.json', import.meta.url)) && process.argv[2] !== 'shared') {
  const { buildIfStale } = await import('./build.js');
  await buildIfStale();
}
const problem = await start();
if (problem) {
  process.stderr.write(`azurecache: ${problem}\n`);
  process.exit(1);
}

/** What keeps the sidecar from being loaded; later failures are main's to tell. */
async function start() {
  let main;
  try {
    // First, for a Node that is too old cannot read the rest.
    const { nodeProblem } = await import('../dist/preflight/node-version.js');
    const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    const tooOld = nodeProblem(process.versions.node, engines.node);
    if (tooOld) return tooOld;
    ({ main } = await import('../dist/main.js'));
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const [, kind, name] = /Cannot find (package|module) '([^']+)'/.exec(error.message) ?? [];
    return kind === 'package'
      ? `The package ${name} is not installed. Run npm ci (or npm install) in the folder of the app.`
      : `${name ?? 'A file of the sidecar'} is missing. Install azurecache-sidecar again.`;
  }
  await main();
  return undefined;
}
