// One at a time starts at a place: turns of processes that live are waited for, of those that died are not.
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import t from 'tap';
import { takeTurn } from '../src/start-turn.js';
import { tempFolder } from './fixtures/temp-folder.js';

const onUnix = { skip: process.platform === 'win32' && 'a turn is a pipe there, which the system keeps' };
const alive = () => true;
const name = 'starting';

t.test('of many that ask at once one has the turn at a time, and each gets it', async (t) => {
  const socket = join(await tempFolder(t), 'a.sock');
  let within = 0;
  let most = 0;
  let turns = 0;
  const work = async () => {
    const endTurn = await takeTurn({ socket, name, isAlive: alive });
    within += 1;
    most = Math.max(most, within);
    await new Promise((next) => setTimeout(next, 5));
    within -= 1;
    turns += 1;
    await endTurn();
  };
  await Promise.all(Array.from({ length: 12 }, work));
  t.equal(most, 1);
  t.equal(turns, 12);
});

t.test('turns of another name do not meet', async (t) => {
  const socket = join(await tempFolder(t), 'a.sock');
  const ends = [await takeTurn({ socket, name, isAlive: alive })];
  ends.push(await takeTurn({ socket, name: 'launching', isAlive: alive }));
  for (const end of ends) await end();
});

t.test('once somebody listens, who waits is refused at once', async (t) => {
  const socket = join(await tempFolder(t), 'a.sock');
  const endTurn = await takeTurn({ socket, name, isAlive: alive });
  const waiting = takeTurn({ socket, name, isAlive: alive });
  const server = createServer();
  t.teardown(() => void server.close());
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  await t.rejects(waiting, { name: 'ListenError', inUse: 'socket', message: /AZURE_CACHE_SOCKET/ });
  await endTurn();
});

t.test('a turn that was left behind is taken over: its process is gone, or it is old', onUnix, async (t) => {
  const folder = await tempFolder(t);
  const socket = join(folder, 'a.sock');
  const [dead, old] = [
    join(folder, 'a.sock.starting.4711.0a'),
    join(folder, `a.sock.starting.${process.pid}.0b`),
  ];
  await writeFile(dead, '');
  await writeFile(old, '');
  await utimes(old, new Date(0), new Date(0));
  const endTurn = await takeTurn({ socket, name, isAlive: (pid) => pid !== 4711 });
  t.equal((await readdir(folder)).length, 1);
  await endTurn();
  t.same(await readdir(folder), []);
});

t.test('a turn whose process lives and keeps it young stands, however long', onUnix, async (t) => {
  const folder = await tempFolder(t);
  const socket = join(folder, 'a.sock');
  const endTurn = await takeTurn({ socket, name, isAlive: alive });
  const [file = ''] = await readdir(folder);
  t.ok(basename(file).startsWith(`a.sock.starting.${process.pid}.`));
  let second = false;
  const waiting = takeTurn({ socket, name, isAlive: alive }).then((end) => {
    second = true;
    return end;
  });
  // It is made young each second.
  await utimes(join(folder, file), new Date(), new Date(Date.now() - 13_000));
  await new Promise((next) => setTimeout(next, 3000));
  t.notOk(second);
  await endTurn();
  await (await waiting)();
});
