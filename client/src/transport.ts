// One connection per process and place, shared by all that use it. Called by cache.ts and the session stores.
// Knows nothing of values or lives.
import { type Connection, connect } from './connection.js';
import { AzureCacheError } from './errors.js';
import type { Operation, Result } from './operation.js';
import type { Door } from './upgrade.js';

export interface TransportOptions {
  /** `http://host:port`, `unix:/path` or `pipe:name`. Default: AZURE_CACHE_URL, else found by itself. */
  url?: string;
  /** Default: AZURE_CACHE_API_TOKEN, or the content of the file AZURE_CACHE_API_TOKEN_FILE. */
  apiToken?: string;
  /** Milliseconds a sidecar may be away (starting, restarting) before calls fail at once. Default 5000. */
  waitMs?: number;
  /** Milliseconds until a call fails. Default 3000. */
  deadlineMs?: number;
}

/** What the cache and the session rules need from below; tests may stand a fake in its place. */
export interface Transport {
  readonly deadlineMs: number;
  /**
   * Rejects with AzureCacheError only (code `aborted` when the signal did it, `closed` after `close()`).
   * `operation.deadlineMs` overrides the default.
   */
  run(operation: Operation, signal?: AbortSignal): Promise<Result>;
  /** Called with true when the sidecar is reached, with false when it was lost. Answers a function that ends it. */
  onReadiness(listener: (reachable: boolean) => void): () => void;
  /** This handle takes nothing more; waits for what is under way; the last handle of a place ends the connection. */
  close(): Promise<void>;
}

/** @throws AzureCacheError `options_invalid` naming the option. Does not connect: the first `run` does. */
export function openTransport(options: TransportOptions = {}): Transport {
  const { deadlineMs = 3000 } = options;
  const url = options.url ?? process.env['AZURE_CACHE_URL'] ?? 'http://127.0.0.1:22233';
  const token = options.apiToken ?? process.env['AZURE_CACHE_API_TOKEN'];
  const door = doorOf(url);
  let connection: Promise<Connection> | undefined;
  let closed = false;
  const run = async (operation: Operation) => {
    if (closed) throw new AzureCacheError('closed', `${operation.verb}: this has been closed. Open another.`);
    connection ??= connect(door, token === undefined ? { deadlineMs } : { token, deadlineMs });
    const open = await connection.catch((error) => {
      connection = undefined;
      throw error;
    });
    return open.run(operation);
  };
  const close = async () => {
    closed = true;
    await (await connection)?.close();
  };
  return { deadlineMs, run, onReadiness: () => () => {}, close };
}

function doorOf(url: string): Door {
  if (url.startsWith('unix:')) return { path: url.slice('unix:'.length) };
  if (url.startsWith('pipe:')) return { path: `\\\\.\\pipe\\${url.slice('pipe:'.length)}` };
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
