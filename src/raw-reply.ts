// An HTTP error written straight to a socket, where there is no reply object: broken requests, refused upgrades.
// Called by listen.ts, stream.ts and runners.ts.
import type { Duplex } from 'node:stream';
import { type ErrorCode, errorBody } from './errors.js';

/** Who was answered, and does not end its side of the connection, loses it after this long: Node no longer looks after it. */
const LINGER_MS = 5000;

/** Answers with an error of the table and ends the connection. `detail` takes the place of the table's message. */
export function replyRaw(
  socket: Duplex,
  code: ErrorCode,
  headers: Record<string, string> = {},
  detail?: string,
): void {
  if (!socket.writable) return void socket.destroy();
  const body = errorBody(code, detail);
  const text = JSON.stringify(body);
  const lines = Object.entries({
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${body.statusCode} ${body.error}\r\n${lines.join('')}\r\n${text}`);
  const linger = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(linger));
}
