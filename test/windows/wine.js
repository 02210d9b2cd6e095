// Wine as the Windows leg uses it: where it is, the environment of its processes, and a folder (WINEPREFIX) of its
// own, so that nobody else's Windows programs are met. Called by setup.js and by the fixtures that start programs.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Everything that setup.js makes; ignored by git, and made anew in a fresh clone. */
export const CACHE = fileURLToPath(new URL('.cache/', import.meta.url));
/** Debian's wine64 puts the loader here, not on the PATH; its package wine adds the second. */
const LOADERS = ['/usr/lib/wine/wine64', '/usr/bin/wine64'];

/** The loader, or the one that WINE names; a sentence when there is none. */
export function wine() {
  const { WINE } = process.env;
  const found = (WINE ? [WINE] : LOADERS).find((path) => existsSync(path));
  if (!found) throw new Error('Wine is not installed: apt-get install wine64');
  return found;
}

/**
 * The environment in which Wine runs: headless, silent, without questions.
 * @param {string} [prefix]
 */
export function wineEnvironment(prefix = `${CACHE}prefix`) {
  return {
    ...{ WINEPREFIX: prefix, WINEDEBUG: '-all', DISPLAY: '' },
    // The loader of IL images is Wine's mscoree: only gecko, which would ask to be fetched, is switched off.
    WINEDLLOVERRIDES: 'mshtml=',
    // Else the CLR ends at a garbage collection: docs/decisions/0023.
    DOTNET_EnableWriteXorExecute: '0',
  };
}

/** The same path as Windows programs name it: Wine shows the whole file system as Z:. @param {string} path */
export const windowsPath = (path) => `Z:${path.replaceAll('/', '\\')}`;

/**
 * Makes a folder of Windows 10's, and answers when everything is written.
 * @param {string} prefix
 */
export async function makePrefix(prefix) {
  // Without mscoree nothing asks for Mono while the folder is made.
  const env = {
    ...process.env,
    ...wineEnvironment(prefix),
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
  };
  await run(wine(), ['wineboot.exe', '--init'], { env, timeout: 120_000 });
  const version = ['add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'];
  await run(wine(), ['reg.exe', ...version], { env, timeout: 60_000 });
  await wineServer('-w', prefix);
}

/**
 * Speaks to this prefix's server: `-w` waits until its last process has ended, `-p60` keeps it for a
 * minute longer (a start without a server takes a second more), `-k` ends it with all its processes.
 * @param {'-w' | '-p60' | '-k'} flag
 * @param {string} [prefix]
 */
export async function wineServer(flag, prefix) {
  const server = wine().replace(/wine64$/, 'wineserver');
  // -k answers 1 when there is none, -p60 2 when there is one already.
  await run(server, [flag], {
    env: { ...process.env, ...wineEnvironment(prefix) },
    timeout: 60_000,
  }).catch((error) => {
    if (flag === '-w') throw error;
  });
}
