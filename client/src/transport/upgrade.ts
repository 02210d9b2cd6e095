// Opens a connection to a door of the sidecar and turns it from HTTP into frames (GET /v1/stream, Upgrade:
// azurecache/1). Called by connection.ts. Knows nothing of frames.
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { AzureCacheError, isErrorCode } from '../errors.js';

/** Which door: the path of a Unix socket or the name of a Windows pipe, or a TCP address. */
export type Door = { path: string } | { host: string; port: number };

export interface UpgradeOptions {
  token?: string | undefined;
  /** Milliseconds for all of it. */
  deadlineMs: number;
  /** Ends the attempt. With it, the process does not stay alive for it. */
  background?: AbortSignal;
}

/** More of an HTTP error is not read. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * The upgraded socket, and the bytes that came with the answer.
 * @throws AzureCacheError with the sidecar's own code when it refuses, else `sidecar_unreachable`
 */
export function upgrade(
  door: Door,
  { token, deadlineMs, background }: UpgradeOptions,
): Promise<{ socket: Socket; head: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'azurecache/1',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    };
    // An agent of its own (`false`): this connection is never handed to other requests.
    const signal = background && { signal: background };
    const call = request({
      ...whereOf(door),
      method: 'GET',
      path: '/v1/stream',
      headers,
      agent: false,
      ...signal,
    });
    const late = new Error(`no answer came within ${deadlineMs} ms`);
    const timer = setTimeout(() => call.destroy(late), deadlineMs);
    if (background) {
      timer.unref();
      call.on('socket', (socket) => socket.unref());
    }
    call.on('close', () => clearTimeout(timer));
    call.on('error', (error) => reject(unreachable(door, error)));
    call.on('upgrade', (_, socket: Socket, head) => {
      clearTimeout(timer);
      resolve({ socket, head });
    });
    call.on('response', (response) => {
      readRefusal(response).then(reject, (error) => reject(unreachable(door, error)));
    });
    call.end();
  });
}

/** As Node's requests take it. */
export function whereOf(door: Door): { socketPath: string } | { host: string; port: number } {
  return 'path' in door ? { socketPath: door.path } : door;
}

/** For messages. */
export function nameOf(door: Door): string {
  return 'path' in door ? door.path : `${door.host}:${door.port}`;
}

export function unreachable(door: Door, cause: Error): AzureCacheError {
  const message = `The sidecar cannot be reached at ${nameOf(door)}: ${cause.message}. Is it running, with this door?`;
  return new AzureCacheError('sidecar_unreachable', message, 'not_applied', cause);
}

/** The error that the sidecar answered with; of anything else, what can be said. */
export async function readRefusal(response: IncomingMessage): Promise<AzureCacheError> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_REFUSAL_BYTES) break;
  }
  const body = parse(text);
  if (isErrorCode(body?.code)) return new AzureCacheError(body.code, String(body.message));
  const message = `it answered ${response.statusCode}, and not as a sidecar does`;
  return new AzureCacheError('sidecar_unreachable', message);
}

function parse(text: string): { code?: unknown; message?: unknown } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
