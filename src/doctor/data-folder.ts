// The folder in which the embedded backend keeps its entries: whether it can be written to, its space, who has it. Called by
// doctor.ts. It is not locked, so that a sidecar that starts meanwhile is not refused.
import { readFile, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../config.js';
import { type Check, fail, ok, warn } from './check.js';
import { isWritable } from './doors.js';

const MIB = 1024 * 1024;
/** What DataFolder.cs refuses. */
const LEAST_FREE = 16 * MIB;
const OTHER_FOLDER = 'or set AZURE_CACHE_DATA_DIR to a folder elsewhere';

/**
 * @param running process of the sidecar that holds our doors
 * @param isAlive whether a process of this number is there
 */
export async function dataFolder(
  { dataDir, embeddedBytes }: Pick<Config, 'dataDir' | 'embeddedBytes'>,
  running: number | undefined,
  isAlive: (pid: number) => boolean,
): Promise<Check | undefined> {
  if (dataDir === undefined) return undefined;
  const there = await stat(dataDir).catch(() => undefined);
  if (there && !there.isDirectory())
    return fail('data-dir', `${dataDir} is no folder`, `remove it, ${OTHER_FOLDER}`);
  let folder = dataDir;
  // What is not there yet will be made.
  while (!(await stat(folder).catch(() => undefined)) && folder !== dirname(folder)) folder = dirname(folder);
  if (!(await isWritable(folder)))
    return fail(
      'data-dir',
      `${folder} cannot be written to by this user`,
      `give this user the right to, ${OTHER_FOLDER}`,
    );
  const { bavail, bsize, blocks } = await statfs(folder);
  const free = bavail * bsize;
  const space = `${Math.floor(free / MIB)} MiB free`;
  if (blocks > 0 && free < LEAST_FREE)
    return fail('data-dir', `${dataDir}: ${space}`, `free some space, ${OTHER_FOLDER}`);
  const owner = Number(await readFile(join(dataDir, 'azurecache.pid'), 'utf8').catch(() => 0));
  if (owner > 0 && owner !== running && isAlive(owner))
    return fail('data-dir', `${dataDir} is in use by process ${owner}`, `stop that sidecar, ${OTHER_FOLDER}`);
  const says = `${dataDir}: ${there ? 'can be written to' : 'will be made'}, ${space}${owner > 0 && owner === running ? ', in use by the sidecar that runs' : ''}`;
  // The entries, the log of writes, and a snapshot beside the one before.
  const wanted = 2 * embeddedBytes;
  if (blocks > 0 && free < wanted)
    return warn(
      'data-dir',
      says,
      `have ${Math.ceil(wanted / MIB)} MiB, or set AZURE_CACHE_EMBEDDED_BYTES lower`,
    );
  return ok('data-dir', says);
}
