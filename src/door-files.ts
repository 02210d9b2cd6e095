// The files of the doors: the place of the Unix socket, and the discovery file in which clients look the doors up.
// Called by listen.ts. Knows nothing of servers.
import { mkdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** Where the sidecar can be reached. */
export type Door =
  | { kind: 'tcp'; host: string; port: number; url: string }
  | { kind: 'socket' | 'pipe'; path: string };

/** A door could not be opened: one sentence that says what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * Makes the socket's folder if need be, checks that nobody else can put a socket of theirs there, removes a stale one.
 * @throws ListenError
 */
export async function makeRoom(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ListenError(
      `The folder ${folder} cannot be made (${code}). Make it, or set AZURE_CACHE_SOCKET.`,
    );
  }
  const { uid, mode } = await stat(folder);
  const shared = (mode & 0o022) !== 0 && (mode & 0o1000) === 0;
  if ((uid !== process.getuid?.() && uid !== 0) || shared)
    throw new ListenError(
      `The folder ${folder} can be changed by other users. Give it to this user (chmod 700), or set AZURE_CACHE_SOCKET.`,
    );
  const there = await stat(path).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isSocket())
    throw new ListenError(`${path} is there and is no socket. Remove it, or set AZURE_CACHE_SOCKET.`);
  if (await answers(path)) throw new ListenError(takenMessage(path, 'AZURE_CACHE_SOCKET'));
  await unlink(path);
}

/**
 * Windows refuses a second listener on a pipe by itself, Wine does not, and then both would take turns: ask first.
 * @throws ListenError when somebody listens there
 */
export async function refuseTakenPipe(path: string): Promise<void> {
  if (await answers(path)) throw new ListenError(takenMessage(path, 'AZURE_CACHE_SOCKET'));
}

/** For a door on which somebody else listens. */
export function takenMessage(where: string, setting: string): string {
  return `Cannot listen on ${where}: another program does, perhaps another sidecar. Stop it, or set ${setting}.`;
}

/** Whether somebody listens; a refused connection means that its process is gone, and then a pipe is too. */
function answers(path: string): Promise<boolean> {
  const gone = path.startsWith('\\\\') ? 'ENOENT' : 'ECONNREFUSED';
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).once('connect', () => socket.destroy());
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== gone));
  });
}

/**
 * Tells clients where the doors are; whole or not at all, readable by this user only (umask, main.ts).
 * @throws ListenError
 */
export async function announce(
  doors: Door[],
  version: string,
  discoveryFile: string | undefined,
): Promise<void> {
  if (discoveryFile === undefined) return;
  const draft = `${discoveryFile}.${process.pid}`;
  try {
    await mkdir(dirname(discoveryFile), { recursive: true });
    await writeFile(draft, `${JSON.stringify({ version, pid: process.pid, doors })}\n`, { mode: 0o600 });
    await rename(draft, discoveryFile);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    await rm(draft, { force: true }).catch(() => {});
    const remedy =
      code === 'ENOSPC' ? 'The disk is full: free some space' : 'Give this user the right to write there';
    throw new ListenError(
      `Cannot write ${discoveryFile}, in which clients look the doors up (${code}). ${remedy}, or set AZURE_CACHE_SOCKET to a path elsewhere.`,
    );
  }
}

/** Removes the discovery file if it is our own: another sidecar may have come since. */
export async function withdraw(discoveryFile: string | undefined): Promise<void> {
  if (discoveryFile === undefined) return;
  const text = await readFile(discoveryFile, 'utf8').catch(() => '');
  if (text.includes(`"pid":${process.pid},`)) await rm(discoveryFile, { force: true });
}
