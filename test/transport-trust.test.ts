// Nothing is sent to a socket that another user could have put there, and no discovery file of theirs is believed.
import { chmod, chown, lchown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openTransport } from '../client/dist/transport/transport.js';
import { trusted } from '../client/dist/transport/trust.js';
import { failureOf, startPeer } from './fixtures/peer.js';
import { tempFolder } from './fixtures/temp-folder.js';

if (process.platform === 'win32') t.plan(0, 'pipes have no owner and no mode that could be looked at');

const uid = process.getuid?.();
const STRANGER = 65534; // nobody
const asRoot = { skip: uid !== 0 && 'only root can give files away' };

/** A folder of this user's own with a socket in it that takes connections. */
async function socketIn(t: Test) {
  const folder = await tempFolder(t);
  const path = join(folder, 'a.sock');
  const server = await startPeer(t, { path, answers: true });
  return { folder, path, server };
}

/** What a client with a token says to such a socket; nothing may have arrived there. */
async function refusalBy(t: Test, { server }: Awaited<ReturnType<typeof socketIn>>) {
  const transport = openTransport({ url: server.url, apiToken: 'planted-token-0123456789' });
  t.teardown(() => transport.close());
  const error = await failureOf(transport.run({ verb: 'get', key: 'k' }));
  t.match(error, { code: 'door_refused', status: 503, retryable: false, outcome: 'not_applied' });
  t.notMatch(error.message, /planted/);
  t.same(server.peers, [], 'nothing was said to the socket');
  return error.message;
}

t.test('a socket of this user in a folder of this user is connected to', async (t) => {
  const { server } = await socketIn(t);
  const transport = openTransport({ url: server.url, apiToken: 'planted-token-0123456789' });
  t.equal((await transport.run({ verb: 'ping' })).status, 'ok');
  t.equal((await server.peer()).headers.authorization, 'Bearer planted-token-0123456789');
  await transport.close();
});

t.test('a socket in a folder that others can write to is refused; a sticky one is as /tmp is', async (t) => {
  const at = await socketIn(t);
  for (const mode of [0o777, 0o770, 0o722]) {
    await chmod(at.folder, mode);
    t.match(await refusalBy(t, at), /folder that other users can write to/);
  }
  await chmod(at.folder, 0o1777);
  t.equal(await trusted(at.path, 'socket', uid), at.path);
});

t.test('a socket that others can write to is refused', async (t) => {
  const at = await socketIn(t);
  await chmod(at.path, 0o777);
  t.match(await refusalBy(t, at), /can be written to by other users/);
});

t.test('a socket of another user is refused, also in /tmp', asRoot, async (t) => {
  const at = await socketIn(t);
  await chown(at.path, STRANGER, STRANGER);
  t.match(await refusalBy(t, at), /belongs to another user/);
  await chmod(at.folder, 0o1777);
  t.match(await refusalBy(t, at), /belongs to another user/);
});

t.test('a folder of another user is refused, whatever lies in it', asRoot, async (t) => {
  const at = await socketIn(t);
  await chown(at.folder, STRANGER, STRANGER);
  t.match(await refusalBy(t, at), /folder of another user/);
  await chmod(at.folder, 0o1777);
  t.match(await refusalBy(t, at), /folder of another user/, 'in a sticky one its owner can still rename');
  // The sidecar of this user could not start here, so waiting for it would be in vain.
  await t.rejects(trusted(join(at.folder, 'absent.sock'), 'socket', uid), { code: 'door_refused' });
});

t.test('what root owns is believed by every user', asRoot, async (t) => {
  const { path } = await socketIn(t);
  t.equal(await trusted(path, 'socket', STRANGER), path);
});

t.test('a link is followed if it is this user’s, and where it leads is looked at too', asRoot, async (t) => {
  const { folder, path } = await socketIn(t);
  const elsewhere = await tempFolder(t);
  const link = join(elsewhere, 'link.sock');
  await symlink(path, link);
  t.equal(await trusted(link, 'socket', uid), path, 'the path to open has no link in it');
  await chmod(folder, 0o777);
  await t.rejects(trusted(link, 'socket', uid), { code: 'door_refused' });
  await chmod(folder, 0o700);
  await lchown(link, STRANGER, STRANGER);
  await t.rejects(trusted(link, 'socket', uid), { code: 'door_refused', message: /belongs to another user/ });
});

t.test('a folder behind a stranger’s link is refused', asRoot, async (t) => {
  const { folder } = await socketIn(t);
  const elsewhere = await tempFolder(t);
  const link = join(elsewhere, 'folder');
  await symlink(folder, link);
  const path = join(link, 'a.sock');
  t.equal(await trusted(path, 'socket', uid), join(folder, 'a.sock'));
  await lchown(link, STRANGER, STRANGER);
  await t.rejects(trusted(path, 'socket', uid), { code: 'door_refused', message: /folder of another user/ });
});

t.test('a file or a folder in the place of the socket is refused', async (t) => {
  const folder = await tempFolder(t);
  await writeFile(join(folder, 'file'), '', { mode: 0o600 });
  await mkdir(join(folder, 'folder'), { mode: 0o700 });
  for (const name of ['file', 'folder'])
    await t.rejects(trusted(join(folder, name), 'socket', uid), {
      code: 'door_refused',
      message: /no socket/,
    });
  t.equal(await trusted(join(folder, 'file'), 'file', uid), join(folder, 'file'));
  await t.rejects(trusted(join(folder, 'folder'), 'file', uid), { code: 'door_refused', message: /no file/ });
});

t.test('nothing at the path, or a link that leads nowhere, is no refusal', async (t) => {
  const folder = await tempFolder(t);
  t.equal(await trusted(join(folder, 'a.sock'), 'socket', uid), undefined);
  t.equal(await trusted(join(folder, 'absent', 'a.sock'), 'socket', uid), undefined);
  await symlink(join(folder, 'absent'), join(folder, 'link'));
  t.equal(await trusted(join(folder, 'link'), 'socket', uid), undefined);
});

t.test('a refused discovery file stops the search: the token goes to no port either', asRoot, async (t) => {
  const folder = await tempFolder(t);
  const socket = join(folder, 'a.sock');
  await writeFile(`${socket}.json`, '{"doors":[]}', { mode: 0o600 });
  await chown(`${socket}.json`, STRANGER, STRANGER);
  const tcp = await startPeer(t);
  process.env.AZURE_CACHE_SOCKET = socket;
  process.env.AZURE_CACHE_PORT = String(tcp.port);
  t.teardown(() => {
    delete process.env.AZURE_CACHE_SOCKET;
    delete process.env.AZURE_CACHE_PORT;
  });
  const transport = openTransport({ apiToken: 'planted-token-0123456789' });
  t.teardown(() => transport.close());
  t.match(await failureOf(transport.run({ verb: 'ping' })), { code: 'door_refused' });
  t.same(tcp.peers, []);
});
