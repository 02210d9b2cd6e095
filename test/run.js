// What `npm test` runs: build if stale, type checks, lint, tap, xunit; `npm run test:long` (--long) also the tests of
// test/long, which take minutes, and the Windows leg (test/windows/run.js, on Debian with wine64). Shows their output and
// ends with one line over all, `N passed, N failed`. Each check counts as one; tests are counted one by one
// (results.js). Knows nothing of what is tested.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { none, tapCounter, trxCounts } from './results.js';

/** @typedef {import('./results.js').Counts} Counts */
/** @typedef {{ code: number, lines: number }} Ended a code of -1: it did not start, or a signal ended it */

const root = fileURLToPath(new URL('..', import.meta.url));
const TSC = 'node_modules/typescript/bin/tsc';
const BIOME = 'node_modules/@biomejs/biome/bin/biome';
const TAP = 'node_modules/tap/dist/esm/run.mjs';
const SENTENCE = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;
// MSBuild's and the compiler's servers would outlive the run and hold its output open.
const env = {
  ...process.env,
  MSBUILDDISABLENODEREUSE: '1',
  UseSharedCompilation: 'false',
  DOTNET_CLI_USE_MSBUILD_SERVER: '0',
  DOTNET_CLI_TELEMETRY_OPTOUT: '1',
  DOTNET_NOLOGO: '1',
};

/**
 * Runs a command to its end and shows its output.
 * @param {string} command
 * @param {string[]} args
 * @param {(line: string) => boolean} [shown] asked for each line of stdout
 * @returns {Promise<Ended>}
 */
async function run(command, args, shown = () => true) {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const end = () => child.kill();
  process.once('SIGTERM', end);
  let lines = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines += 1;
    if (shown(line)) console.log(line);
  });
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      console.log(error.message);
      resolve(-1);
    });
    child.once('close', (exitCode) => resolve(exitCode ?? -1));
  });
  process.off('SIGTERM', end);
  return { code, lines };
}

/** One check that passes or fails as a whole. Success without a word is not believed. */
async function check(/** @type {string[]} */ ...args) {
  const { code, lines } = await run(process.execPath, args);
  return code === 0 && lines > 0 ? { ...none(), passed: 1 } : { ...none(), failed: 1 };
}

/** Those that .taprc names, if none is named here. */
async function tap(/** @type {string[]} */ ...files) {
  const { counts, read } = tapCounter();
  const { code } = await run(process.execPath, [TAP, '--reporter=tap', ...files], read);
  return crashed(counts, code);
}

async function long() {
  const names = await readdir(join(root, 'test/long'));
  return tap(...names.filter((name) => name.endsWith('.test.ts')).map((name) => `test/long/${name}`));
}

/** A run of its own, whose last line says how many of its tests passed. */
async function windows() {
  let last = '';
  const { code } = await run(process.execPath, ['test/windows/run.js'], (line) => {
    last = line;
    return !SENTENCE.test(line);
  });
  const [passed = 0, failed = 0, skipped = 0] = (SENTENCE.exec(last) ?? [])
    .slice(1)
    .map((n) => Number(n ?? 0));
  return crashed({ ...none(), passed, failed, skipped }, code);
}

async function xunit() {
  const folder = await mkdtemp(join(tmpdir(), 'azurecache-xunit-'));
  try {
    const report = ['--logger', 'trx;LogFileName=gateway.trx', '--results-directory', folder];
    const { code } = await run('dotnet', ['test', 'gateway-dotnet/Tests', '-c', 'Release', ...report]);
    const file = join(folder, 'gateway.trx');
    return crashed(existsSync(file) ? trxCounts(await readFile(file, 'utf8')) : none(), code);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * A runner that failed without a failed test, or that ran nothing, counts as one failure.
 * @param {Counts} counts
 * @param {number} code
 */
function crashed(counts, code) {
  const nothing = counts.passed + counts.failed + counts.skipped === 0;
  if (counts.failed === 0 && (code !== 0 || nothing)) counts.failed = 1;
  return counts;
}

/** @type {[title: string, step: () => Promise<Counts>][]} */
const STEPS = [
  ['types of src', () => check(TSC, '-p', '.', '--noEmit', '--diagnostics')],
  ['types of test', () => check(TSC, '-p', 'test', '--diagnostics')],
  ['types of client', () => check(TSC, '-p', 'client', '--noEmit', '--diagnostics')],
  ['types that applications see', () => check(TSC, '-p', 'test/client-types', '--diagnostics')],
  ['lint', () => check(BIOME, 'check', '--error-on-warnings')],
  ['tap', () => tap()],
  ['xunit', xunit],
];
if (process.argv.includes('--long')) STEPS.push(['tap, long', long], ['Windows', windows]);

console.log('# build');
const total = none();
if ((await run(process.execPath, ['bin/build.js', '--if-stale'])).code === 0) {
  for (const [title, step] of STEPS) {
    console.log(`# ${title}`);
    const counts = await step();
    console.log(`# ${title}: ${sentence(counts)}`);
    for (const name of /** @type {(keyof Counts)[]} */ (Object.keys(total))) total[name] += counts[name];
  }
} else {
  console.log('# build failed: nothing else was run');
  total.failed = 1;
}
if (total.unexplained > 0) {
  console.log(`# ${total.unexplained} of the skipped tests give no reason: they count as failed`);
  total.skipped -= total.unexplained;
  total.failed += total.unexplained;
}
console.log(sentence(total));
process.exitCode = total.failed > 0 ? 1 : 0;

/** @param {Counts} counts */
function sentence({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
