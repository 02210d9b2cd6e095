// `azurecache run` with Windows processes: what is started finds its sidecar by the pipe, two runners share one, and the example
// of express serves the sessions of one Redis from two hosts. Signals there are none: a command ends by itself, or hard.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { startRedis } from '../fixtures/redis.js';
import { kill } from '../fixtures/run.js';
import { tempFolder } from '../fixtures/temp-folder.js';
import { visitor } from '../fixtures/visitor.js';
import { until } from '../fixtures/wait.js';
import { NODE, type Program, runProgram, startProgram } from './program.js';
import { app, nodeExe } from './setup.js';
import { windowsPath } from './wine.js';

const COMMAND = join(app, 'bin/azurecache.js');
const at = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const node = windowsPath(nodeExe(NODE));
let pipes = 0;

/** A place for a sidecar of Windows. */
async function place(t: Test) {
  pipes += 1;
  const redis = await startRedis();
  t.teardown(() => redis.stop());
  return {
    redis,
    env: {
      AZURE_CACHE_PORT: '0',
      AZURE_CACHE_SOCKET: `azurecache-run-${process.pid}-${pipes}`,
      AZURE_CACHE_CONNECTION: redis.url,
    },
  };
}

t.test('the command has the URL of the pipe, its exit code is ours, and stdout is its alone', async (t) => {
  const { env } = await place(t);
  const program = 'console.log(process.env.AZURE_CACHE_URL); process.exitCode = 7';
  const { code, stdout } = await runProgram({ args: [COMMAND, 'run', '--', node, '-e', program], env });
  t.equal(code, 7);
  t.equal(stdout.trim(), `pipe:${env.AZURE_CACHE_SOCKET}`);
});

// A command that is not there is 127 on Windows, where cmd.exe ends with 1, which cross-spawn looks into. Wine's ends with 49.

const EXAMPLE = at('examples/express5.cjs');
const UNDER_RUN = { args: [COMMAND, 'run', '--', node, windowsPath(EXAMPLE)] };
const WITH_IMPORT = { options: ['--import', `file:///Z:${app}/dist/start.js`], args: [EXAMPLE] };

/** An app that counts in the session of its caller: examples/express5.cjs. */
async function startExample(t: Test, env: Record<string, string>, how = UNDER_RUN) {
  const program = startProgram(await tempFolder(t), { ...how, env: { ...env, PORT: '0' }, cwd: at('') });
  t.teardown(() => program.kill());
  const port = await program.said((line) => /^Listening on port (\d+)\r?$/.exec(line)?.[1]);
  return { program, port };
}

/** The process ids, as Windows has them, of the sidecars that were ready. */
const sidecars = (program: Program) =>
  [...program.stderr().matchAll(/"pid":(\d+),.*"msg":"ready"/g)].map((match) => match[1]);

t.test('two hosts serve the sessions of one Redis; two runners of one host share its sidecar', async (t) => {
  const { redis, env } = await place(t);
  const other = { ...(await place(t)).env, AZURE_CACHE_CONNECTION: redis.url };
  const apps = [await startExample(t, env), await startExample(t, other), await startExample(t, env)];
  const ready = apps.map(({ program }) => program.stderr().includes('"msg":"ready"'));
  t.same(ready, [true, true, false], 'the third has started no sidecar');
  const browser = visitor();
  for (let sum = 1; sum <= 6; sum += 1)
    t.equal(await browser.ask(apps[(sum - 1) % 3]?.port, '/inc'), `Increased sum: ${sum}`);
  // Windows ends the command with its runner (libuv's job object); the sidecar, which is outside, two seconds later.
  for (const { program } of apps) await program.kill();
  const clients = async () =>
    (await redis.cli('CLIENT', 'LIST')).split('\n').filter((line) => /azurecache/.test(line));
  await until(async () => (await clients()).length === 0, 20_000, 'both sidecars to end');
});

for (const [how, title] of [
  [UNDER_RUN, 'azurecache run'],
  [WITH_IMPORT, '--import azurecache-sidecar/start'],
] as const)
  t.test(`${title}: a sidecar that is ended hard is started again, and the app goes on`, async (t) => {
    const { env } = await place(t);
    const { program, port } = await startExample(t, env, how);
    const browser = visitor();
    t.equal(await browser.ask(port, '/inc'), 'Increased sum: 1');
    const [first] = sidecars(program);
    const command = [nodeExe(NODE), '-e', `process.kill(${first}, 'SIGKILL')`];
    t.match(await runProgram({ command }), { code: 0 });
    await until(() => sidecars(program).length === 2, 40_000, 'the next sidecar');
    // A client waits three seconds for it, which a start under Wine can take; what it could not read is still there.
    await until(
      async () => (await browser.ask(port, '/inc')) === 'Increased sum: 2',
      10_000,
      'the app to go on',
    );
  });

/** Number of the sidecar's process on this system, which starts it with this flag. */
const linuxPid = (flag: string) =>
  readdirSync('/proc').find((name) => {
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return /^\d+$/.test(name) && words.includes('shared') && words.includes(flag);
    } catch {
      return false;
    }
  });

// Windows has no SIGSTOP, but Wine's processes are ones of this system. It takes the usual 35 to 40 seconds.
t.test('a sidecar that hangs is ended by the runner that has started it, and the app goes on', async (t) => {
  const { env } = await place(t);
  const flag = `--socket=${env.AZURE_CACHE_SOCKET}`;
  const { program, port } = await startExample(t, env, {
    args: [COMMAND, 'run', flag, '--', node, windowsPath(EXAMPLE)],
  });
  const browser = visitor();
  t.equal(await browser.ask(port, '/inc'), 'Increased sum: 1');
  const pid = Number(linuxPid(flag));
  t.ok(kill(pid, 'SIGSTOP'));
  // What Wine has told to end does so when it goes on.
  t.teardown(() => void kill(pid, 'SIGCONT'));
  await until(
    () => sidecars(program).length === 2,
    100_000,
    () => `the next sidecar:\n${program.stderr()}`,
  );
  t.match(program.stderr(), /has not answered for 35 seconds: it has been ended/);
  await until(
    async () => (await browser.ask(port, '/inc')) === 'Increased sum: 2',
    10_000,
    'the app to go on',
  );
});
