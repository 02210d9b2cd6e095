// Where the socket or pipe and the discovery file beside it are found when nobody says otherwise. Called by config.ts.
// Clients compute the same places, so a change here changes them too.

import { win32 } from 'node:path';
import { ConfigError } from './settings.js';

/** What the default places depend on. */
export interface Place {
  env: Readonly<Record<string, string | undefined>>;
  platform: NodeJS.Platform;
  /** The system's folder for temporary files. */
  tempDir: string;
  /** Number of the user; undefined on Windows. */
  uid: number | undefined;
  /** Name of the user; becomes part of the pipe's name. */
  userName: string;
}

const MAX_PATH_BYTES = 103; // sun_path holds 104 bytes on macOS and 108 on Linux, with the NUL
const MAX_PIPE_CHARACTERS = 200; // of 256, for the name also becomes a file name
const PIPES = '\\\\.\\pipe\\';

/**
 * The absolute path of the Unix socket, or the full name of the named pipe; undefined when it is `off`.
 * @param socket the setting
 * @throws ConfigError when the system could not bind it
 */
export function socketPath(
  socket: string | undefined,
  place: Place,
  resolvePath: (path: string) => string,
): string | undefined {
  if (socket === 'off') return undefined;
  if (place.platform === 'win32') return pipeName(socket ?? defaultPipe(place));
  const path = resolvePath(socket ?? `${defaultFolder(place)}/azurecache.sock`);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new ConfigError(
      `The path of the Unix socket, ${path}, is over ${MAX_PATH_BYTES} bytes, the most a system can bind. Set AZURE_CACHE_SOCKET to a shorter one.`,
    );
  return path;
}

/** The file that tells clients the doors. Undefined without a socket, and on Windows without LOCALAPPDATA. */
export function discoveryFileOf(socket: string | undefined, { platform, env }: Place): string | undefined {
  if (platform !== 'win32' || socket === undefined) return socket && `${socket}.json`;
  if (!env.LOCALAPPDATA) return undefined;
  return win32.join(env.LOCALAPPDATA, 'azurecache', `${socket.slice(PIPES.length)}.json`);
}

function defaultFolder({ env, tempDir, uid }: Place): string {
  // The XDG specification: a relative path here is to be ignored.
  if (env.XDG_RUNTIME_DIR?.startsWith('/')) return `${env.XDG_RUNTIME_DIR}/azurecache`;
  return `${tempDir}/azurecache-${uid}`;
}

/** Sites of one App Service plan run under users of like names, so the site's name is part of it. */
function defaultPipe({ env, userName }: Place): string {
  return env.WEBSITE_SITE_NAME ? `azurecache-${userName}-${env.WEBSITE_SITE_NAME}` : `azurecache-${userName}`;
}

function pipeName(given: string): string {
  const name = given.replace(/^[\\/]{2}[.?][\\/]pipe[\\/]/i, '');
  if (name === '' || name.length > MAX_PIPE_CHARACTERS || /[\\/:*?"<>|]/.test(name))
    throw new ConfigError(
      `The name of the pipe is not valid. Set AZURE_CACHE_SOCKET to one such as azurecache-web, of at most ${MAX_PIPE_CHARACTERS} characters, none of them \\ / : * ? " < > |.`,
    );
  return PIPES + name;
}
