// Who may ask: the token on every door, and on TCP what keeps web pages out (DNS rebinding, cross-site requests).
// Called for each request by server.ts and for each upgrade by stream.ts. Knows nothing of the routes.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorCode } from './errors.js';

const LOOPBACK_HOST = /^(localhost\.?|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/** Sockets of the doors that no browser can reach (Unix socket, named pipe), marked when they connect. */
const localSockets = new WeakSet<Socket>();

/** Marks a connection as one of a Unix socket or named pipe. */
export function markLocal(socket: Socket): void {
  localSockets.add(socket);
}

export interface GuardOptions {
  /** The bearer token to ask for; undefined = none is asked for. */
  apiToken: string | undefined;
  /** The TCP door listens beyond loopback, under names that cannot be known; a token is set then. */
  remote: boolean;
}

export class Guard {
  readonly #tokenHash: Buffer | undefined;
  readonly #remote: boolean;

  constructor(options: GuardOptions) {
    this.#tokenHash = options.apiToken === undefined ? undefined : sha256(options.apiToken);
    this.#remote = options.remote;
  }

  /** Why this request is refused, if it is. `free`: the path needs no token (health). */
  refusal(headers: IncomingHttpHeaders, socket: Socket, free: boolean): ErrorCode | undefined {
    if (!localSockets.has(socket)) {
      const page = this.#webPage(headers);
      if (page) return page;
    }
    if (free || this.#tokenHash === undefined) return undefined;
    const given = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
    // Hashes have one length, so that neither length nor content of the token shows in the time taken.
    return given !== undefined && timingSafeEqual(sha256(given), this.#tokenHash)
      ? undefined
      : 'unauthorized';
  }

  #webPage(headers: IncomingHttpHeaders): ErrorCode | undefined {
    const host = headers.host ?? '';
    if (!this.#remote && !LOOPBACK_HOST.test(host)) return 'host_refused';
    const { origin } = headers;
    if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`)
      return 'origin_refused';
    // `same-site` is refused too: a page of another port of localhost is of the same site.
    const site = headers['sec-fetch-site'];
    return site === undefined || site === 'same-origin' || site === 'none' ? undefined : 'origin_refused';
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
