// npm as a command of ours calls it: in another folder, and as if nobody had called it from a script of npm's. Used by
// sizes.js, pack-webjob.js and the tests of the packages.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

/** @typedef {{ name: string, filename: string, size: number, unpackedSize: number, files: { path: string }[] }} Packed */

/**
 * What `npm run` puts into the environment would send npm back into this checkout; the user's own settings stay.
 * @param {NodeJS.ProcessEnv} env
 */
export function outsideNpm(env) {
  const inside =
    /^(npm_(?!config_)|npm_config_(local_prefix|prefix|workspace)|INIT_CWD$|NODE_OPTIONS$|_?TAP)/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !inside.test(name)));
}

/**
 * Its stdout. What it says on stderr is part of the error, if there is one.
 * @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv }} options
 */
export async function npm(args, { cwd, env = process.env }) {
  // A .cmd file on Windows, which only a shell starts; nothing here has a space or a quote.
  const options = { cwd, env: outsideNpm(env), shell: process.platform === 'win32', maxBuffer: 2 ** 26 };
  const { stdout } = await run('npm', args, options);
  return stdout;
}

/**
 * Packs the sidecar, or a workspace, and says what is in it. Without a folder nothing is written.
 * @param {'sidecar' | 'client'} which
 * @param {string} [folder]
 * @returns {Promise<Packed & { file: string }>}
 */
export async function pack(which, folder) {
  const args = ['pack', '--json', ...(which === 'client' ? ['-w', 'client'] : [])];
  args.push(...(folder === undefined ? ['--dry-run'] : ['--pack-destination', folder]));
  const [packed] = JSON.parse(await npm(args, { cwd: root }));
  return { ...packed, file: join(folder ?? '', packed.filename) };
}
