// How App Service asks a WebJob to end: Kudu creates a file, whose name (WEBJOBS_SHUTDOWN_FILE) is another for each
// run, in a folder that it has made. Called by main.ts. Knows nothing of what ends then.
import { type FSWatcher, watch } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** A folder on a network share may tell of no changes: the file is looked for too. */
const LOOK_EVERY_MS = 1000;

/**
 * Calls `then` once, when the file is there: also when it is there already, since it cannot be one of an earlier run.
 * @param warn told if the folder cannot be watched; the file is still looked for, every second
 */
export function onceThere(path: string, warn: (error: Error) => void, then: () => void): void {
  let watcher: FSWatcher | undefined;
  let found = false;
  const look = async () => {
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (!there || found) return;
    found = true;
    clearInterval(timer);
    watcher?.close();
    then();
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  try {
    watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
      // Some systems do not say which file it is.
      if (name === null || name === basename(path)) void look();
    });
    // When the folder is removed, say.
    watcher.on('error', warn);
  } catch (error) {
    warn(error as Error);
  }
  void look();
}
