// Starts a shared sidecar as a process of its own and hears from it how that went. Called by runner.ts; the process is
// main.ts with the first argument `shared`, which tells over the message channel what Told says.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Door } from '../door-files.js';
import { isOurs } from './sidecar-process.js';

/** What a shared sidecar tells, once. */
export type Told = { doors: Door[] } | { inUse: string } | { refused: string; again?: boolean };

/** The sidecar could not start: its own sentence. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
  /** Who was in the way may be about to end. */
  readonly again: boolean;

  constructor(message: string, again = false) {
    super(message);
    this.again = again;
  }
}

/** The first argument of a shared sidecar. No setting: it needs the message channel. */
export const SHARED = 'shared';

/** The script that is the command `azurecache`. */
export const COMMAND = fileURLToPath(new URL('../../bin/azurecache.js', import.meta.url));

/** Half a second is usual, several where a data folder is large. One that hangs is ended, so that the next can start. */
const START_MS = 120_000;

export interface LaunchOptions {
  /** The settings given as flags. */
  flags: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Where azurecache.json and relative paths start; an app may have gone elsewhere since. */
  cwd: string;
  /** The process does not stay alive for it. */
  background: boolean;
}

/**
 * Resolves when the doors are open, or when it has found them open: then it has ended.
 * @throws LaunchError
 */
export function launchSidecar({
  flags,
  env,
  cwd,
  background,
}: LaunchOptions): Promise<Exclude<Told, { refused: string }>> {
  // What is meant for the app (a debugger's port, and above all --import azurecache-sidecar/start) is not meant for it. On
  // Windows the name can be written in any case.
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !/^node_options$/i.test(name)));
  const child = spawn(process.execPath, [COMMAND, SHARED, ...flags], {
    env: own,
    cwd,
    // Its log goes where ours goes: stdout belongs to the command.
    stdio: ['ignore', 2, 2, 'ipc'],
    // Not of our process group (nor, on Windows, of our console): a Ctrl-C in the terminal ends the command, which
    // may still use it while it drains.
    detached: true,
    windowsHide: true,
  });
  isOurs(child);
  if (background) {
    child.unref();
    child.channel?.unref();
  }
  const late = setTimeout(() => child.kill(9), START_MS);
  if (background) late.unref();
  return heard(child).finally(() => {
    clearTimeout(late);
    child.unref();
  });
}

function heard(child: ChildProcess): Promise<Exclude<Told, { refused: string }>> {
  return new Promise((resolve, reject) => {
    child.once('error', ({ message }) =>
      reject(new LaunchError(`The sidecar cannot be started: ${message}.`)),
    );
    child.once('message', (message) => {
      const told = message as Told;
      if ('refused' in told) reject(new LaunchError(told.refused, told.again));
      else resolve(told);
    });
    // 'close', unlike 'exit', comes after the last message.
    child.once('close', (code, signal) =>
      reject(
        new LaunchError(
          `The sidecar ended before it was ready (${signal ?? `exit ${code}`}). Its log says why.`,
        ),
      ),
    );
  });
}
