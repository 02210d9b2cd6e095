// Whether a Unix socket or a discovery file can be believed: nobody but this user (or root) can have put it there.
// Else any user of the machine could open the socket first and be sent the token and the sessions.
// Called by doors.ts and link.ts. Windows has no owners and modes of this kind: a pipe is the user's by its name only.
import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AzureCacheError } from '../errors.js';

/** Number of the user; undefined on Windows. */
export type Owner = number | undefined;

const WRITABLE_BY_OTHERS = 0o022;
/** In such a folder (/tmp) everybody may write, but nobody may remove or rename what belongs to others. */
const STICKY = 0o1000;

/**
 * The path to open, without symbolic links; undefined when nothing is there.
 * @throws AzureCacheError `door_refused`
 */
export async function trusted(
  path: string,
  kind: 'socket' | 'file',
  uid: Owner,
): Promise<string | undefined> {
  if (uid === undefined) return path;
  try {
    // Why it fails, `check` finds out; a link that leads nowhere is as good as nothing.
    const real = await realpath(path).catch(() => undefined);
    // What is there by name, and what it leads to: who owns a link can turn it elsewhere.
    await check(path, kind, uid);
    if (real !== undefined && real !== path) await check(real, kind, uid);
    return real;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (error instanceof AzureCacheError) throw error;
    throw refused(path, kind, `cannot be looked at (${code})`, error);
  }
}

async function check(path: string, kind: 'socket' | 'file', uid: number): Promise<void> {
  const folder = dirname(path);
  const ours = (owner: number) => owner === uid || owner === 0;
  const holder = await stat(folder);
  if (!ours(holder.uid) || !ours((await lstat(folder)).uid))
    throw refused(path, kind, 'lies in a folder of another user');
  if (holder.mode & WRITABLE_BY_OTHERS && !(holder.mode & STICKY))
    throw refused(path, kind, 'lies in a folder that other users can write to');
  const entry = await lstat(path);
  if (!ours(entry.uid)) throw refused(path, kind, 'belongs to another user');
  // A link says nothing by its mode, and where it leads is checked by itself.
  if (entry.isSymbolicLink()) return;
  if (kind === 'socket' ? !entry.isSocket() : !entry.isFile()) throw refused(path, kind, `is no ${kind}`);
  if (entry.mode & WRITABLE_BY_OTHERS) throw refused(path, kind, 'can be written to by other users');
}

function refused(path: string, kind: 'socket' | 'file', why: string, cause?: unknown): AzureCacheError {
  const what = kind === 'socket' ? 'The Unix socket' : 'The discovery file';
  const message = `${what} ${path} ${why}, so it is not used: it could be a stranger's. Run the sidecar as this user, in a folder of mode 0700.`;
  return new AzureCacheError('door_refused', message, 'not_applied', cause);
}
