// The environment that edge-js reads when it is loaded, and only then: set it before bridge.ts is imported.
// Called by sidecar.ts and by tests of the bridge. Facts: DESIGN, "The bridge: facts and rules".
import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where `npm run build` publishes the .NET half for this machine; the same seen from src/ and from dist/. */
const OF_THIS_MACHINE = new URL('../dist/gateway/', import.meta.url);
/** What a package has instead: the same for every platform. */
const PORTABLE = new URL('../dist/gateway-portable/', import.meta.url);

/** Where the .NET half is. */
export const GATEWAY_FOLDER = existsSync(OF_THIS_MACHINE) ? OF_THIS_MACHINE : PORTABLE;

/**
 * Points edge-js at the published gateway, and at nothing else.
 * @param dotnetFolder the runtime to use; without it edge-js looks for one
 */
export function prepareEdge(env: NodeJS.ProcessEnv, dotnetFolder?: string): void {
  const path = fileURLToPath(GATEWAY_FOLDER);
  env.EDGE_USE_CORECLR = '1';
  // Without it the runtime settings of an installed SDK win over ours.
  env.EDGE_USE_RUNTIME_CONFIG = '1';
  env.EDGE_APP_ROOT = path;
  // Edge loads assemblies from the user's NuGet cache before the app folder: give it ours as that cache.
  env.NUGET_PACKAGES = path;
  // Where it looks for the runtime; DOTNET_ROOT says nothing to it.
  if (dotnetFolder !== undefined) env.PATH = [dotnetFolder, env.PATH].filter(Boolean).join(delimiter);
}

/**
 * Loads edge-js, in a way that it takes this runtime. On Windows PATH comes last: before it come the registry and
 * %ProgramFiles%, and before those, by a slip in edge-js 26.1.0, the working folder.
 */
export function loadAt<T>(dotnetFolder: string | undefined, load: () => T): T {
  if (process.platform !== 'win32' || dotnetFolder === undefined) return load();
  const before = process.cwd();
  process.chdir(dotnetFolder);
  try {
    return load();
  } finally {
    process.chdir(before);
  }
}
