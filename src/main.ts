// The process: settings, log, backend, server, doors, and an orderly end. Called by bin/azurecache.js.
// The only file that touches process.env, signals and the exit code.
import { readFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { type Logger, pino } from 'pino';
import type { Backend } from './backend.js';
import { Cache } from './cache.js';
import { askedFor, type Config, ConfigError, helpText, isLoopback, loadConfig } from './config.js';
import { ListenError } from './door-files.js';
import { prepareEdge } from './edge-env.js';
import { Events } from './events.js';
import { Guard } from './guard.js';
import { withHits } from './hits.js';
import { type Doors, openDoors } from './listen.js';
import { NearCache } from './near-cache.js';
import { Streams } from './stream.js';

/** Time for requests under way to end, beyond the deadline that each of them has. */
const DRAIN_MS = 2000;
/** Time for the backend to end; an embedded one writes its last entries then. */
const BACKEND_CLOSE_MS = 10_000;

/** Runs the sidecar until a signal ends it. */
export async function main(): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const argv = process.argv.slice(2);
  const wish = askedFor(argv);
  if (wish) return void process.stdout.write(wish === 'help' ? helpText() : `${version}\n`);
  // Sockets and files are this user's alone.
  process.umask(0o077);
  try {
    const config = readConfig(argv);
    const log = pino({ level: config.logLevel, timestamp: pino.stdTimeFunctions.isoTime });
    const started = start(config, log, version);
    endWith(log, started);
    await started;
  } catch (error) {
    process.stderr.write(`azurecache: ${reasonOf(error)}\n`);
    process.exit(1);
  }
}

interface Running {
  config: Config;
  doors: Doors;
  streams: Streams;
  events: Events;
  backend: Backend;
  closing: { now: boolean };
}

async function start(config: Config, log: Logger, version: string): Promise<Running> {
  prepareEdge(process.env);
  // Loads the CLR, which reads the environment just set.
  const { openBridge } = await import('./bridge.js');
  const opening = openBridge({
    ...{ connection: config.connection, identifier: config.identifier, token: config.token },
    ...{ caFile: config.caFile, dataDir: config.dataDir, keyPrefix: config.keyPrefix },
    ...{ deadlineMs: config.deadlineMs, maxValueBytes: config.maxValueBytes },
    embeddedBytes: config.embeddedBytes,
    tracking: config.nearCacheBytes > 0,
    clientName: `azurecache-${version}`,
    onEvent: ({ level, event, message }) => log[level]({ event }, message),
  });
  // While .NET opens the backend on threads of its own, this one loads fastify.
  const [bridge, { buildServer }] = await Promise.all([opening, import('./server.js')]);
  try {
    const near =
      config.nearCacheBytes > 0 ? new NearCache(bridge, { maxBytes: config.nearCacheBytes }) : undefined;
    const backend = near ?? bridge;
    const events = new Events(backend);
    // After the near cache, so that whoever is told of a change reads what it has become.
    bridge.watch((change) => events.changed(change));
    const cache = new Cache(events, config);
    const guard = new Guard({ apiToken: config.apiToken, remote: !isLoopback(config.host) });
    const streams = new Streams(cache, guard);
    const closing = { now: false };
    const app = buildServer({ cache, events, guard, log, closing: () => closing.now });
    await app.ready();
    // (1)
    // The log of requests is written by fastify.
    const quick = near && !log.isLevelEnabled('debug');
    const routing = quick ? withHits(app.routing, near, guard) : app.routing;
    const doors = await openDoors({ ...config, version }, routing, streams);
    log.info({ version, doors: doors.list, backend: bridge.description }, 'ready');
    return { config, doors, streams, events, backend, closing };
  } catch (error) {
    await bridge.close();
    throw error;
  }
}

/** The first signal ends the sidecar in order; the second at once. */
function endWith(log: Logger, started: Promise<Running>): void {
  let signals = 0;
  const end = async (signal: string) => {
    signals += 1;
    if (signals > 1) process.exit(1);
    const running = await started;
    log.info({ signal }, 'closing');
    await close(running, log);
    log.info('closed');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void end(signal));
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error) => {
      log.fatal({ err: error }, 'the sidecar failed in a way it should not');
      process.exit(1);
    });
}

/** Requests under way end first, then the doors close, then the backend. */
async function close(
  { config, doors, streams, events, backend, closing }: Running,
  log: Logger,
): Promise<void> {
  closing.now = true;
  events.endReaders();
  const drained = Promise.all([doors.close(), streams.close()]);
  if (!(await endsWithin(drained, config.deadlineMs + DRAIN_MS))) {
    log.warn('requests were still under way and have been ended');
    doors.destroy();
    streams.destroy();
    await drained;
  }
  if (!(await endsWithin(backend.close(), BACKEND_CLOSE_MS))) log.warn('the backend did not end in time');
}

async function endsWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function readConfig(argv: string[]): Config {
  return loadConfig({
    argv,
    env: process.env,
    cwd: process.cwd(),
    platform: process.platform,
    tempDir: tmpdir(),
    uid: process.getuid?.(),
    // It names the pipe; elsewhere a user without an entry in passwd (containers) would make it throw.
    userName: process.platform === 'win32' ? userInfo().username : '',
  });
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError || error instanceof ListenError) return error.message;
  const { name, message } = error as Error;
  if (name === 'BridgeError') return message;
  return `Could not start: ${message?.split('\n', 1)[0]}. Is the .NET 10 runtime installed (dotnet --list-runtimes)?`;
}
