// The embedded backend as the process runs it: what survives an end, one sidecar per folder, nothing on disk without a
// folder, nobody else inside. The rules of the verbs: contract-embedded.test.ts.
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ask, get, put } from './fixtures/ask.js';
import { connectDoor, rawRequest } from './fixtures/http.js';
import { refusedStart } from './fixtures/refused-start.js';
import { type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { tempFolder } from './fixtures/temp-folder.js';
import { until } from './fixtures/wait.js';

const ENTRIES = 200;
/** The embedded backend writes to disk once a second; what is older than this is there for sure. */
const COMMIT_MS = 1200;
const keys = [...Array(ENTRIES).keys()].map((i) => `entry-${i}`);

const startOn = (folder: string): Promise<Sidecar> => startSidecar({ env: { AZURE_CACHE_DATA_DIR: folder } });

/** Every third entry never expires; the others have an hour. */
async function fill(sidecar: Sidecar): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  for (const [i, key] of keys.entries())
    await put(sidecar, `${key}?ttl=${i % 3 === 0 ? 'never' : '3600'}`, `value of ${key}`, agent);
  agent.destroy();
}

async function isFilled(t: Test, sidecar: Sidecar): Promise<void> {
  const found = await Promise.all(keys.map((key) => get(sidecar, key)));
  t.same(
    found.map(({ text }) => text),
    keys.map((key) => `value of ${key}`),
  );
  const lives = await Promise.all(keys.map((key) => ask(sidecar, `HEAD /v1/cache/${key}`)));
  const seconds = lives.map(({ headers }) => headers['ttl']);
  t.ok(
    seconds.every((ttl, i) => (i % 3 === 0 ? ttl === undefined : Number(ttl) > 3500 && Number(ttl) <= 3600)),
    'each with its life',
  );
}

/** Every file below a folder. */
async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).sort();
}

/** A command as Redis clients send it. */
function resp(words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

t.test('with a folder, every entry and its life survive SIGTERM', async (t) => {
  const folder = join(await tempFolder(t), 'data');
  const first = await startOn(folder);
  await fill(first);
  t.same(await first.stop(), { code: 0, signal: null });
  t.equal(((await stat(folder)).mode & 0o777).toString(8), '700');
  await using second = await startOn(folder);
  await isFilled(t, second);
  t.equal((await ask(second, 'DELETE /v1/cache/entry-0')).status, 204);
  await second.stop();
  await using third = await startOn(folder);
  t.equal((await get(third, 'entry-0')).status, 404, 'a deletion survives too');
});

t.test('with a folder, kill -9 loses the last second at most', async (t) => {
  const folder = await tempFolder(t);
  const first = await startOn(folder);
  await fill(first);
  const written = performance.now();
  await put(first, 'of-the-last-second', 'v');
  // Nothing tells when the last commit was: it is the passing of time itself that is promised here.
  await until(() => performance.now() - written > COMMIT_MS, COMMIT_MS * 2, 'the last commit to be due');
  await first.kill();
  await using second = await startOn(folder);
  await isFilled(t, second);
});

t.test('lives go on while the sidecar is down', async (t) => {
  const folder = await tempFolder(t);
  const first = await startOn(folder);
  await put(first, 'short?ttl=1500ms', 'v');
  await put(first, 'long?ttl=60', 'v');
  t.equal((await get(first, 'short')).status, 200);
  const written = performance.now();
  await first.stop();
  await until(() => performance.now() - written > 1500, 3000, 'the short life to end');
  await using second = await startOn(folder);
  t.equal((await get(second, 'short')).status, 404);
  t.match((await ask(second, 'HEAD /v1/cache/long')).headers['ttl'], /^5\d$/);
});

t.test('a second sidecar on the folder is refused, and the first is unharmed', async (t) => {
  const folder = await tempFolder(t);
  await using first = await startOn(folder);
  await put(first, 'a', 'hello');
  const line = await refusedStart(
    t,
    { env: { AZURE_CACHE_DATA_DIR: folder } },
    'AZURE_CACHE_DATA_DIR',
    'another sidecar',
  );
  t.match(line, String(first.pid));
  t.equal((await get(first, 'a')).text, 'hello');
  t.equal((await put(first, 'b', 'hello')).status, 204);
  await first.kill();
  await using next = await startOn(folder);
  t.equal((await ask(next, 'GET /readyz')).status, 200, 'the lock ends with the process that held it');
});

t.test('a folder that cannot be used is refused in one line', async (t) => {
  const folder = await tempFolder(t);
  await writeFile(join(folder, 'file'), '');
  for (const path of [join(folder, 'file'), join(folder, 'file', 'data')])
    await refusedStart(
      t,
      { env: { AZURE_CACHE_DATA_DIR: path } },
      'AZURE_CACHE_DATA_DIR',
      'cannot be written to',
    );
});

t.test('without a folder nothing is written to disk', async (t) => {
  const cwd = await tempFolder(t);
  const temp = await tempFolder(t);
  const doors = join(await tempFolder(t), 'doors');
  await mkdir(doors, { mode: 0o700 });
  const env = { TMPDIR: temp, AZURE_CACHE_SOCKET: join(doors, 'door.sock') };
  await using sidecar = await startSidecar({ cwd, env });
  await fill(sidecar);
  t.same(await filesIn(cwd), []);
  t.same(await filesIn(doors), ['door.sock', 'door.sock.json']);
  // The runtime itself opens its debugging channel there, whatever runs on it.
  t.same(
    (await filesIn(temp)).filter((file) => !/^(dotnet|clr)-/.test(file)),
    [],
  );
});

t.test(
  'nobody gets into the embedded backend without its password, which is new at every start',
  async (t) => {
    await using sidecar = await startSidecar();
    await put(sidecar, 'a', 'hello');
    const ready = sidecar.logs().find(({ msg }) => msg === 'ready') as { backend?: { endpoints: string[] } };
    const [endpoint] = ready.backend?.endpoints ?? [];
    t.match(endpoint, /^127\.0\.0\.1:\d+$/);
    for (const command of [
      'PING',
      'GET a',
      'AUTH password',
      'AUTH default default',
      'CONFIG GET *',
      'KEYS *',
    ]) {
      const socket = await connectDoor({ url: `http://${endpoint}` });
      const answer = await rawRequest(socket, resp(command.split(' ')) + resp(['QUIT']));
      t.match(answer, /^-(NOAUTH|WRONGPASS|ERR)/, command);
      t.notMatch(answer, 'hello');
    }
  },
);
