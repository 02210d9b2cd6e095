// The client's connection: against a real sidecar, and against a server in this process that answers as told.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { type Connection, connect } from '../client/dist/transport/connection.js';
import type { Operation } from '../client/dist/transport/operation.js';
import { failureOf, type Peer, startPeer } from './fixtures/peer.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until, within } from './fixtures/wait.js';

async function pair(t: Test, deadlineMs = 10_000): Promise<{ connection: Connection; peer: Peer }> {
  const { port, peer } = await startPeer(t);
  const connection = await connect({ host: '127.0.0.1', port }, { deadlineMs });
  return { connection, peer: await peer() };
}

const get = (key: string): Operation => ({ verb: 'get', key });
const put = (key: string, value: Uint8Array = Buffer.from('x')): Operation => ({ verb: 'put', key, value });

t.test('answers reach who asked, in whatever order they come', async (t) => {
  const { connection, peer } = await pair(t);
  const answers = ['a', 'b', 'c'].map((key) => connection.run(get(key)));
  await peer.arrived(3);
  for (const { id, key } of peer.asked.toReversed()) peer.answer(id, { value: Buffer.from(`of ${key}`) });
  t.same(
    (await Promise.all(answers)).map(({ value }) => value?.toString()),
    ['of a', 'of b', 'of c'],
  );
});

t.test('operations of one tick leave in one write, in the order they were asked', async (t) => {
  const { connection, peer } = await pair(t);
  const writes = t.capture(Socket.prototype, 'write', Socket.prototype.write);
  const answers = Promise.all(Array.from({ length: 50 }, (_, n) => connection.run(get(`k${n}`))));
  await peer.arrived(50);
  t.equal(writes().length, 1);
  t.same(
    peer.asked.map(({ key }) => key),
    Array.from({ length: 50 }, (_, n) => `k${n}`),
  );
  for (const { id } of peer.asked) peer.answer(id);
  await answers;
});

t.test(
  'while the other end does not read, operations wait in order and those not sent are not applied',
  async (t) => {
    const { connection, peer } = await pair(t);
    peer.socket.pause();
    // 64 MiB: more than the buffers of any system hold.
    const calls = Array.from({ length: 256 }, (_, n) =>
      connection.run(put(`k${n}`, Buffer.alloc(256 * 1024))),
    );
    const failures = Promise.all(calls.map(failureOf));
    await until(
      () => peer.socket.bytesRead > 0 || peer.socket.readableLength > 0,
      5000,
      'the first bytes to arrive',
    );
    peer.socket.resetAndDestroy();
    const outcomes = (await failures).map(({ code, outcome }) => `${code} ${outcome}`);
    const sent = outcomes.lastIndexOf('connection_lost unknown') + 1;
    t.ok(sent > 0, 'some had been sent');
    t.ok(sent < 256, 'some had not');
    t.ok(
      outcomes.slice(0, sent).every((outcome) => outcome === 'connection_lost unknown'),
      'those sent come first',
    );
    t.ok(outcomes.slice(sent).every((outcome) => outcome === 'connection_lost not_applied'));
  },
);

t.test('all that waited is sent once the other end reads again', async (t) => {
  const { connection, peer } = await pair(t);
  peer.socket.pause();
  const calls = Array.from({ length: 64 }, (_, n) => connection.run(put(`k${n}`, Buffer.alloc(256 * 1024))));
  peer.socket.resume();
  await peer.arrived(64);
  t.same(
    peer.asked.map(({ key }) => key),
    calls.map((_, n) => `k${n}`),
  );
  for (const { id } of peer.asked) peer.answer(id);
  await Promise.all(calls);
});

t.test('an operation without an answer ends at its deadline; others are not touched', async (t) => {
  const { connection, peer } = await pair(t);
  const patient = connection.run(get('patient'));
  const write = await failureOf(connection.run({ ...put('k'), deadlineMs: 50 }));
  t.match(write, { code: 'timeout', status: 504, retryable: true, outcome: 'unknown' });
  const read = await failureOf(connection.run({ ...get('k'), deadlineMs: 50 }));
  t.match(read, { code: 'timeout', outcome: 'not_applied' });
  const renewal = await failureOf(
    connection.run({ ...get('k'), ttlKind: 'for', ttlMs: 1000, deadlineMs: 50 }),
  );
  t.match(renewal, { code: 'timeout', outcome: 'unknown' }, 'a read that renews the life is a write');
  // Late answers to those that have ended are nobody's.
  for (const { id } of peer.asked) peer.answer(id, { value: Buffer.from('late') });
  t.equal((await patient).value?.toString(), 'late');
});

t.test('the sidecar is told less than the deadline, so that its answer comes first', async (t) => {
  const { connection, peer } = await pair(t);
  const call = connection.run({ ...get('k'), deadlineMs: 1000 });
  await peer.arrived(1);
  // Less by what has passed before it was written.
  const { deadlineMs = 0 } = peer.asked[0] ?? {};
  t.ok(deadlineMs > 700 && deadlineMs <= 900, `${deadlineMs} ms`);
  peer.answer(peer.asked[0]?.id ?? 0);
  await call;
});

t.test(
  'when the other end goes, writes are unknown, reads are not applied, and nothing more is taken',
  async (t) => {
    const { connection, peer } = await pair(t);
    const write = failureOf(connection.run(put('k')));
    const read = failureOf(connection.run(get('k')));
    await peer.arrived(2);
    peer.socket.end();
    t.match(await write, { code: 'connection_lost', status: 503, retryable: true, outcome: 'unknown' });
    t.match(await read, { code: 'connection_lost', outcome: 'not_applied' });
    t.match(await failureOf(connection.run(put('k'))), { code: 'connection_lost', outcome: 'not_applied' });
  },
);

t.test('an error of the sidecar comes with its code, status, retryable and outcome', async (t) => {
  const { connection, peer } = await pair(t);
  const call = failureOf(connection.run(put('k')));
  await peer.arrived(1);
  peer.answer(peer.asked[0]?.id ?? 0, {
    status: 'backend_unreachable',
    outcome: 'unknown',
    detail: 'put: it broke',
  });
  t.match(await call, {
    name: 'AzureCacheError',
    code: 'backend_unreachable',
    status: 503,
    retryable: true,
    outcome: 'unknown',
    message: 'put: it broke',
  });
});

t.test('an error that belongs to no operation, and what is no frame, end the connection', async (t) => {
  const first = await pair(t);
  const call = failureOf(first.connection.run(put('k')));
  first.peer.answer(0, { status: 'frame_invalid', outcome: 'not_applied', detail: 'A frame is too short.' });
  t.match(await call, { code: 'connection_lost', message: /A frame is too short/ });
  t.match(await failureOf(first.connection.run(get('k'))), { code: 'frame_invalid' });

  const second = await pair(t);
  const other = failureOf(second.connection.run(put('k')));
  second.peer.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
  t.match(await other, { code: 'connection_lost', message: /no frame/ });
});

t.test('an event is passed over', async (t) => {
  const { connection, peer } = await pair(t);
  const call = connection.run(get('k'));
  await peer.arrived(1);
  peer.socket.write(Buffer.from('1200000000000000ff00000000000000000000007b7d', 'hex'));
  peer.answer(peer.asked[0]?.id ?? 0);
  t.equal((await call).status, 'ok');
});

t.test('close waits for what is unanswered and takes nothing more', async (t) => {
  const { connection, peer } = await pair(t);
  const call = connection.run(get('k'));
  const closed = connection.close();
  t.match(await failureOf(connection.run(get('k'))), { code: 'closed', outcome: 'not_applied' });
  await peer.arrived(1);
  peer.answer(peer.asked[0]?.id ?? 0);
  t.equal((await call).status, 'ok');
  await within(closed, 5000, 'the connection to close');
  await connection.close();
});

t.test('what cannot be written as a frame is refused before anything is sent', async (t) => {
  const { connection, peer } = await pair(t);
  const refused: [Operation, string][] = [
    [get('k'.repeat(1025)), 'key_too_long'],
    [get('\u{1f600}'.slice(0, 1)), 'key_invalid'],
    [get(7 as unknown as string), 'key_invalid'],
    [{ verb: 'put', key: 'k' }, 'frame_invalid'],
    [put('k', 7 as unknown as Uint8Array), 'frame_invalid'],
    [{ ...get('k'), value: Buffer.from('x') }, 'frame_invalid'],
    [{ ...put('k'), condition: 'etag', etag: Buffer.alloc(19) }, 'etag_invalid'],
    [{ ...put('k'), etag: Buffer.alloc(20) }, 'etag_invalid'],
    [{ ...put('k'), ttlKind: 'for', ttlMs: 1.5 }, 'ttl_invalid'],
    [{ ...put('k'), ttlKind: 'for', ttlMs: -1 }, 'ttl_invalid'],
    [{ ...put('k'), deadlineMs: 0 }, 'frame_invalid'],
  ];
  for (const [operation, code] of refused)
    t.match(await failureOf(connection.run(operation)), { code, outcome: 'not_applied' });
  const call = connection.run(get('fine'));
  await peer.arrived(1);
  t.same(peer.asked[0]?.key, 'fine');
  peer.answer(peer.asked[0]?.id ?? 0);
  await call;
});

t.test('where there is no sidecar, or another server, connecting says so', async (t) => {
  const server = createServer((_, response) => response.writeHead(404).end('<html>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const door = { host: '127.0.0.1', port };
  t.match(await failureOf(connect(door)), { code: 'sidecar_unreachable', message: /answered 404/ });
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
  t.match(await failureOf(connect(door)), {
    code: 'sidecar_unreachable',
    status: 503,
    retryable: true,
    message: new RegExp(`127.0.0.1:${port}: .*ECONNREFUSED`),
  });
});

t.test('a door that says nothing is given up at the deadline', async (t) => {
  const server = createServer();
  // Takes the upgrade request, and never answers it.
  server.on('upgrade', (_, socket: Socket) => t.teardown(() => socket.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const call = failureOf(connect({ host: '127.0.0.1', port }, { deadlineMs: 50 }));
  t.match(await call, { code: 'sidecar_unreachable', message: /within 50 ms/ });
});

t.test('on both doors of a sidecar, values come back as they were put, and conditions hold', async (t) => {
  const token = 'a-token-for-this-test';
  const sidecar = await startSidecar({ env: { AZURE_CACHE_API_TOKEN: token } });
  t.teardown(() => sidecar.stop());
  const { hostname: host, port } = new URL(sidecar.url);
  const doors = { tcp: { host, port: Number(port) }, socket: { path: sidecar.socketPath } };
  for (const [name, door] of Object.entries(doors)) {
    t.match(
      await failureOf(connect(door)),
      { code: 'unauthorized', status: 401 },
      `${name}: the token is asked for`,
    );
    const connection = await connect(door, { token });
    const key = `${name} \u{1f600}`;
    const value = Buffer.from('a\0b\xff', 'latin1');
    t.match(await connection.run(get(key)), { status: 'miss', value: undefined });
    t.match(await connection.run({ ...put(key, value), ttlKind: 'for', ttlMs: 60_000 }), {
      outcome: 'applied',
    });
    const read = await connection.run({ ...get(key), wantEtag: true, wantTtl: true });
    t.same(read.value, value);
    t.ok(read.ttlMs !== undefined && read.ttlMs > 50_000 && read.ttlMs <= 60_000, `${read.ttlMs} ms left`);
    const etag = read.etag as Buffer;
    const condition = 'etag';
    t.equal((await connection.run({ ...put(key, Buffer.alloc(0)), condition, etag })).status, 'ok');
    const changed = await connection.run({ ...put(key), condition, etag });
    t.match(changed, { status: 'changed', outcome: 'not_applied' });
    t.same(changed.value, Buffer.alloc(0), 'with what is there now');
    t.equal((await connection.run({ ...put(key), condition: 'absent' })).status, 'exists');
    t.equal((await connection.run({ verb: 'delete', key })).status, 'ok');
    t.equal((await connection.run({ ...put(key), condition: 'present' })).status, 'absent');
    t.equal((await connection.run({ verb: 'touch', key, ttlKind: 'for', ttlMs: 1000 })).status, 'miss');
    t.equal((await connection.run({ verb: 'ping' })).status, 'ok');
    t.match(await failureOf(connection.run(get(''))), { code: 'key_empty', status: 400 });
    const large = Buffer.alloc(8 * 1024 * 1024, 'large');
    const before = connection.run(put(key, large));
    const { value: last } = await connection.run(get(key));
    t.ok(last?.equals(large), 'operations on one key take effect in order');
    await before;
    await within(connection.close(), 5000, 'the connection to close');
  }
});

t.test('an idle connection does not keep the process alive, and close is waited for', async (t) => {
  const { port } = await startPeer(t);
  const program = (last: string) =>
    promisify(execFile)(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { connect } from './client/dist/transport/connection.js';
       const connection = await connect({ host: '127.0.0.1', port: ${port} });
       ${last}
       console.log('the end');`,
      ],
      { cwd: fileURLToPath(new URL('..', import.meta.url)), timeout: 10_000 },
    );
  for (const last of ['', 'await connection.close();']) t.equal((await program(last)).stdout, 'the end\n');
});
