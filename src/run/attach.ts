// The runner's side of an attachment: opens it at a door of the sidecar. Called by run.ts for runner.ts; runners.ts is the
// other side and describes what is said. Also asks /readyz, at the same door.
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Door } from '../door-files.js';
import { type Attachment, hold } from './attachment.js';
import { described, type Identity } from './identity.js';
import { PID_HEADER, RUNNER_PATH, RUNNER_PROTOCOL } from './runners.js';

/** The door to attach at, as Node's requests take it. */
export type Where = { socketPath: string } | { host: string; port: number };

/** A sidecar that lives answers within a few milliseconds. */
const ANSWER_MS = 5000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** What connecting says where nobody is, or where somebody just ends. */
const NOBODY = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'];

/** No attachment. One sentence that says what to do. */
export class AttachError extends Error {
  override readonly name = 'AttachError';
  /** Nobody is there (any more): one can be started. Else somebody is, and trying again is of no use. */
  readonly nobody: boolean;

  constructor(message: string, nobody = false) {
    super(message);
    this.nobody = nobody;
  }
}

export interface AttachOptions {
  identity: Identity;
  /** The token of the sidecar, if it has one. */
  apiToken: string | undefined;
  /** The process does not stay alive for it. */
  background: boolean;
}

/** Where the first of these doors is reached from this machine. */
export function whereOf(doors: readonly Door[]): Where {
  const door = doors[0] as Door;
  return door.kind === 'tcp' ? tcpDoor(door.host, door.port) : { socketPath: door.path };
}

/** "Every address" is none to connect to on Windows. */
export function tcpDoor(host: string, port: number): Where {
  const any: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return { host: any[host] ?? host, port };
}

/** For clients, as AZURE_CACHE_URL. */
export function urlOf(where: Where): string {
  if (!('socketPath' in where))
    return `http://${where.host.includes(':') ? `[${where.host}]` : where.host}:${where.port}`;
  const { socketPath } = where;
  return socketPath.startsWith('\\\\')
    ? `pipe:${socketPath.slice('\\\\.\\pipe\\'.length)}`
    : `unix:${socketPath}`;
}

/** @throws AttachError */
export function attach(where: Where, { identity, apiToken, background }: AttachOptions): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    const call = request({
      ...where,
      path: RUNNER_PATH,
      agent: false,
      headers: {
        Connection: 'Upgrade',
        Upgrade: RUNNER_PROTOCOL,
        'Azurecache-Owner': encodeURIComponent(identity.owner),
        'Azurecache-Fingerprint': identity.fingerprint,
        ...(apiToken !== undefined && { Authorization: `Bearer ${apiToken}` }),
      },
    });
    const place = urlOf(where);
    const timer = setTimeout(() => call.destroy(new Error('late')), ANSWER_MS);
    if (background) {
      timer.unref();
      call.on('socket', (socket) => socket.unref());
    }
    call.on('close', () => clearTimeout(timer));
    call.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(place, error)));
    call.on('response', (response) => {
      readText(response).then(
        (text) => reject(refused(place, identity, response.statusCode, text)),
        () => reject(foreign(place)),
      );
    });
    call.on('upgrade', ({ headers }, socket: Socket) => {
      clearTimeout(timer);
      if (headers.upgrade !== RUNNER_PROTOCOL) {
        socket.destroy();
        return reject(foreign(place));
      }
      const pid = Number(headers[PID_HEADER]);
      resolve(hold(socket, 'socketPath' in where ? where.socketPath : undefined, pid > 1 ? pid : undefined));
    });
    call.end();
  });
}

/** Whether the sidecar says that its backend answers. */
export function isReady(where: Where): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ ...where, path: '/readyz', agent: false, timeout: ANSWER_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(false));
    call.end();
  });
}

function unreachable(place: string, error: NodeJS.ErrnoException): AttachError {
  if (NOBODY.includes(error.code ?? ''))
    return new AttachError(`No sidecar is at ${place} (${error.code}).`, true);
  if (error.message === 'late')
    return new AttachError(
      `What listens at ${place} does not answer. If it is a sidecar that hangs, end it; else set AZURE_CACHE_SOCKET.`,
    );
  if (error.code?.startsWith('HPE_')) return foreign(place);
  return new AttachError(`The sidecar at ${place} cannot be reached (${error.code}). Is it this user's?`);
}

const foreign = (place: string) =>
  new AttachError(
    `What listens at ${place} is no sidecar that can be shared. Stop it, or set AZURE_CACHE_SOCKET (AZURE_CACHE_PORT where the socket is off).`,
  );

function refused(place: string, identity: Identity, status: number | undefined, text: string): AttachError {
  const { code, message } = bodyOf(text);
  switch (code) {
    case 'shutting_down':
      return new AttachError(`The sidecar at ${place} is shutting down.`, true);
    case 'unauthorized':
      return new AttachError(
        `The sidecar at ${place} asks for another token. Give both the same AZURE_CACHE_API_TOKEN, or set another AZURE_CACHE_SOCKET.`,
      );
    case 'runner_refused':
      return new AttachError(
        `The sidecar at ${place} cannot be shared. ${message} This command is for ${described(identity)}. Give both the same settings, or set another AZURE_CACHE_SOCKET.`,
      );
    case 'host_refused':
    case 'origin_refused':
      return new AttachError(`The sidecar at ${place} refuses this runner (${status}): ${message}`);
    default:
      return foreign(place);
  }
}

function bodyOf(text: string): { code?: unknown; message?: unknown } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) {
    text += chunk;
    if (text.length > MAX_ANSWER_BYTES) break;
  }
  return text;
}
