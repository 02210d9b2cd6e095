// Node, .NET, the addon and the .NET half, as the start looks at them (preflight.ts). Called by doctor.ts.
import { dotnetRoots, isUsable } from '../preflight/dotnet-root.js';
import { addonPath, addonProblem } from '../preflight/edge-addon.js';
import type { Machine } from '../preflight/machine.js';
import { dotnetProblem, gatewayProblem, wantedDotnet } from '../preflight/preflight.js';
import { type Check, failAs, ok, warn } from './check.js';

/** What was found; `dotnetFolder` and `canLoad` are for whoever goes on to load it. */
export interface Installation {
  checks: Check[];
  dotnetFolder: string | undefined;
  canLoad: boolean;
}

export function installation(machine: Machine): Installation {
  const { nodeVersion, platform, arch, gatewayFolder } = machine;
  const checks = [ok('node', `Node ${nodeVersion}, ${platform}-${arch}`)];
  const gateway = gatewayProblem(machine);
  const dotnet = findDotnet(machine);
  checks.push(dotnet.check);
  const addon = addonProblem(machine);
  if (addon) checks.push(failAs('addon', addon));
  checks.push(gateway ? failAs('gateway', gateway) : ok('gateway', `whole, in ${gatewayFolder}`));
  return {
    checks,
    dotnetFolder: dotnet.folder,
    canLoad: !addon && !gateway && dotnet.check.state !== 'fail',
  };
}

/** What the loaded addon turned out to be. */
export function addonLoaded(machine: Machine, dotnet: string): Check {
  return ok('addon', `loaded in a process of its own, with .NET ${dotnet} (${addonPath(machine)})`);
}

function findDotnet(machine: Machine): { check: Check; folder: string | undefined } {
  const roots = [...dotnetRoots(machine, wantedDotnet(machine))];
  const root = roots.find(isUsable);
  const others = roots
    .filter((other) => other !== root)
    .map(({ folder, versions }) => `; also ${versions.join(', ')} in ${folder}`);
  if (root) {
    const says = `.NET ${root.version} in ${root.folder} (${root.from})${others.join('')}`;
    return { check: ok('dotnet', says), folder: root.folder };
  }
  const problem = dotnetProblem(machine, roots);
  if (machine.platform !== 'win32' || roots.length > 0)
    return { check: failAs('dotnet', problem), folder: undefined };
  const says = 'not found, but for the registry, which only edge-js reads';
  return { check: warn('dotnet', says, 'see the next line'), folder: undefined };
}
