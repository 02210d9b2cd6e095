// The files of the doors: the place of the Unix socket, and the discovery file in which clients look the doors up.
// Called by start-turn.ts (the place) and listen.ts (the discovery file). Knows nothing of servers.
import { lstat, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** Where the sidecar can be reached. */
export type Door =
  | { kind: 'tcp'; host: string; port: number; url: string }
  | { kind: 'socket' | 'pipe'; path: string };

/** A door could not be opened: one sentence that says what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** Somebody else has this door open: perhaps a sidecar that can be shared. */
  readonly inUse: 'socket' | 'port' | undefined;

  constructor(message: string, inUse?: 'socket' | 'port') {
    super(message);
    this.inUse = inUse;
  }
}

/**
 * Makes the socket's folder if need be, and checks that nobody else can put a socket of theirs there.
 * @throws ListenError
 */
export async function makeFolder(path: string): Promise<void> {
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
  // Who owns a link can turn it elsewhere.
  const owners = [uid, (await lstat(folder)).uid];
  if (shared || owners.some((owner) => owner !== process.getuid?.() && owner !== 0))
    throw new ListenError(
      `The folder ${folder} can be changed by other users. Give it to this user (chmod 700), or set AZURE_CACHE_SOCKET.`,
    );
}

/**
 * Removes a socket that was left behind.
 * @throws ListenError when it is no socket, or its process lives
 */
export async function removeStale(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isSocket())
    throw new ListenError(`${path} is there and is no socket. Remove it, or set AZURE_CACHE_SOCKET.`);
  await refuseIfOpen(path);
  await rm(path, { force: true });
}

/**
 * Windows refuses a second listener on a pipe by itself, Wine does not, and then both would take turns: ask first.
 * @throws ListenError when somebody listens there
 */
export async function refuseIfOpen(path: string): Promise<void> {
  if (await isOpen(path)) throw inUse(path, 'socket');
}

/** What is said of a door that another program has open. */
export function inUse(where: string, door: 'socket' | 'port'): ListenError {
  const setting = door === 'socket' ? 'AZURE_CACHE_SOCKET' : 'AZURE_CACHE_PORT';
  return new ListenError(
    `Cannot listen on ${where}: another program does, perhaps another sidecar. Stop it, or set ${setting}.`,
    door,
  );
}

/** Whether somebody listens; a refused connection, or no such file or pipe, means that nobody does. */
export function isOpen(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).once('connect', () => socket.destroy());
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT' && code !== 'ENOTSOCK'),
    );
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
