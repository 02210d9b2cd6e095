// Where the .NET runtime is. edge-js looks along PATH alone (on Windows first in the registry and %ProgramFiles%), and
// passes over DOTNET_ROOT; here it is looked for as `dotnet` itself does, and edge-env.ts then shows edge-js the way.
// Called by preflight.ts and the doctor. Reads folders, changes nothing.
import { type Machine, pathsOf, variable } from './machine.js';

const FRAMEWORK = 'Microsoft.NETCore.App';
const LIBRARY: Partial<Record<NodeJS.Platform, string>> = {
  win32: 'coreclr.dll',
  darwin: 'libcoreclr.dylib',
};
/** What .NET calls an architecture, where Node has another name. */
const ARCHITECTURES: Record<string, string> = { ia32: 'x86' };

/** A place with runtimes. */
export interface DotnetRoot {
  folder: string;
  /** What led there: a variable, a file, or where .NET is installed by default. */
  from: string;
  /** All versions there are, oldest first. */
  versions: string[];
  /** The version that would be used; undefined when none fits. */
  version: string | undefined;
  /** Why that one cannot be used after all. */
  problem?: { kind: 'arch'; arch: string } | { kind: 'incomplete'; missing: string };
}

/**
 * Every place with a runtime, in the order in which they count.
 * @param wanted the version the gateway was built for, such as 10.0.0: any patch of it will do, nothing else
 */
export function* dotnetRoots(machine: Machine, wanted: string): Generator<DotnetRoot> {
  const seen = new Set<string>();
  for (const { folder, from } of places(machine)) {
    const real = machine.realPath(folder);
    if (real === undefined || seen.has(real)) continue;
    seen.add(real);
    const root = inspect(machine, wanted, real, from);
    if (root.versions.length > 0) yield root;
  }
}

/** Whether it can be used; of several the first is. */
export const isUsable = ({ version, problem }: DotnetRoot): boolean => version !== undefined && !problem;

function inspect(machine: Machine, wanted: string, folder: string, from: string): DotnetRoot {
  const { join } = pathsOf(machine);
  const versions = machine
    .list(join(folder, 'shared', FRAMEWORK))
    .filter((name) => /^\d+\.\d+\.\d+/.test(name))
    .sort((a, b) => patchOf(a) - patchOf(b) || (a < b ? -1 : 1));
  const [major, minor] = wanted.split('.');
  // Patches alone, and no previews: edge-js rolls no further.
  const version = versions.findLast((name) => new RegExp(`^${major}\\.${minor}\\.\\d+$`).test(name));
  const root: DotnetRoot = { folder, from, versions, version };
  if (version === undefined) return root;
  const command = machine.platform === 'win32' ? 'dotnet.exe' : 'dotnet';
  const library = join('shared', FRAMEWORK, version, LIBRARY[machine.platform] ?? 'libcoreclr.so');
  // Without the command edge-js does not take the folder for one of .NET.
  const files = [`${FRAMEWORK}.deps.json`, 'System.Private.CoreLib.dll'];
  for (const missing of [command, ...files.map((name) => join('shared', FRAMEWORK, version, name)), library])
    if (machine.realPath(join(folder, missing)) === undefined)
      return { ...root, problem: { kind: 'incomplete', missing } };
  const native = machine.native(join(folder, library));
  if (typeof native === 'string' || !native.whole)
    return { ...root, problem: { kind: 'incomplete', missing: library } };
  if (native.arch !== 'any' && native.arch !== machine.arch)
    return { ...root, problem: { kind: 'arch', arch: native.arch } };
  return root;
}

/** 10.0.12 → 10000012, so that it comes after 10.0.9. (A comparison by locale would cost milliseconds at the start.) */
function patchOf(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return (major * 1000 + minor) * 1000 + patch;
}

function* places(machine: Machine): Generator<{ folder: string; from: string }> {
  const { platform, arch } = machine;
  const { join, dirname, delimiter } = pathsOf(machine);
  const dotnetArch = ARCHITECTURES[arch] ?? arch;
  const variables = [`DOTNET_ROOT_${dotnetArch.toUpperCase()}`, 'DOTNET_ROOT'];
  if (arch === 'ia32') variables.unshift('DOTNET_ROOT(x86)');
  for (const name of variables) {
    const folder = variable(machine, name);
    if (folder) yield { folder, from: name };
  }
  if (platform === 'win32') {
    const programs = arch === 'ia32' ? 'ProgramFiles(x86)' : 'ProgramFiles';
    const folder = variable(machine, programs);
    if (folder) yield { folder: join(folder, 'dotnet'), from: `%${programs}%` };
  }
  for (const folder of (variable(machine, 'PATH') ?? '').split(delimiter)) {
    const command = folder && machine.realPath(join(folder, platform === 'win32' ? 'dotnet.exe' : 'dotnet'));
    if (command) yield { folder: dirname(command), from: 'PATH' };
  }
  if (platform === 'win32') return;
  for (const file of [`/etc/dotnet/install_location_${dotnetArch}`, '/etc/dotnet/install_location']) {
    const folder = machine.read(file)?.split('\n', 1)[0]?.trim();
    if (folder) yield { folder, from: file };
  }
  const usual =
    platform === 'darwin'
      ? ['/usr/local/share/dotnet', `/usr/local/share/dotnet/${dotnetArch}`]
      : ['/usr/share/dotnet', '/usr/lib/dotnet', '/usr/lib64/dotnet'];
  for (const folder of usual) yield { folder, from: 'the usual place' };
}
