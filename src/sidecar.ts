// The sidecar put together: backend, near cache, rules, server, doors; and its orderly end. Called by main.ts, which
// has the process: its environment, signals and exit code.
import type { Logger } from 'pino';
import { isAlive } from './around.js';
import { Cache } from './cache.js';
import { type Config, isLoopback } from './config.js';
import type { Door } from './door-files.js';
import { prepareEdge } from './edge-env.js';
import { Events } from './events.js';
import { gatewayOptions } from './gateway-options.js';
import { Guard } from './guard.js';
import { withHits } from './hits.js';
import { openDoors } from './listen.js';
import { NearCache } from './near-cache.js';
import { thisMachine } from './preflight/machine.js';
import { preflight } from './preflight/preflight.js';
import type { Identity } from './run/identity.js';
import { RUNNER_PROTOCOL, Runners } from './run/runners.js';
import { takeTurn } from './start-turn.js';
import { STREAM_PROTOCOL, Streams } from './stream.js';

/** Time for requests under way to end, beyond the deadline that each of them has. */
const DRAIN_MS = 2000;
/** Time for the backend to end; an embedded one writes its last entries then. */
const BACKEND_CLOSE_MS = 10_000;

/** A running sidecar. */
export interface Sidecar {
  readonly doors: readonly Door[];
  /** Resolves when a shared sidecar has lost its last runner. */
  readonly unused: Promise<void>;
  /** Requests under way end first, then the doors close, then the backend. */
  close(): Promise<void>;
}

export interface SidecarOptions {
  config: Config;
  log: Logger;
  version: string;
  /** The environment of the process, which edge-js reads when it is loaded: some of it is set here. */
  env: NodeJS.ProcessEnv;
  identity: Identity;
  /** Started by a runner, for all runners of these settings. */
  shared: boolean;
}

/**
 * Opens backend and doors, and writes the ready line.
 * @throws PreflightError, ListenError, BridgeError, or whatever kept .NET from being loaded; nothing is left open then
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const endTurn = await takeTurn({ socket: options.config.socket, name: 'starting', isAlive });
  try {
    return await start(options);
  } finally {
    await endTurn();
  }
}

async function start({ config, log, version, env, identity, shared }: SidecarOptions): Promise<Sidecar> {
  const dotnetFolder = preflight(thisMachine(env));
  prepareEdge(env, dotnetFolder);
  // Loads the CLR, which reads the environment just set.
  const { openBridge } = await import('./bridge.js');
  const opening = openBridge({
    ...gatewayOptions(config, version),
    dotnetFolder,
    onEvent: ({ level, event, message }) => log[level]({ event }, message),
  });
  // While .NET opens the backend on threads of its own, this one loads fastify.
  const [bridge, { buildServer }] = await Promise.all([opening, import('./server.js')]);
  try {
    const near =
      config.nearCacheBytes > 0 ? new NearCache(bridge, { maxBytes: config.nearCacheBytes }) : undefined;
    const events = new Events(near ?? bridge);
    // After the near cache, so that whoever is told of a change reads what it has become.
    bridge.watch((change) => events.changed(change));
    const cache = new Cache(events, config);
    const guard = new Guard({ apiToken: config.apiToken, remote: !isLoopback(config.host) });
    const streams = new Streams(cache, guard);
    const runners = new Runners(identity, guard, shared);
    let closing = false;
    const app = buildServer({ cache, events, guard, log, closing: () => closing });
    await app.ready();
    // (1)
    // The log of requests is written by fastify.
    const quick = near && !log.isLevelEnabled('debug');
    const routing = quick ? withHits(app.routing, near, guard) : app.routing;
    // Runners meet at the socket. Without one they meet at the port, which must be the one that they know.
    const portMayMove = shared && config.portIsDefault && config.socket !== undefined;
    const upgrades = { [STREAM_PROTOCOL]: streams, [RUNNER_PROTOCOL]: runners };
    const doors = await openDoors({ ...config, version, portMayMove }, routing, upgrades);
    const tcp = doors.list.find((door) => door.kind === 'tcp');
    if (portMayMove && tcp?.port !== config.port)
      log.warn(`port ${config.port} is another program's: ${tcp?.url} is used in its place`);
    log.info({ version, doors: doors.list, backend: bridge.description }, 'ready');
    const close = async () => {
      closing = true;
      runners.close();
      events.endReaders();
      const drained = Promise.all([doors.close(), streams.close()]);
      if (!(await endsWithin(drained, config.deadlineMs + DRAIN_MS))) {
        log.warn('requests were still under way and have been ended');
        doors.destroy();
        streams.destroy();
        await drained;
      }
      const backend = near ?? bridge;
      if (!(await endsWithin(backend.close(), BACKEND_CLOSE_MS))) log.warn('the backend did not end in time');
    };
    return { doors: doors.list, unused: runners.unused, close };
  } catch (error) {
    await bridge.close();
    throw error;
  }
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
