// What `npm run test:windows` runs: the Windows leg, on Debian with wine64. It makes its parts (setup.js), then runs
// tests with each Windows Node: the files of test/ in LISTS as they are, their sidecar a Windows process under Wine
// (sidecar.ts) and its socket a way to its named pipe, and those of test/windows/. Ends with `N passed, N failed`;
// a part that is missing fails it. Also a step of `npm run test:long`. What this proves and what not: docs/windows.md.
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { none, tapCounter } from '../results.js';
import { NODES, setUp } from './setup.js';
import { wineServer } from './wine.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const TAP = 'node_modules/tap/dist/esm/run.mjs';
// Contrary to the other Node, so that each list meets each backend in one of the two.
const BACKENDS = /** @type {Record<string, 'embedded' | 'redis'>} */ ({ 20: 'redis', 22: 'embedded' });
/** Tests of test/ that start a sidecar and know nothing of this machine: no mode of a file, no number of a process. */
const LISTS = {
  // Doors, and input that is refused, on both.
  both: ['http', 'http-locks', 'batch', 'bad-input', 'guard', 'hits', 'pipelining', 'connection'],
  20: ['backend-outage', 'events-redis', 'slow-client'],
  22: ['contract-embedded', 'stream', 'events', 'cache-values', 'cache-locks', 'tags', 'sliding'],
};

/**
 * Runs tap on files and counts.
 * @param {string} node
 * @param {string[]} files
 */
async function tap(node, files) {
  const env = {
    ...process.env,
    WINDOWS_LEG_NODE: node,
    ...(BACKENDS[node] === 'redis' && { WINDOWS_LEG_REDIS: '1' }),
  };
  const { counts, read } = tapCounter();
  const args = [TAP, '--reporter=tap', '--timeout=240', ...files.map((file) => `test/${file}.test.ts`)];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (read(line)) console.log(line);
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (counts.failed === 0 && (code !== 0 || counts.passed === 0)) counts.failed = 1;
  return counts;
}

const total = none();
try {
  execFileSync(process.execPath, ['bin/build.js', '--if-stale'], { cwd: root, stdio: 'inherit' });
  await setUp();
  // A start without Wine's server running takes a second longer.
  await wineServer('-p60');
  const own = readdirSync(new URL('.', import.meta.url)).flatMap((name) =>
    name.endsWith('.test.ts') ? [`windows/${name.slice(0, -'.test.ts'.length)}`] : [],
  );
  for (const [node, { version }] of Object.entries(NODES)) {
    console.log(`# Node ${version} for Windows, ${BACKENDS[node]}`);
    const counts = await tap(node, [...own, ...LISTS.both, ...LISTS[/** @type {20 | 22} */ (Number(node))]]);
    for (const name of /** @type {(keyof typeof total)[]} */ (Object.keys(total)))
      total[name] += counts[name];
  }
} catch (error) {
  console.log(`The Windows leg cannot run: ${/** @type {Error} */ (error).message}`);
  total.failed += 1;
}
await wineServer('-k').catch(() => {});
// What a test file skips on this system for a reason of its own, it skips here too.
total.skipped -= total.unexplained;
total.failed += total.unexplained;
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;
