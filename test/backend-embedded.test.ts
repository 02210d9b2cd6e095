// The embedded backend as the process runs it, without a folder: nothing on disk, nobody else inside.
// With a folder: data-dir.test.ts. The rules of the verbs: contract-embedded.test.ts.
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { put } from './fixtures/ask.js';
import { connectDoor, rawRequest } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';
import { tempFolder } from './fixtures/temp-folder.js';

/** Every file below a folder. */
async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).sort();
}

/** A command as Redis clients send it. */
function resp(words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

t.test('without a folder nothing is written to disk', async (t) => {
  const cwd = await tempFolder(t);
  const temp = await tempFolder(t);
  const doors = join(await tempFolder(t), 'doors');
  await mkdir(doors, { mode: 0o700 });
  const env = { TMPDIR: temp, AZURE_CACHE_SOCKET: join(doors, 'door.sock') };
  await using sidecar = await startSidecar({ cwd, env });
  t.equal((await put(sidecar, 'a', 'hello')).status, 204);
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
