// The example of express under `azurecache run`: two hosts, each with its own sidecar, serve the sessions of one Redis; and
// a Ctrl-C in a terminal.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { type Child, startChild } from './fixtures/child.js';
import { startRedis } from './fixtures/redis.js';
import { gone, type Host, host, sidecarPid } from './fixtures/run.js';
import { visitor } from './fixtures/visitor.js';
import { within } from './fixtures/wait.js';

const at = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const COMMAND = at('bin/azurecache.js');

/** examples/express5.cjs under `azurecache run`, ready on a port of its own. */
const startExample = ({ folder, env }: Host): Promise<Child<string>> =>
  startChild({
    name: 'azurecache run -- node examples/express5.cjs',
    command: process.execPath,
    args: [COMMAND, 'run', '--', process.execPath, at('examples/express5.cjs')],
    env: { ...env, PORT: '0' },
    cwd: folder,
    readyLine: (line) => /^Listening on port (\d+)$/.exec(line)?.[1],
  });

t.test('two hosts serve the sessions of one Redis', async (t) => {
  await using redis = await startRedis();
  const env = { AZURE_CACHE_CONNECTION: redis.url };
  const hosts = [await host(t, { env }), await host(t, { env })] as const;
  await using first = await startExample(hosts[0]);
  await using second = await startExample(hosts[1]);
  t.not(await sidecarPid(hosts[0]), await sidecarPid(hosts[1]), 'each host has its sidecar');
  const browser = visitor();
  const ask = ({ ready: port }: Child<string>, path: string) => browser.ask(port, path);
  for (let sum = 1; sum <= 4; sum += 2) {
    t.equal(await ask(first, '/inc'), `Increased sum: ${sum}`);
    t.equal(await ask(second, '/inc'), `Increased sum: ${sum + 1}`);
    t.equal(await ask(first, '/get'), `Current sum: ${sum + 1}`);
  }
  const pids = await Promise.all(hosts.map(sidecarPid));
  for (const app of [first, second]) t.same(await app.stop(), { code: 143, signal: null });
  for (const pid of pids) await gone(Number(pid));
});

t.test(
  'Ctrl-C in a terminal reaches the command once, and the sidecar not at all',
  { skip: process.platform !== 'linux' && 'script(1) of Linux makes the terminal' },
  async (t) => {
    const { folder, env } = await host(t);
    // It counts what it gets for a while after the first, and asks the cache then.
    const program = `
      const { request } = require('node:http');
      let count = 0;
      process.on('SIGINT', () => {
        count += 1;
        if (count === 1) setTimeout(() => {
          request({ socketPath: process.env.AZURE_CACHE_URL.slice(5), path: '/readyz' }, ({ statusCode }) => {
            console.log('interrupted', count, statusCode);
            process.exit(3);
          }).end();
        }, 1000);
      });
      setInterval(() => {}, 1000);
      console.log('running');`.replaceAll('\n', ' ');
    const line = [process.execPath, COMMAND, 'run', '--', process.execPath, '-e', program];
    const quoted = line.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    // `exec`: a shell that stays between would die of the Ctrl-C itself (dash does, which it is where SHELL is not set).
    const terminal = spawn('script', ['-qec', `exec ${quoted}`, '/dev/null'], {
      cwd: folder,
      env: { ...env, SHELL: '/bin/sh' },
    });
    t.teardown(() => terminal.kill('SIGKILL'));
    let shown = '';
    const closed = new Promise((resolve) => terminal.once('close', resolve));
    terminal.stdout.setEncoding('utf8').on('data', (text) => {
      shown += text;
      if (/^running\r?$/m.test(text)) terminal.stdin.write('\x03');
    });
    t.equal(await within(closed, 40_000, () => `the command to end; the terminal showed:\n${shown}`), 3);
    t.match(shown, /interrupted 1 200\r?$/m);
  },
);
