// What the settings and the places depend on besides the command line: system, user, folders; and which processes live.
// Called by main.ts and start.ts, which have the process.
import { tmpdir, userInfo } from 'node:os';
import type { Config, Surroundings } from './config.js';
import { type Identity, identityOf } from './run/identity.js';

export function surroundings(argv: readonly string[], env: NodeJS.ProcessEnv): Surroundings {
  return {
    argv,
    env,
    cwd: process.cwd(),
    platform: process.platform,
    tempDir: tmpdir(),
    uid: process.getuid?.(),
    // It names the pipe; elsewhere a user without an entry in passwd (containers) would make it throw.
    userName: process.platform === 'win32' ? userInfo().username : '',
  };
}

export function identityIn(config: Config, { uid, userName, env }: Surroundings): Identity {
  return identityOf(config, { uid, userName, site: env.WEBSITE_SITE_NAME });
}

/** Whether there is a process of this number, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
