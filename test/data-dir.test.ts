// AZURE_CACHE_DATA_DIR: what survives the end of the process, one sidecar per folder, and how much the folder holds.
import { readdir, stat, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ask, get, put } from './fixtures/ask.js';
import { refusedStart } from './fixtures/refused-start.js';
import { type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { tempFolder } from './fixtures/temp-folder.js';
import { until } from './fixtures/wait.js';

const ENTRIES = 200;
/** The embedded backend writes to disk once a second; what is older than this is there for sure. */
const COMMIT_MS = 1200;
const MIB = 1024 * 1024;
const WRITTEN_MIB = 100;
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
  const seconds = lives.map(({ headers }) => headers.ttl);
  t.ok(
    seconds.every((ttl, i) => (i % 3 === 0 ? ttl === undefined : Number(ttl) > 3500 && Number(ttl) <= 3600)),
    'each with its life',
  );
}

/** Nothing tells when a commit was: it is the passing of time itself that is promised. */
async function isCommitted(): Promise<void> {
  const written = performance.now();
  await until(() => performance.now() - written > COMMIT_MS, COMMIT_MS * 2, 'the last commit to be due');
}

/** Every file below a folder. */
async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).sort();
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  // A file can be gone between the two steps.
  for (const file of await filesIn(folder))
    bytes += (await stat(join(folder, file)).catch(() => ({ size: 0 }))).size;
  return bytes;
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
  await isCommitted();
  await first.kill();
  await using second = await startOn(folder);
  await isFilled(t, second);
});

t.test('the folder does not grow with every write', async (t) => {
  const folder = await tempFolder(t);
  const first = await startOn(folder);
  await put(first, 'early', 'v');
  const agent = new Agent({ keepAlive: true });
  const value = Buffer.alloc(MIB, 'x');
  for (let i = 0; i < WRITTEN_MIB; i++) await put(first, `large-${i % 4}`, value, agent);
  agent.destroy();
  await isCommitted();
  const small = async () => (await bytesIn(folder)) < (WRITTEN_MIB / 2) * MIB;
  await until(small, 20_000, `the log of ${WRITTEN_MIB} MiB to give way to a snapshot`);
  await first.kill();
  await using second = await startOn(folder);
  t.equal((await get(second, 'early')).text, 'v');
  t.ok((await get(second, 'large-3')).text === String(value), 'the last value is there');
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
  t.match((await ask(second, 'HEAD /v1/cache/long')).headers.ttl, /^5\d$/);
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
