#!/usr/bin/env node
// Builds src, client and gateway into dist: `node bin/build.js`, or the parts that are named, with --if-stale only what
// has changed. Called by npm run build, by prepack, by the tests and, in a checkout, by the command.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const at = (name) => join(root, 'dist', name);
const stampOf = (part) => at(`.built-${part.name}`);
const lockFile = at('.building');
const UNFINISHED = 'unfinished';
const TYPESCRIPT =
  'TypeScript could not be compiled: run npm ci, in case packages are missing or have changed.';

/** What is built: the files it depends on, and the command. A new part needs no more than a line here. */
const parts = [
  {
    name: 'sidecar',
    inputs: ['src', 'tsconfig.json', 'package-lock.json'],
    command: () => tsc('.'),
    done: () => removeOrphans('dist', 'src'),
    why: TYPESCRIPT,
  },
  {
    name: 'client',
    inputs: ['client/src', 'client/tsconfig.json', 'package-lock.json'],
    command: () => tsc('client'),
    done: () => removeOrphans('client/dist', 'client/src'),
    why: TYPESCRIPT,
  },
  // For this machine, compiled ahead of time: a third off the start (docs/decisions/0010-compiled-ahead-of-time.md).
  gateway('gateway', '--use-current-runtime'),
  // For packages, which have to fit every platform. A folder of its own, so that packing leaves the other as it is.
  { ...gateway('gateway-portable'), onlyIfNamed: true },
];

/** Builds those of the parts whose inputs have changed since they were built; one process at a time. */
export async function buildIfStale(names = []) {
  const stale = (part) => readText(stampOf(part)) !== hashOf(part);
  if (!partsOf(names).some(stale)) return;
  await lock();
  // Another process may have built them meanwhile.
  for (const part of partsOf(names)) if (stale(part)) await build(part);
  unlock();
}

async function buildAll(names) {
  await lock();
  for (const part of partsOf(names)) await build(part);
  unlock();
}

function partsOf(names) {
  return parts.filter(({ name, onlyIfNamed }) => (names.length > 0 ? names.includes(name) : !onlyIfNamed));
}

function tsc(project) {
  try {
    return [
      process.execPath,
      join(require.resolve('typescript/package.json'), '..', 'bin', 'tsc'),
      '-p',
      project,
    ];
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return fail('This checkout has no packages yet. Run npm ci first.');
  }
}

/** The .NET half, published into a folder of its name in dist. */
function gateway(name, ...options) {
  return {
    name,
    // The version of edge-js is in the lock file.
    inputs: ['gateway-dotnet', 'package-lock.json'],
    command: () => [
      ...['dotnet', 'publish', 'gateway-dotnet/Gateway.csproj', '-c', 'Release', '-o', `dist/${name}.new`],
      ...[...options, '--nologo', '-v', 'quiet', '-clp:NoSummary'],
    ],
    // What a compiler was just writing when it was ended counts as compiled for the next one, and has half its code.
    restart: () => {
      for (const folder of ['gateway-dotnet/obj', 'gateway-dotnet/EdgeJs/obj', `dist/${name}.new`])
        rmSync(join(root, folder), { recursive: true, force: true });
    },
    done: () => {
      // A running sidecar keeps the files it has open.
      rmSync(at(name), { recursive: true, force: true });
      renameSync(at(`${name}.new`), at(name));
    },
    why: 'The .NET SDK 10 is needed (dotnet --version).',
  };
}

/** Removes what was compiled from sources that are gone: a package takes all that lies there. */
function removeOrphans(out, from) {
  for (const path of readdirSync(join(root, out), { recursive: true })) {
    const source = /^(?!gateway)(.*?)\.(?:d\.)?([cm]?)[jt]s(?:\.map)?$/.exec(path);
    if (source && !existsSync(join(root, from, `${source[1]}.${source[2]}ts`))) rmSync(join(root, out, path));
  }
}

async function build(part) {
  process.stderr.write(`building ${part.name} …\n`);
  if (parts.some((one) => readText(stampOf(one)) === UNFINISHED)) part.restart?.();
  writeFileSync(stampOf(part), UNFINISHED);
  const [command, ...args] = part.command();
  const hash = hashOf(part);
  await run(command, args, part);
  part.done();
  writeFileSync(stampOf(part), hash);
}

/** Waits while a process that is alive builds in this checkout, however many wait. */
async function lock() {
  mkdirSync(at(''), { recursive: true });
  for (;;) {
    try {
      return writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!isAlive(Number(readText(lockFile) ?? 0))) unlock();
    await pause(100);
  }
}

function unlock() {
  rmSync(lockFile, { force: true });
}

function isAlive(pid) {
  try {
    // 0: the file is just being written, or has just gone.
    return pid === 0 || process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Ends with the child on a signal, so that an interrupted start leaves no compiler behind. */
function run(command, args, part) {
  return new Promise((resolve) => {
    // stdout is the log of the sidecar that may follow; what a compiler says goes to stderr.
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', process.stderr, process.stderr] });
    let asked;
    const pass = (signal) => {
      asked = signal;
      child.kill(signal);
    };
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, pass);
    const end = (problem) => fail(`building ${part.name} failed (${problem}). ${part.why}`);
    child.on('error', (error) => end(error.code));
    child.on('exit', (code, signal) => {
      for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.off(name, pass);
      // dotnet ends with 0 then, and has written half of its files.
      if (asked) fail(`building ${part.name} was interrupted (${asked}); the next start builds it anew.`);
      else if (code === 0) resolve();
      else end(signal ?? `exit ${code}`);
    });
  });
}

function fail(sentence) {
  process.stderr.write(`azurecache: ${sentence}\n`);
  unlock();
  process.exit(1);
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function hashOf(part) {
  const hash = createHash('sha256');
  for (const file of part.inputs.flatMap((input) => filesOf(join(root, input))).sort())
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}

function filesOf(path) {
  let entries;
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path];
    throw error;
  }
  return entries
    .filter(({ name }) => name !== 'bin' && name !== 'obj' && name !== 'Tests')
    .flatMap(({ name }) => filesOf(join(path, name)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2).filter((name) => name !== '--if-stale');
  const unknown = names.find((name) => partsOf([name]).length === 0);
  if (unknown !== undefined) {
    process.stderr.write(
      `azurecache: there is no part "${unknown}": ${parts.map(({ name }) => name).join(', ')}.\n`,
    );
    process.exit(1);
  }
  if (process.argv.includes('--if-stale')) await buildIfStale(names);
  else await buildAll(names);
}
