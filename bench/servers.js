// The processes that are measured: each starts on a free loopback port or a private socket, is ready when it says so
// or takes connections, and is stopped by its own pid. Called by run.js.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** bridge-alone.js counts as started when it has measured. */
const START_DEADLINE_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'azurecache-bench-'));
const running = new Set();

// However the benchmark ends, nothing it started stays.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** Stops everything, the last one started first. */
export async function stopAll() {
  for (const child of [...running].reverse()) await stop(child);
}

/** @throws a sentence that says what to install */
export async function startRedis() {
  const port = await freePort();
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  await start('redis-server', args.map(String), (line) => line.includes('Ready to accept connections'));
  return { host: '127.0.0.1', port };
}

/** webdis with the settings of Debian's package, and no log. */
export async function startWebdis(redis) {
  const port = await freePort();
  const config = join(folder, 'webdis.json');
  const settings = {
    ...{ redis_host: redis.host, redis_port: redis.port, http_host: '127.0.0.1', http_port: port },
    ...{ threads: 2, daemonize: false, database: 0, verbosity: 0, logfile: join(folder, 'webdis.log') },
  };
  writeFileSync(config, JSON.stringify(settings));
  const child = await start('webdis', [config]);
  // It announces nothing: asked until it takes a connection.
  const deadline = performance.now() + START_DEADLINE_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error('webdis did not start.');
    await new Promise((next) => setTimeout(next, 10));
  }
  return { url: `http://127.0.0.1:${port}` };
}

/**
 * The sidecar, as `npm start` runs it, through to Redis or on its embedded backend. The near cache is off, if nothing else
 * is said: what is measured is the way to the backend.
 */
export async function startSidecar(redis, { near = false } = {}) {
  const socketPath = join(folder, `${running.size}.sock`);
  const env = {
    ...cleanEnvironment(),
    AZURE_CACHE_PORT: '0',
    AZURE_CACHE_SOCKET: socketPath,
    ...(!near && { AZURE_CACHE_NEAR_CACHE_BYTES: '0' }),
    ...(redis && { AZURE_CACHE_CONNECTION: `${redis.host}:${redis.port}` }),
  };
  let ready;
  const isReady = (line) => {
    const record = parse(line);
    if (record?.msg === 'ready') ready = record;
    return ready !== undefined;
  };
  const child = await start(
    process.execPath,
    [fileURLToPath(new URL('../bin/azurecache.js', import.meta.url))],
    isReady,
    env,
  );
  const { url } = ready.doors.find(({ kind }) => kind === 'tcp');
  return { pid: child.pid, url, socketPath, versions: ready.backend.versions, stop: () => stop(child) };
}

/** A program of this folder; ready when it prints its first line, which is JSON. */
export async function startProgram(name, ...args) {
  let ready;
  const isReady = (line) => {
    ready = parse(line);
    return ready !== undefined;
  };
  const path = fileURLToPath(new URL(name, import.meta.url));
  const child = await start(process.execPath, [path, ...args], isReady, cleanEnvironment());
  return { ...ready, pid: child.pid, stop: () => stop(child) };
}

/** Without `isReady` it is ready once it has been started. */
async function start(command, args, isReady, env = process.env) {
  // What they say while they run (webdis warns of each connection that closes) is not part of the measurement.
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'] });
  running.add(child);
  child.on('exit', () => running.delete(child));
  const late = setTimeout(() => child.kill('SIGKILL'), START_DEADLINE_MS);
  await new Promise((resolve, reject) => {
    const missing = `${command} cannot be started; on Debian: apt-get install ${command}.`;
    child.on('error', (cause) => reject(new Error(missing, { cause })));
    child.on('exit', (code) =>
      reject(new Error(`${command} ended (${code ?? 'too slow'}) before it was ready.`)),
    );
    if (!isReady) child.on('spawn', resolve);
    createInterface(child.stdout).on('line', (line) => isReady?.(line) && resolve());
  }).finally(() => clearTimeout(late));
  return child;
}

async function stop(child) {
  if (!running.has(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function cleanEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(AZURE_CACHE_|EDGE_)/.test(name)),
  );
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
