// The doors: the same HTTP server on loopback TCP and on a Unix socket or named pipe. Opened and closed by sidecar.ts.
// Knows what a connection is, and nothing of what is asked on it.
import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, ListenOptions, Socket } from 'node:net';
import { announce, type Door, inUse, ListenError, withdraw } from './door-files.js';
import { markLocal } from './guard.js';
import { behindOthers, inTurn } from './in-turn.js';
import { replyRaw } from './raw-reply.js';

/** Connections that are idle while closing are looked for this often (server.close() would wait for their end). */
const CLOSE_IDLE_MS = 20;

/** A slow client holds a connection this long at most. Every server must have the same limits. */
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 72_000,
  connectionsCheckingInterval: 1000,
  // The guard answers as it answers a wrong one.
  requireHostHeader: false,
};
/** An answer that is not read ends its connection after this long without a byte moving. */
const STALLED_MS = 60_000;

export interface DoorOptions {
  host: string;
  /** 0 = any free one; undefined = no TCP door. */
  port: number | undefined;
  /** Path of the Unix socket, or the full name of the pipe; undefined = none. */
  socket: string | undefined;
  /** Where clients look the doors up; undefined = nowhere. */
  discoveryFile: string | undefined;
  version: string;
  /** Where the port is taken, another one will do. */
  portMayMove?: boolean;
}

/** Who takes over the connections that ask for a protocol of this name. */
export interface Upgrade {
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
  /** Such connections end by themselves, later: closing does not wait for them. */
  outlivesDoors?: boolean;
}

/** By the value of the header `Upgrade`. */
export type Upgrades = Readonly<Record<string, Upgrade>>;

/** The open doors. */
export interface Doors {
  readonly list: Door[];
  /** Takes no new connection; resolves when the requests under way have been answered. */
  close(): Promise<void>;
  /** Ends every connection at once. */
  destroy(): void;
}

/**
 * Opens the doors, the socket first: it is the one that tells two sidecars apart.
 * @throws ListenError; no door is open then
 */
export async function openDoors(
  options: DoorOptions,
  routing: RequestListener,
  upgrades: Upgrades,
): Promise<Doors> {
  const plain = serve(routing);
  // It listens nowhere, and only with this event Node begins to watch over connections: their limits and their end.
  plain.emit('listening');
  const servers = [plain];
  /** The connections that closing waits for. */
  const open = new Set<Socket>();
  const add = async (where: ListenOptions, local: boolean) => {
    const server = serve(routing);
    if (local) server.on('connection', markLocal);
    server.on('connection', (socket: Socket) => {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    });
    serveUpgrades(server, plain, upgrades, open);
    await listen(server, where);
    servers.push(server);
    return server;
  };
  const list: Door[] = [];
  const doors = { list, close: () => close(servers, open, options), destroy: () => destroy(servers, open) };
  try {
    if (options.socket !== undefined) {
      const kind = options.socket.startsWith('\\\\') ? 'pipe' : 'socket';
      await add({ path: options.socket }, true);
      if (kind === 'socket') await chmod(options.socket, 0o600); // The umask alone would leave it 0700.
      list.push({ kind, path: options.socket });
    }
    if (options.port !== undefined) {
      const { host, port } = options;
      const server = await add({ host, port }, false).catch((error: ListenError) => {
        if (!options.portMayMove || !error.inUse) throw error;
        return add({ host, port: 0 }, false);
      });
      const bound = (server.address() as AddressInfo).port;
      list.push({
        kind: 'tcp',
        host,
        port: bound,
        url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
      });
    }
    await announce(list, options.version, options.discoveryFile);
    return doors;
  } catch (error) {
    destroy(servers, open);
    await close(servers, open, options);
    throw error;
  }
}

function serve(routing: RequestListener): Server {
  const listener = inTurn(routing);
  const server = createServer(LIMITS, listener);
  // Beyond 2,000 Node would drop them, conditions and lengths among them. Their bytes are limited.
  server.maxHeadersCount = 0;
  server.setTimeout(STALLED_MS);
  // Without a listener Node gives leave to send before anybody has looked at the request (server.ts does).
  server.on('checkContinue', listener);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const code =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? 'headers_too_large'
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? 'request_timeout'
          : 'request_malformed';
    replyRaw(socket, code);
  });
  return server;
}

/**
 * Upgrades to a protocol of ours go where `upgrades` says. Other offers (h2c, by Java's HttpClient and `curl --http2`) may
 * be ignored (RFC 9110, 7.8), but once somebody listens for upgrades Node hands over every one: these requests are put
 * back without the offer, before `plain`, a server that listens for none.
 */
function serveUpgrades(server: Server, plain: Server, upgrades: Upgrades, open: Set<Socket>): void {
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const { method, url, rawHeaders, headers } = request;
    // Node no longer listens, and nobody else does: a reset would end the process.
    socket.on('error', () => socket.destroy());
    const offer = headers.upgrade?.toLowerCase() ?? '';
    const upgrade = Object.hasOwn(upgrades, offer) ? upgrades[offer] : undefined;
    if (upgrade)
      return behindOthers(socket, () => {
        if (upgrade.outlivesDoors) open.delete(socket);
        upgrade.upgrade(request, socket, head);
      });
    const lines = [`${method} ${url} HTTP/1.1`];
    for (let i = 0; i < rawHeaders.length; i += 2)
      if (!/^(connection|upgrade|http2-settings)$/i.test(rawHeaders[i] as string))
        lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
    socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
    behindOthers(socket, () => plain.emit('connection', socket));
  });
}

function listen(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, where)));
    server.listen(where, resolve);
  });
}

function explain(error: NodeJS.ErrnoException, { host, port, path }: ListenOptions): ListenError {
  const where = path ?? `port ${port} on ${host}`;
  const setting = path === undefined ? 'AZURE_CACHE_PORT' : 'AZURE_CACHE_SOCKET';
  switch (error.code) {
    case 'EADDRINUSE':
      return inUse(where, path === undefined ? 'port' : 'socket');
    case 'EACCES':
    case 'EPERM':
      return new ListenError(
        `Cannot listen on ${where}: this user is not allowed to. Set ${setting}${path === undefined && Number(port) < 1024 ? ' to 1024 or more' : ''}.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ListenError(
        `Cannot listen on ${where}: this machine has no such address. Set AZURE_CACHE_HOST.`,
      );
    default:
      return new ListenError(`Cannot listen on ${where} (${error.code ?? error.message}). Set ${setting}.`);
  }
}

async function close(servers: Server[], open: Set<Socket>, { discoveryFile }: DoorOptions): Promise<void> {
  await withdraw(discoveryFile);
  for (const server of servers) server.close();
  await new Promise<void>((resolve) => {
    const look = () => {
      for (const server of servers) server.closeIdleConnections();
      if (open.size > 0) return;
      clearInterval(idle);
      resolve();
    };
    const idle = setInterval(look, CLOSE_IDLE_MS);
    look();
  });
}

function destroy(servers: Server[], open: Set<Socket>): void {
  for (const server of servers) server.closeAllConnections();
  // Node has let go of those that asked for an upgrade.
  for (const socket of open) socket.destroy();
}
