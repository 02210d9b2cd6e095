// The doors and the file in which clients look them up: free, held by a sidecar, or by something else. Called by doctor.ts.
// A sidecar that runs is asked /healthz and /readyz, and not disturbed.
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { Config } from '../config.js';
import type { Door } from '../door-files.js';
import { type Check, fail, ok, warn } from './check.js';
import { holderOf } from './holder.js';

const ANSWER_MS = 3000;

/** What the discovery file says. */
export interface Announced {
  version: string;
  pid: number;
  doors: Door[];
}

/** Who holds a door: nobody, a sidecar (and whether its backend answers), or something else. */
type Holder = 'nobody' | 'sidecar' | 'sidecar without backend' | 'other';

type Places = Pick<Config, 'host' | 'port' | 'socket' | 'discoveryFile'>;

export interface DoorChecks {
  checks: Check[];
  /** The sidecar that holds these doors. */
  running: Announced | undefined;
}

/** @param isAlive whether a process of this number is there */
export async function doors(config: Places, isAlive: (pid: number) => boolean): Promise<DoorChecks> {
  const announced = await announcedIn(config.discoveryFile);
  const held = { socket: await socketHolder(config), port: await portHolder(config) };
  const isOurs = held.socket.startsWith('sidecar') || held.port.startsWith('sidecar');
  const known = typeof announced === 'object' && isAlive(announced.pid) ? announced : undefined;
  const running = isOurs ? known : undefined;
  const who = running ? `a sidecar (process ${running.pid}, version ${running.version})` : 'a sidecar';
  const checks = [
    await port(config, held.port, who),
    await socket(config, held.socket, who),
    discovery(config, announced, isAlive),
  ];
  return { checks: checks.filter((check) => check !== undefined), running };
}

const heldBySidecar = (name: 'port' | 'socket', where: string, holder: Holder, who: string): Check =>
  holder === 'sidecar'
    ? ok(name, `${where} is held by ${who}, whose backend answers; a second one cannot start here`)
    : warn(
        name,
        `${where} is held by ${who}, whose backend does not answer`,
        'see the lines about the backend, and its log',
      );

async function port({ host, port }: Places, holder: Holder, who: string): Promise<Check> {
  if (port === undefined) return ok('port', 'off');
  if (port === 0) return ok('port', 'any free one, as set');
  const where = `port ${port} on ${host}`;
  if (holder === 'other') {
    const by = holderOf(port) ?? 'another program';
    return fail('port', `${where} is held by ${by}, which is no sidecar`, 'stop it, or set AZURE_CACHE_PORT');
  }
  if (holder !== 'nobody') return heldBySidecar('port', where, holder, who);
  const problem = await cannotListen(host, port);
  if (problem === undefined) return ok('port', `${where} is free`);
  return fail(
    'port',
    `${where} cannot be listened on (${problem})`,
    'set AZURE_CACHE_PORT (1024 or more), or AZURE_CACHE_HOST',
  );
}

async function socket({ socket }: Places, holder: Holder, who: string): Promise<Check> {
  if (socket === undefined) return ok('socket', 'off');
  if (holder === 'other')
    return fail(
      'socket',
      `${socket} is held by another program, which is no sidecar`,
      'stop it, or set AZURE_CACHE_SOCKET',
    );
  if (holder !== 'nobody') return heldBySidecar('socket', socket, holder, who);
  if (socket.startsWith('\\\\')) return ok('socket', `${socket} is free`);
  return (await folderOf(socket)) ?? ok('socket', `${socket} is free`);
}

/** What is wrong with the place of a Unix socket. */
async function folderOf(path: string): Promise<Check | undefined> {
  const there = await stat(path).catch(() => undefined);
  if (there && !there.isSocket())
    return fail('socket', `${path} is there and is no socket`, 'remove it, or set AZURE_CACHE_SOCKET');
  let folder = dirname(path);
  // What is not there yet will be made.
  while (!(await stat(folder).catch(() => undefined)) && folder !== dirname(folder)) folder = dirname(folder);
  if (await isWritable(folder)) return undefined;
  return fail(
    'socket',
    `${folder} cannot be written to by this user`,
    'give it to this user, or set AZURE_CACHE_SOCKET',
  );
}

/** Whether this user may put files there. */
export function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

function discovery(
  { discoveryFile, socket }: Places,
  announced: Announced | string | undefined,
  isAlive: (pid: number) => boolean,
): Check | undefined {
  if (discoveryFile === undefined)
    return socket === undefined
      ? ok('discovery', 'none, as the socket is off: clients need AZURE_CACHE_URL')
      : warn('discovery', 'none, as there is no LOCALAPPDATA', 'set AZURE_CACHE_URL for the clients');
  if (announced === undefined) return ok('discovery', `${discoveryFile}: none, as no sidecar runs here`);
  if (typeof announced === 'string')
    return fail('discovery', `${discoveryFile} ${announced}`, 'remove it: the next sidecar writes a new one');
  if (isAlive(announced.pid))
    return ok('discovery', `${discoveryFile}: process ${announced.pid}, version ${announced.version}`);
  const says = `${discoveryFile} was left behind by process ${announced.pid}, which is gone`;
  return warn('discovery', says, 'start the sidecar, which replaces it, or remove it');
}

/** What it says, or in words what is wrong with it; undefined: there is none. */
async function announcedIn(path: string | undefined): Promise<Announced | string | undefined> {
  if (path === undefined) return undefined;
  try {
    const { version, pid, doors } = JSON.parse(await readFile(path, 'utf8'));
    if (Number.isInteger(pid) && Array.isArray(doors)) return { version: String(version), pid, doors };
    return 'is none of a sidecar';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    return code ? `cannot be read (${code})` : 'is no JSON';
  }
}

async function portHolder({ host, port }: Places): Promise<Holder> {
  if (!port) return 'nobody';
  // "Every address" is none to connect to on Windows.
  const any: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return ask({ host: any[host] ?? host, port });
}

async function socketHolder({ socket }: Places): Promise<Holder> {
  return socket === undefined ? 'nobody' : ask({ socketPath: socket });
}

async function ask(where: { host: string; port: number } | { socketPath: string }): Promise<Holder> {
  const health = await get(where, '/healthz');
  if (health === undefined) return 'nobody';
  if (!health.includes('"status":"ok"')) return 'other';
  return (await get(where, '/readyz'))?.includes('"status":"ready"') ? 'sidecar' : 'sidecar without backend';
}

/** The body that is answered; empty when it is no HTTP or comes too late; undefined when nobody listens. */
function get(where: object, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ ...where, path, agent: false, timeout: ANSWER_MS }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => {
        body += text;
        // Whatever it is, it is no answer of ours.
        if (body.length > 10_000) asked.destroy();
      });
      answer.on('close', () => resolve(body));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(
        ['ECONNREFUSED', 'ENOENT', 'ENOTSOCK', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EACCES'].includes(code ?? '')
          ? undefined
          : '',
      ),
    );
    asked.end();
  });
}

function cannotListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
