// bin/build.js where it cannot do its work: no packages, no SDK, and an end in the middle. In a checkout of its own, with
// a program in the place of dotnet; what the real one makes is run by all other tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { tempFolder } from './fixtures/temp-folder.js';

const BUILD = fileURLToPath(new URL('../bin/build.js', import.meta.url));
const onUnix = { skip: process.platform === 'win32' && 'a script stands in for dotnet' };
// As dotnet: with a signal it ends with 0. It waits for one where `wait` lies in the checkout.
const DOTNET = `#!/bin/sh
mkdir -p gateway-dotnet/obj dist/gateway.new
ls gateway-dotnet/obj > dist/gateway.new/seen
echo half > gateway-dotnet/obj/half
[ -f wait ] || exit 0
trap 'exit 0' TERM
echo waiting
while :; do sleep 0.1; done
`;

/** A checkout with nothing in it but the builder and what the gateway is built from. */
async function checkout(t: Test) {
  const root = await tempFolder(t);
  await mkdir(join(root, 'bin'));
  await mkdir(join(root, 'gateway-dotnet'));
  await cp(BUILD, join(root, 'bin', 'build.js'));
  for (const file of ['package-lock.json', 'tsconfig.json', 'package.json'])
    await writeFile(join(root, file), '{ "type": "module" }');
  for (const folder of ['src', 'client/src']) await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, 'client', 'tsconfig.json'), '{}');
  await writeFile(join(root, 'bin', 'dotnet'), DOTNET);
  await chmod(join(root, 'bin', 'dotnet'), 0o755);
  return root;
}

/** Runs the builder to its end; `interrupt` sends SIGTERM once the compiler waits. */
async function build(root: string, args: string[], options: { path?: string; interrupt?: boolean } = {}) {
  const { path = `${join(root, 'bin')}:${process.env.PATH}`, interrupt } = options;
  const env = { ...process.env, PATH: path };
  const child = spawn(process.execPath, [join(root, 'bin', 'build.js'), ...args], { cwd: root, env });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (interrupt && text.includes('waiting')) child.kill('SIGTERM');
  });
  const [code] = await once(child, 'close');
  return { code, stderr };
}

t.test('a checkout without packages is told to install them, in one line', async (t) => {
  const root = await checkout(t);
  const { code, stderr } = await build(root, ['--if-stale']);
  t.equal(code, 1);
  t.equal(stderr, 'building sidecar …\nazurecache: This checkout has no packages yet. Run npm ci first.\n');
  t.notOk(existsSync(join(root, 'dist', '.building')), 'others may build');
});

t.test('a machine without the SDK is told so', onUnix, async (t) => {
  const root = await checkout(t);
  const { code, stderr } = await build(root, ['gateway'], { path: join(root, 'dist') });
  t.equal(code, 1);
  t.match(stderr, /building gateway failed \(ENOENT\)\. The \.NET SDK 10 is needed/);
});

t.test('an interrupted build is none: the next one begins anew', onUnix, async (t) => {
  const root = await checkout(t);
  const seen = () => readFile(join(root, 'dist', 'gateway', 'seen'), 'utf8');
  await writeFile(join(root, 'wait'), '');
  const { code, stderr } = await build(root, ['gateway'], { interrupt: true });
  t.equal(code, 1);
  t.match(
    stderr,
    /azurecache: building gateway was interrupted \(SIGTERM\); the next start builds it anew\.\n$/,
  );
  t.notOk(existsSync(join(root, 'dist', 'gateway')), 'half of it is not taken');

  await rm(join(root, 'wait'));
  t.match(await build(root, ['--if-stale', 'gateway']), { code: 0, stderr: 'building gateway …\n' });
  t.equal(await seen(), '', 'without what the first had begun');
  t.match(await build(root, ['--if-stale', 'gateway']), { code: 0, stderr: '' }, 'nothing is left to build');

  await writeFile(join(root, 'gateway-dotnet', 'New.cs'), '');
  await build(root, ['--if-stale', 'gateway']);
  t.equal(await seen(), 'half\n', 'what a whole build has compiled is kept');
});
