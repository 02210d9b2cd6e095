#!/usr/bin/env node
// Builds src, client and gateway into dist: `node bin/build.js`, with --if-stale only what has changed.
// Called by npm run build, by prepack, by the tests and, in a checkout, by the command itself.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const tsc = () => join(require.resolve('typescript/package.json'), '..', 'bin', 'tsc');

/** What is built: the files it depends on, and the command. A new part needs no more than a line here. */
const parts = [
  {
    name: 'sidecar',
    inputs: ['src', 'tsconfig.json', 'package-lock.json'],
    command: () => [process.execPath, tsc(), '-p', '.'],
    why: 'TypeScript could not be compiled.',
  },
  {
    name: 'client',
    inputs: ['client/src', 'client/tsconfig.json', 'package-lock.json'],
    command: () => [process.execPath, tsc(), '-p', 'client'],
    why: 'TypeScript could not be compiled.',
  },
  {
    name: 'gateway',
    // The version of edge-js is in the lock file.
    inputs: ['gateway-dotnet', 'package-lock.json'],
    command: () => [
      ...['dotnet', 'publish', 'gateway-dotnet/Gateway.csproj', '-c', 'Release', '-o', 'dist/gateway'],
      ...['--nologo', '-v', 'quiet', '-clp:NoSummary'],
    ],
    why: 'The .NET SDK 10 is needed (dotnet --version).',
  },
];

/** Builds the parts whose inputs have changed since they were built. */
export async function buildIfStale() {
  for (const part of parts) if (readStamp(part) !== hashOf(part)) await build(part);
}

async function build(part) {
  process.stderr.write(`building ${part.name} …\n`);
  if (part.name === 'gateway') rmSync(join(root, 'dist/gateway'), { recursive: true, force: true });
  const [command, ...args] = part.command();
  await run(command, args, part);
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stampOf(part), hashOf(part));
}

/** Ends with the child on a signal, so that an interrupted start leaves no compiler behind. */
function run(command, args, part) {
  return new Promise((resolve) => {
    // stdout is the log of the sidecar that may follow; what a compiler says goes to stderr.
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', process.stderr, process.stderr] });
    const pass = (signal) => child.kill(signal);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, pass);
    const end = (problem) => {
      process.stderr.write(`azurecache: building ${part.name} failed (${problem}). ${part.why}\n`);
      process.exit(1);
    };
    child.on('error', (error) => end(error.code));
    child.on('exit', (code, signal) => {
      for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.off(name, pass);
      if (code === 0) resolve();
      else end(signal ?? `exit ${code}`);
    });
  });
}

const stampOf = (part) => join(root, 'dist', `.built-${part.name}`);

function readStamp(part) {
  try {
    return readFileSync(stampOf(part), 'utf8');
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
  if (process.argv.includes('--if-stale')) await buildIfStale();
  else for (const part of parts) await build(part);
}
