// The native addon of edge-js: where it would be loaded from, and what keeps it from that. Called by preflight.ts and the
// doctor, before anything loads it: one that is cut off ends the process with a bus error.
import { type Machine, pathsOf, variable } from './machine.js';

const REBUILD = 'npm rebuild edge-js';
const APPROVE = `npm install-scripts approve edge-js, then ${REBUILD}`;
const COMPILER = 'a C++ compiler, make and python3';
/** Said wherever Node is 32-bit, as it is in the default worker of a Windows App Service. */
export const TAKE_64_BIT =
  'Use the 64-bit Node; on App Service set the platform to 64 bit (az webapp config set --use-32bit-worker-process false)';

/** The file that edge-js would load; undefined where it has none for this Node. */
export function addonPath(machine: Machine): string | undefined {
  const { edgeFolder, platform, arch } = machine;
  const { join } = pathsOf(machine);
  const named = variable(machine, 'EDGE_NATIVE');
  if (named) return named;
  if (edgeFolder === undefined) return undefined;
  const built = join(edgeFolder, 'build', 'Release', 'edge_coreclr.node');
  if (platform !== 'win32' && platform !== 'darwin') return built;
  if (machine.realPath(built) !== undefined) return built;
  const major = machine.nodeVersion.split('.')[0] as string;
  const path = join(edgeFolder, 'lib', 'native', platform, arch, major, 'edge_coreclr.node');
  return machine.realPath(path) === undefined ? undefined : path;
}

/** What keeps the addon from being loaded, in one sentence that says what to do; undefined when nothing does. */
export function addonProblem(machine: Machine): string | undefined {
  const { edgeFolder, platform, arch } = machine;
  if (arch === 'ia32' || arch === 'arm')
    return `This Node is 32-bit (${arch}), and the sidecar needs a 64-bit one. ${TAKE_64_BIT}.`;
  if (edgeFolder === undefined)
    return 'The package edge-js is not installed. Run npm ci (or npm install) in the folder of the app.';
  const path = addonPath(machine);
  if (path === undefined) return noPrebuilt(machine, edgeFolder);
  const native = machine.native(path);
  if (native === 'ENOENT')
    return `The native addon of edge-js is not there (${path}): its install script did not run, or failed. Run ${APPROVE}, which needs ${COMPILER}.`;
  if (native === 'invalid' || (typeof native !== 'string' && !native.whole))
    return `The native addon of edge-js is damaged (${path}). Run ${APPROVE}.`;
  if (typeof native === 'string')
    return `The native addon of edge-js cannot be read (${native}, ${path}). Give this user the right to.`;
  if (native.platform === platform && (native.arch === arch || native.arch === 'any')) return undefined;
  return `The native addon of edge-js is for ${native.platform}-${native.arch}, and this Node is ${platform}-${arch} (${path}): node_modules came from another machine. Delete it, and run npm ci with this Node.`;
}

/** What a failure to load the addon means that no look at the file could tell. */
export function addonFailure(machine: Machine, message: string): string {
  const path = addonPath(machine) ?? 'edge-js';
  const first = message.split('\n', 1)[0];
  if (/did not self-register|NODE_MODULE_VERSION/.test(message))
    return `The native addon of edge-js was built for another version of Node than this one, ${machine.nodeVersion}. Run ${REBUILD} with this Node.`;
  if (/GLIBC|GLIBCXX|CXXABI/.test(message))
    return `The native addon of edge-js was built on a newer system than this one. Run ${REBUILD} here, which needs ${COMPILER}.`;
  if (machine.platform === 'win32' && /specified module could not be found/.test(message))
    return `The native addon of edge-js does not find the Visual C++ libraries (${path}). Run ${APPROVE}, which puts them beside it, or install the Visual C++ Redistributable.`;
  return `The native addon of edge-js cannot be loaded (${first}). Run ${APPROVE}.`;
}

function noPrebuilt(machine: Machine, edgeFolder: string): string {
  const { platform, arch, nodeVersion } = machine;
  const majors = machine.list(pathsOf(machine).join(edgeFolder, 'lib', 'native', platform, arch));
  const known = majors.filter((name) => /^\d+$/.test(name)).sort();
  const what = `edge-js has no addon for Node ${nodeVersion} on ${platform}-${arch}`;
  return known.length > 0
    ? `${what}. Use Node ${known.join(', ')}.`
    : `${what}, or is not whole. Run npm ci.`;
}
