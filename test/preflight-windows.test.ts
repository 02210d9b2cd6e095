// What is checked before a start, on machines that the tests do not run on: Windows of each kind, macOS, and Linux with
// .NET in its other places. The files of each are a list here; real starts are in preflight.test.ts.
import t from 'tap';
import { addonFailure, addonPath } from '../src/preflight/edge-addon.js';
import type { Machine } from '../src/preflight/machine.js';
import type { NativeFile } from '../src/preflight/native-file.js';
import { nodeProblem } from '../src/preflight/node-version.js';
import { explainLoading, preflight } from '../src/preflight/preflight.js';

const EDGE = 'C:\\app\\node_modules\\edge-js';
const GATEWAY = 'C:\\app\\dist\\gateway';
const PROGRAMS = 'C:\\Program Files\\dotnet';
const NAME = 'AzureCache.Gateway';

interface Played extends Partial<Omit<Machine, 'native'>> {
  /** Paths, each with what the library there was built for, or a text. */
  files?: Record<string, Partial<NativeFile> | string>;
}

/** A .NET of this version and architecture in a folder. */
function dotnet(
  folder: string,
  version = '10.0.3',
  arch = 'x64',
  platform: NativeFile['platform'] = 'win32',
) {
  const mark = platform === 'win32' ? '\\' : '/';
  const framework = [folder, 'shared', 'Microsoft.NETCore.App', version].join(mark);
  const [command, library] =
    platform === 'win32' ? ['dotnet.exe', 'coreclr.dll'] : ['dotnet', 'libcoreclr.so'];
  return {
    [`${folder}${mark}${command}`]: '',
    [`${framework}${mark}Microsoft.NETCore.App.deps.json`]: '',
    [`${framework}${mark}System.Private.CoreLib.dll`]: '',
    [`${framework}${mark}${library}`]: { platform, arch },
  };
}

const prebuilt = (arch: string, major: string) => ({
  [`${EDGE}\\lib\\native\\win32\\${arch}\\${major}\\edge_coreclr.node`]: { platform: 'win32', arch } as const,
});

/** A 64-bit Windows with Node 22 and everything that is needed, but for .NET. */
function windows({ files = {}, ...given }: Played = {}): Machine {
  const manifest = { runtimeTarget: { name: 'net' }, targets: { net: {} } };
  const all: Played['files'] = {
    ...{ [`${GATEWAY}\\${NAME}.dll`]: '', [`${GATEWAY}\\${NAME}.deps.json`]: JSON.stringify(manifest) },
    [`${GATEWAY}\\${NAME}.runtimeconfig.json`]: '{"runtimeOptions":{"framework":{"version":"10.0.0"}}}',
    ...{ ...prebuilt('x64', '20'), ...prebuilt('x64', '22'), ...files },
  };
  const mark = given.platform === undefined ? '\\' : '/';
  const within = (folder: string) => (path: string) => path.startsWith(`${folder}${mark}`);
  return {
    ...{ platform: 'win32', arch: 'x64', nodeVersion: '22.22.3', env: { ProgramFiles: 'C:\\Program Files' } },
    ...{ edgeFolder: EDGE, gatewayFolder: GATEWAY },
    list: (folder) => [
      ...new Set(
        Object.keys(all)
          .filter(within(folder))
          .map((path) => path.slice(folder.length + 1).split(mark)[0] as string),
      ),
    ],
    realPath: (path) => (path in all || Object.keys(all).some(within(path)) ? path : undefined),
    read: (path) => (typeof all[path] === 'string' ? (all[path] as string) : undefined),
    native: (path) => {
      const file = all[path];
      if (file === undefined) return 'ENOENT';
      return typeof file === 'string' ? 'invalid' : { platform: 'win32', arch: 'x64', whole: true, ...file };
    },
    ...given,
  };
}

t.test(
  '.NET of Windows: DOTNET_ROOT before %ProgramFiles%, names of variables in any case, then PATH',
  async (t) => {
    const files = { ...dotnet('D:\\net'), ...dotnet(PROGRAMS), ...dotnet('E:\\net') };
    const env = { programfiles: 'C:\\Program Files', Dotnet_Root: 'D:\\net', Path: 'C:\\Windows;E:\\net' };
    t.equal(preflight(windows({ files, env })), 'D:\\net');
    t.equal(preflight(windows({ files, env: { ...env, Dotnet_Root: '' } })), PROGRAMS);
    t.equal(preflight(windows({ files, env: { Path: env.Path } })), 'E:\\net');
    t.equal(preflight(windows({ files, env: { ...env, DOTNET_ROOT_X64: 'E:\\net' } })), 'E:\\net');
  },
);

t.test('on Windows .NET may be in the registry alone, which is not read: edge-js may try', async (t) => {
  t.equal(preflight(windows()), undefined);
  t.throws(() => preflight(windows({ files: dotnet(PROGRAMS, '8.0.11') })), {
    message:
      /needs .NET 10\.0, and there is only 8\.0\.11 in C:\\Program Files\\dotnet\. Install the .NET 10 runtime for x64/,
  });
  const failed = new Error('we are unable to locate the .NET Core SDK. Please');
  t.match(explainLoading(windows(), failed), /^No .NET runtime was found.*Install the .NET 10 runtime/);
});

t.test('the newest patch is taken, and versions are compared as numbers', async (t) => {
  const files = { ...dotnet(PROGRAMS, '10.0.9', 'arm64'), ...dotnet(PROGRAMS, '10.0.12', 'x64') };
  t.equal(preflight(windows({ files })), PROGRAMS);
});

t.test('an arm64 Node under the .NET of x64', async (t) => {
  const files = { ...dotnet(PROGRAMS), ...prebuilt('arm64', '22') };
  t.throws(() => preflight(windows({ files, arch: 'arm64' })), {
    message:
      /is for x64, and this Node is win32-arm64: both must be the same\. Install the .NET 10 runtime for arm64/,
  });
});

t.test('the 32-bit worker of App Service', async (t) => {
  const files = { ...dotnet(PROGRAMS), ...prebuilt('ia32', '22') };
  t.throws(() => preflight(windows({ files, arch: 'ia32' })), {
    message: /32-bit \(ia32\).*az webapp config set --use-32bit-worker-process false/,
  });
});

t.test('a Node that edge-js brings no addon for', async (t) => {
  t.throws(() => preflight(windows({ nodeVersion: '23.1.0' })), {
    message: 'edge-js has no addon for Node 23.1.0 on win32-x64. Use Node 20, 22.',
  });
});

t.test('node_modules of Linux on Windows', async (t) => {
  const built = `${EDGE}\\build\\Release\\edge_coreclr.node`;
  t.throws(() => preflight(windows({ files: { [built]: { platform: 'linux' } } })), {
    message: /is for linux-x64, and this Node is win32-x64 .*Delete it, and run npm ci with this Node/,
  });
  const machine = windows({ files: { [built]: { platform: 'linux' } } });
  t.equal(addonPath(machine), built, 'edge-js takes it before its own');
});

t.test('EDGE_NATIVE names another addon, as edge-js has it', async (t) => {
  const machine = windows({
    env: { EDGE_NATIVE: 'C:\\mine.node' },
    files: { 'C:\\mine.node': { whole: false } },
  });
  t.throws(() => preflight(machine), { message: /is damaged \(C:\\mine\.node\)/ });
});

t.test('failures to load that no look at the file could tell', async (t) => {
  const says = (message: string, machine = windows()) => addonFailure(machine, message);
  t.match(says('The specified module could not be found.\nC:\\x'), /Visual C\+\+/);
  t.match(
    says("/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found"),
    /newer system.*npm rebuild edge-js/,
  );
  t.match(says('was compiled against NODE_MODULE_VERSION 115'), /another version of Node.*22\.22\.3/);
  t.match(says('no idea\nsecond line'), /cannot be loaded \(no idea\)/);
});

t.test('.NET of Linux in a place that only /etc/dotnet names', async (t) => {
  const gateway = {
    [`/app/${NAME}.dll`]: '',
    [`/app/${NAME}.deps.json`]: '{"runtimeTarget":{"name":"n"},"targets":{"n":{}}}',
  };
  const machine = windows({
    ...{ platform: 'linux', env: { PATH: '' }, gatewayFolder: '/app', edgeFolder: '/edge-js' },
    files: {
      ...{ ...gateway, [`/app/${NAME}.runtimeconfig.json`]: '{}' },
      '/edge-js/build/Release/edge_coreclr.node': { platform: 'linux' },
      ...{ '/etc/dotnet/install_location': '/opt/net\n', ...dotnet('/opt/net', '10.0.1', 'x64', 'linux') },
    },
  });
  t.equal(preflight(machine), '/opt/net');
});

t.test('versions of Node', async (t) => {
  t.equal(nodeProblem('20.0.0', '>=20'), undefined);
  t.equal(nodeProblem('100.1.0', '>=20'), undefined);
  t.match(nodeProblem('8.17.0', '>=20'), /This Node is 8\.17\.0.*Node 20 or later/);
});
