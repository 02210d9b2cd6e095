// Where the sidecar is: at the URL that was given, or where sidecars are when nobody says otherwise. Called by
// transport.ts; link.ts asks the place for its doors before every attempt, since a restart can change them.
// The default places are computed as the sidecar computes them (src/door-paths.ts there); a test compares the two.
import { readFile } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import { AzureCacheError } from '../errors.js';
import { type Owner, trusted } from './trust.js';
import type { Door } from './upgrade.js';

/** What the places depend on. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  platform: NodeJS.Platform;
  /** The system's folder for temporary files. */
  tempDir: string;
  /** Where relative paths start. */
  cwd: string;
  /** Number of the user; undefined on Windows, where the rights of files are not looked at. */
  uid: Owner;
  /** Name of the user; asked on Windows only, elsewhere it can be missing (containers). */
  userName: () => string;
}

/** Where to look for a sidecar. */
export interface Place {
  /** Equal for places that are the same. */
  readonly name: string;
  /**
   * The doors to try, the best first.
   * @throws AzureCacheError `door_refused`
   */
  doors(): Promise<Door[]>;
}

const PIPES = '\\\\.\\pipe\\';
const DEFAULT_PORT = '22233'; // AppFabric's cache port.
const MAX_PATH_BYTES = 103; // sun_path holds 104 bytes on macOS and 108 on Linux, with the NUL.
const HTTP_URL = /^http:\/\/(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})\/?$/i;
const PIPE_NAME = /^[^\\/:*?"<>|\0]{1,200}$/;

/**
 * The place that a URL names.
 * @param where says where it was given
 * @throws AzureCacheError `options_invalid`; never with the URL in it, which could hold a password
 */
export function placeAt(url: string, where: string, platform: NodeJS.Platform): Place {
  const door = doorAt(url, platform);
  if (typeof door === 'string') throw new AzureCacheError('options_invalid', `${where} ${door}`);
  return { name: JSON.stringify(door), doors: async () => [door] };
}

/** The door, or what is wrong with the URL. */
function doorAt(url: string, platform: NodeJS.Platform): Door | string {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/is.exec(url) ?? [];
  switch (scheme.toLowerCase()) {
    case 'http': {
      const [, address, name, port] = HTTP_URL.exec(url) ?? [];
      const host = address ?? name;
      if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
        return 'must be http://host:port, with nothing behind the port.';
      return { host, port: Number(port) };
    }
    case 'unix':
      if (platform === 'win32') return 'names a Unix socket. On Windows use pipe:name.';
      if (!rest.startsWith('/') || rest.includes('\0'))
        return 'must have an absolute path: unix:/run/azurecache/azurecache.sock.';
      if (Buffer.byteLength(rest) > MAX_PATH_BYTES) return `has a path of over ${MAX_PATH_BYTES} bytes.`;
      return { path: rest };
    case 'pipe':
      if (platform !== 'win32') return 'names a pipe, which only Windows has. Use unix:/path.';
      if (!PIPE_NAME.test(bareName(rest))) return 'must have the name of a pipe: pipe:azurecache-web.';
      return { path: PIPES + bareName(rest) };
    case 'https':
      return 'is https, but the sidecar has no TLS: it is asked on the same host. Use http://, unix: or pipe:.';
    case 'redis':
    case 'rediss':
      return 'must be http://host:port, unix:/path or pipe:name of the sidecar. The Redis is its setting AZURE_CACHE_CONNECTION.';
    default:
      return 'must be http://host:port, unix:/path or pipe:name.';
  }
}

/** The places of a sidecar that was started with the same environment, and nothing else said. */
export function defaultPlace(around: Surroundings): Place {
  const socket = defaultSocket(around);
  const file = socket === undefined ? undefined : discoveryFileOf(socket, around);
  const port = around.env.AZURE_CACHE_PORT || DEFAULT_PORT;
  const tcp = /^[1-9]\d{0,4}$/.test(port) ? [{ host: '127.0.0.1', port: Number(port) }] : [];
  const known: Door[] = socket === undefined ? tcp : [{ path: socket }, ...tcp];
  return {
    name: JSON.stringify(known),
    doors: async () => {
      const found = file === undefined ? [] : await discovered(file, around.uid);
      const all = [...found, ...known];
      // A file left behind by a sidecar that was killed must not hide the others, so all of them stay in the list.
      const names = all.map((door) => JSON.stringify(door));
      const once = all.filter((_, index) => names.indexOf(names[index] as string) === index);
      return [...once.filter((door) => 'path' in door), ...once.filter((door) => 'host' in door)];
    },
  };
}

/** Undefined where there is none: it is off, or its path is too long for a socket. */
function defaultSocket({ env, platform, tempDir, cwd, uid, userName }: Surroundings): string | undefined {
  const given = env.AZURE_CACHE_SOCKET || undefined;
  if (given === 'off') return undefined;
  if (platform === 'win32') {
    const site = env.WEBSITE_SITE_NAME ? `-${env.WEBSITE_SITE_NAME}` : '';
    const name = bareName(given ?? `azurecache-${userName()}${site}`);
    return PIPE_NAME.test(name) ? PIPES + name : undefined;
  }
  // The XDG specification: a relative path here is to be ignored.
  const folder = env.XDG_RUNTIME_DIR?.startsWith('/')
    ? `${env.XDG_RUNTIME_DIR}/azurecache`
    : `${tempDir}/azurecache-${uid}`;
  const path = posix.resolve(cwd, given ?? `${folder}/azurecache.sock`);
  return Buffer.byteLength(path) > MAX_PATH_BYTES ? undefined : path;
}

function discoveryFileOf(socket: string, { env, platform }: Surroundings): string | undefined {
  if (platform !== 'win32') return `${socket}.json`;
  if (!env.LOCALAPPDATA) return undefined;
  return win32.join(env.LOCALAPPDATA, 'azurecache', `${bareName(socket)}.json`);
}

function bareName(pipe: string): string {
  return pipe.replace(/^[\\/]{2}[.?][\\/]pipe[\\/]/i, '');
}

/** What a running sidecar has written down; nothing where there is no such file, or none that can be read. */
async function discovered(file: string, uid: Owner): Promise<Door[]> {
  const path = await trusted(file, 'file', uid);
  if (path === undefined) return [];
  try {
    const { doors } = JSON.parse(await readFile(path, 'utf8'));
    return doors.flatMap(doorIn);
  } catch {
    return [];
  }
}

function doorIn({ kind, path, host, port }: Record<string, unknown>): Door[] {
  if ((kind === 'socket' || kind === 'pipe') && typeof path === 'string') return [{ path }];
  if (kind !== 'tcp' || typeof host !== 'string' || typeof port !== 'number') return [];
  // "Every address" is none to connect to on Windows.
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return [{ host: reached, port }];
}
