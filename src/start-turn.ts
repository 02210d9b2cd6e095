// One sidecar at a time starts at a place: the turn is taken before .NET is loaded, and given back once the doors are
// open. So of several that start at once exactly one does, and the others learn it at once. Called by sidecar.ts; and by
// run.ts with a turn of another name, so that of several runners one starts a process.
//
// On Windows the turn is a pipe, which the system gives to one process only. On Unix there is no such thing in Node
// (no flock), so each asker makes a file of its own beside the socket, and then looks for those of others: of any two,
// the one that looks later sees the other. Who sees another steps back and tries again. A file counts as long as its
// process lives and keeps it young, so that kill -9 leaves nothing that stands in the way.
import { randomBytes } from 'node:crypto';
import { open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isOpen, ListenError, makeFolder, refuseIfOpen, removeStale } from './door-files.js';

/** A start takes half a second, of large data folders several. */
const PATIENCE_MS = 60_000;
/** A file is made young this often, and too old after so long: its process id may be another process's by then. */
const FRESHEN_MS = 1000;
const TOO_OLD_MS = 15_000;

/** Gives the turn back. */
export type EndTurn = () => Promise<void>;

export interface TurnOptions {
  /** Path of the Unix socket, or the full name of the pipe; without one, the port alone tells sidecars apart. */
  socket: string | undefined;
  isAlive: (pid: number) => boolean;
  /** Turns of other names do not meet. `starting` is the one that leaves the place free to listen at. */
  name: 'starting' | 'launching';
  /** The process does not stay alive for the wait. */
  background?: boolean;
}

/**
 * Waits for the turn.
 * @throws ListenError, `inUse` as soon as somebody listens there
 */
export async function takeTurn({ socket, isAlive, name, background = false }: TurnOptions): Promise<EndTurn> {
  if (socket === undefined) return async () => {};
  const isPipe = socket.startsWith('\\\\');
  if (!isPipe) await makeFolder(socket);
  const take = isPipe ? () => takePipe(`${socket}-${name}`) : () => takeFile(`${socket}.${name}`, isAlive);
  for (const end = performance.now() + PATIENCE_MS; ; ) {
    await refuseIfOpen(socket);
    const endTurn = await take();
    if (endTurn) {
      try {
        if (name === 'starting' && !isPipe) await removeStale(socket);
        else await refuseIfOpen(socket);
        return endTurn;
      } catch (error) {
        await endTurn();
        throw error;
      }
    }
    if (performance.now() > end)
      throw new ListenError(
        `Another sidecar has been starting on ${socket} for ${PATIENCE_MS / 1000} seconds. Look at its log, or set AZURE_CACHE_SOCKET.`,
      );
    await pause(10 + Math.random() * 40, undefined, { ref: !background });
  }
}

async function takePipe(name: string): Promise<EndTurn | undefined> {
  // Wine, unlike Windows, lets two listen.
  if (await isOpen(name)) return undefined;
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(name, () => resolve(() => new Promise((ended) => void server.close(() => ended()))));
  });
}

async function takeFile(files: string, isAlive: (pid: number) => boolean): Promise<EndTurn | undefined> {
  const folder = dirname(files);
  const begin = `${basename(files)}.`;
  // Never used twice: a file that is removed as a dead process's is no other process's by then.
  const own = `${begin}${process.pid}.${randomBytes(4).toString('hex')}`;
  const path = join(folder, own);
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ListenError(
      `${folder} cannot be written to (${code}). Give it to this user, or set AZURE_CACHE_SOCKET.`,
    );
  }
  const fresh = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, FRESHEN_MS);
  fresh.unref();
  const endTurn = async () => {
    clearInterval(fresh);
    await rm(path, { force: true });
  };
  for (const name of await readdir(folder)) {
    if (name === own || !name.startsWith(begin)) continue;
    if (await counts(join(folder, name), Number(name.slice(begin.length).split('.')[0]), isAlive)) {
      await endTurn();
      return undefined;
    }
    await rm(join(folder, name), { force: true });
  }
  return endTurn;
}

async function counts(path: string, pid: number, isAlive: (pid: number) => boolean): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Math.abs(Date.now() - found.mtimeMs) < TOO_OLD_MS && isAlive(pid);
}
