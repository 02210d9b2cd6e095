// What the checks before a start look at: the process and the files of this machine. Passed in, so that tests can play
// a Windows of any kind. Nothing here writes.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type PlatformPath, posix, win32 } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GATEWAY_FOLDER } from '../edge-env.js';
import { type NativeFile, readNativeFile } from './native-file.js';

export interface Machine {
  readonly platform: NodeJS.Platform;
  /** Of this Node, as in process.arch. */
  readonly arch: string;
  /** Of this Node, without the v. */
  readonly nodeVersion: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of the package edge-js; undefined when it is not installed. */
  readonly edgeFolder: string | undefined;
  /** Folder of the published .NET half. */
  readonly gatewayFolder: string;
  /** Names in a folder; none when it cannot be read. */
  list(folder: string): string[];
  /** Where a file really is, links followed; undefined when there is none. */
  realPath(path: string): string | undefined;
  /** A text file; undefined when it cannot be read. */
  read(path: string): string | undefined;
  /** See native-file.ts. */
  native(path: string): NativeFile | string;
}

/** The machine this runs on. */
export function thisMachine(env: Machine['env']): Machine {
  return {
    platform: process.platform,
    arch: process.arch,
    nodeVersion: process.versions.node,
    env,
    edgeFolder: findEdge(),
    gatewayFolder: fileURLToPath(GATEWAY_FOLDER),
    list: (folder) => orElse([], () => readdirSync(folder)),
    // Asked first, for an error takes longer than the question.
    realPath: (path) => (existsSync(path) ? orElse(undefined, () => realpathSync.native(path)) : undefined),
    read: (path) => orElse(undefined, () => readFileSync(path, 'utf8')),
    native: readNativeFile,
  };
}

/** The rules for paths there, which are not those of the machine a test runs on. */
export const pathsOf = ({ platform }: Pick<Machine, 'platform'>): PlatformPath =>
  platform === 'win32' ? win32 : posix;

/** A variable of the environment; on Windows its name is the same in any case. */
export function variable({ env, platform }: Machine, name: string): string | undefined {
  if (platform !== 'win32') return env[name] || undefined;
  const found = Object.keys(env).find((key) => key.toLowerCase() === name.toLowerCase());
  return (found && env[found]) || undefined;
}

function findEdge(): string | undefined {
  return orElse(undefined, () => {
    const description = createRequire(import.meta.url).resolve('edge-js/package.json');
    return description.slice(0, -'/package.json'.length);
  });
}

function orElse<T>(fallback: T, ask: () => T): T {
  try {
    return ask();
  } catch {
    return fallback;
  }
}
