// What is checked before .NET is loaded into this process, since a failure there is told in lines of edge-js's own, or
// ends the process. Called by sidecar.ts, by the doctor and, for what a failure means, by main.ts. It takes a few
// milliseconds. Where nothing is certain (the registry of Windows is not read), edge-js may try.
import { type DotnetRoot, dotnetRoots, isUsable } from './dotnet-root.js';
import { addonFailure, addonProblem } from './edge-addon.js';
import { type Machine, pathsOf } from './machine.js';

const GATEWAY = 'AzureCache.Gateway';
const INSTALL = 'install azurecache-sidecar again (in a checkout: npm run build)';

/** The sidecar cannot start on this machine as it is: one sentence that says what to do. */
export class PreflightError extends Error {
  override readonly name = 'PreflightError';
}

/**
 * Checks the addon, the .NET half and the runtime, in this order.
 * @returns the folder of the runtime to use; undefined where edge-js may find one that we cannot
 * @throws PreflightError
 */
export function preflight(machine: Machine): string | undefined {
  const problem = addonProblem(machine) ?? gatewayProblem(machine);
  if (problem !== undefined) throw new PreflightError(problem);
  const roots: DotnetRoot[] = [];
  for (const root of dotnetRoots(machine, wantedDotnet(machine))) {
    if (isUsable(root)) return root.folder;
    roots.push(root);
  }
  if (machine.platform === 'win32' && roots.length === 0) return undefined;
  throw new PreflightError(dotnetProblem(machine, roots));
}

/** The version of .NET that the gateway was built for. */
export function wantedDotnet(machine: Machine): string {
  const text = machine.read(inGateway(machine, `${GATEWAY}.runtimeconfig.json`)) ?? '{}';
  return JSON.parse(text).runtimeOptions?.framework?.version ?? '10.0.0';
}

/** What is missing of the published .NET half, in one sentence; undefined when nothing is. */
export function gatewayProblem(machine: Machine): string | undefined {
  const says = (problem: string) =>
    `The .NET half of the sidecar ${problem} (${machine.gatewayFolder}). To mend it, ${INSTALL}.`;
  const there = new Set(machine.list(machine.gatewayFolder));
  if (there.size === 0) return says('is missing');
  for (const name of ['dll', 'deps.json', 'runtimeconfig.json'].map((ending) => `${GATEWAY}.${ending}`))
    if (!there.has(name)) return says(`is not whole, ${name} is missing`);
  try {
    const missing = assemblies(machine).find((name) => !there.has(name));
    wantedDotnet(machine);
    return missing && says(`is not whole, ${missing} is missing`);
  } catch {
    return says('is damaged');
  }
}

/** Why none of these runtimes can be used, in one sentence. */
export function dotnetProblem(machine: Machine, roots: readonly DotnetRoot[]): string {
  const [major, minor] = wantedDotnet(machine).split('.');
  const wanted = `${major}.${minor}`;
  const { platform, arch } = machine;
  const install = `Install the .NET ${major} runtime for ${arch} (https://dotnet.microsoft.com/download/dotnet/${wanted}), or set DOTNET_ROOT to the folder of one.`;
  const broken = roots.find(({ problem }) => problem);
  if (broken?.problem?.kind === 'arch')
    return `The .NET runtime ${broken.version} in ${broken.folder} is for ${broken.problem.arch}, and this Node is ${platform}-${arch}: both must be the same. ${install}`;
  if (broken?.problem)
    return `The .NET runtime ${broken.version} in ${broken.folder} is not whole (${broken.problem.missing}). ${install}`;
  const found = roots.map(({ folder, versions }) => `${versions.join(', ')} in ${folder}`).join('; ');
  if (found) return `The sidecar needs .NET ${wanted}, and there is only ${found}. ${install}`;
  return `No .NET runtime was found (DOTNET_ROOT, PATH and the usual places). ${install}`;
}

/** What a failure of edge-js to load means. */
export function explainLoading(machine: Machine, error: NodeJS.ErrnoException): string {
  if (error.code === 'ERR_DLOPEN_FAILED') return addonFailure(machine, error.message);
  if (/unable to locate the \.NET/.test(error.message)) return dotnetProblem(machine, []);
  const first = error.message?.split('\n', 1)[0];
  const what = /initializeClrFunc/.test(error.message) ? 'the .NET runtime did not start' : first;
  return `Could not start: ${what}. The command azurecache doctor looks for the cause.`;
}

/** The files that the manifest of the gateway names: without one of them edge-js starts nothing. */
function assemblies(machine: Machine): string[] {
  const manifest = JSON.parse(machine.read(inGateway(machine, `${GATEWAY}.deps.json`)) ?? '');
  const libraries = Object.values(manifest.targets[manifest.runtimeTarget.name]) as {
    runtime?: Record<string, unknown>;
  }[];
  return libraries
    .flatMap(({ runtime = {} }) => Object.keys(runtime))
    .map((path) => path.replace(/^.*\//, ''));
}

function inGateway(machine: Machine, name: string): string {
  return pathsOf(machine).join(machine.gatewayFolder, name);
}
