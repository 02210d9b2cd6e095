// The environment that edge-js reads when it is loaded, and only then: set it before bridge.ts is imported.
// Called by sidecar.ts and by tests of the bridge. Facts: DESIGN, "The bridge: facts and rules".
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where `npm run build` publishes the .NET half for this machine; the same seen from src/ and from dist/. */
const OF_THIS_MACHINE = new URL('../dist/gateway/', import.meta.url);
/** What a package has instead: the same for every platform. */
const PORTABLE = new URL('../dist/gateway-portable/', import.meta.url);

/** Where the .NET half is. */
export const GATEWAY_FOLDER = existsSync(OF_THIS_MACHINE) ? OF_THIS_MACHINE : PORTABLE;

/** Points edge-js at the published gateway, and at nothing else. */
export function prepareEdge(env: NodeJS.ProcessEnv): void {
  const path = fileURLToPath(GATEWAY_FOLDER);
  env.EDGE_USE_CORECLR = '1';
  // Without it the runtime settings of an installed SDK win over ours.
  env.EDGE_USE_RUNTIME_CONFIG = '1';
  env.EDGE_APP_ROOT = path;
  // Edge loads assemblies from the user's NuGet cache before the app folder: give it ours as that cache.
  env.NUGET_PACKAGES = path;
}
