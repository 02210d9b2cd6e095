// What a Windows process says where something that it needs is not there or not its own: one line, code 1.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startRedis } from '../fixtures/redis.js';
import { refusedStart, runCommand } from '../fixtures/refused-start.js';
import { tempFolder } from '../fixtures/temp-folder.js';
import { windowsPath } from './wine.js';

t.test('an addon that is missing, damaged, or came from Linux', async (t) => {
  const folder = await tempFolder(t);
  const refused = (path: string, ...parts: string[]) =>
    refusedStart(t, { env: { EDGE_NATIVE: windowsPath(path) } }, ...parts);
  await refused(join(folder, 'none.node'), 'none.node', 'npm install-scripts approve edge-js');
  await writeFile(join(folder, 'cut.node'), 'MZ');
  await refused(join(folder, 'cut.node'), 'is damaged', 'npm rebuild edge-js');
  const ours = new URL('../../node_modules/edge-js/build/Release/edge_coreclr.node', import.meta.url);
  await refused(fileURLToPath(ours), 'is for linux-x64, and this Node is win32-x64', 'npm ci');
});

t.test('the doctor finds a Redis well, and a wrong password', async (t) => {
  await using redis = await startRedis({ acl: { user: 'app', password: 'right-password' } });
  const examine = async (connection: string) => {
    const ran = await runCommand({ args: ['doctor', '--json'], env: { AZURE_CACHE_CONNECTION: connection } });
    const { checks } = JSON.parse(ran.stdout) as { checks: { name: string; state: string; says: string }[] };
    return {
      code: ran.code,
      bad: checks.filter(({ state }) => state === 'fail'),
      names: checks.map(({ name }) => name),
    };
  };
  const well = await examine(redis.url);
  t.same(well.bad, []);
  t.equal(well.code, 0);
  for (const name of ['addon', 'loopback', 'socket', 'sign-in', 'entries', 'scripting'])
    t.ok(well.names.includes(name), name);
  const wrong = await examine(`redis://app:wrong@127.0.0.1:${redis.port}`);
  t.match(wrong, { code: 1, bad: [{ name: 'sign-in' }] });
});
