// The transport against a server in this process: what is shared, what is asked again, what is aborted, and closing.
import { getEventListeners, once } from 'node:events';
import t, { type Test } from 'tap';
import type { Operation } from '../client/dist/transport/operation.js';
import { openTransport, type Transport, type TransportOptions } from '../client/dist/transport/transport.js';
import { failureOf, startPeer } from './fixtures/peer.js';
import { until, within } from './fixtures/wait.js';

const get = (key: string): Operation => ({ verb: 'get', key });
const put = (key: string, value: Uint8Array = Buffer.from('x')): Operation => ({ verb: 'put', key, value });

/** A handle that is closed after the test. */
function open(t: Test, options: TransportOptions): Transport {
  const transport = openTransport(options);
  t.teardown(() => transport.close());
  return transport;
}

t.test('nothing is connected to before the first call, and all calls share one connection', async (t) => {
  const server = await startPeer(t, { answers: true });
  const transport = open(t, { url: server.url });
  // A round trip to the server, after which a connection would have been seen.
  await within(
    fetch(server.url).catch(() => undefined),
    5000,
    'the server to refuse a plain request',
  );
  t.equal(server.peers.length, 0);
  const results = await Promise.all(Array.from({ length: 50 }, (_, n) => transport.run(get(`k${n}`))));
  t.ok(results.every(({ status }) => status === 'ok'));
  await transport.run(get('later'));
  t.equal(server.peers.length, 1);
});

t.test('handles of one place and token share a connection; another token has its own', async (t) => {
  const server = await startPeer(t, { answers: true });
  const { url } = server;
  const [one, two] = [open(t, { url }), open(t, { url, waitMs: 100, deadlineMs: 1000 })];
  await Promise.all([one.run(get('a')), two.run(get('b'))]);
  t.equal(server.peers.length, 1);
  const other = open(t, { url, apiToken: 'another-token' });
  await other.run(get('c'));
  t.same(
    server.peers.map(({ headers }) => headers.authorization),
    [undefined, 'Bearer another-token'],
  );
});

t.test('the connection ends with the last handle; until then the others go on', async (t) => {
  const server = await startPeer(t, { answers: true });
  const { url } = server;
  const [one, two] = [open(t, { url }), open(t, { url })];
  await one.run(get('a'));
  const { socket } = await server.peer();
  const ended = once(socket, 'close');
  await one.close();
  t.match(await failureOf(one.run(get('a'))), { code: 'closed', retryable: false, outcome: 'not_applied' });
  t.equal((await two.run(get('b'))).status, 'ok');
  await within(two.close(), 5000, 'the last handle to close');
  await within(ended, 5000, 'the connection to end');
  await two.close();
  const three = open(t, { url });
  await three.run(get('c'));
  t.equal(server.peers.length, 2);
});

t.test('close waits for the calls of its own handle, and takes no more', async (t) => {
  const server = await startPeer(t);
  const { url } = server;
  const [one, two] = [open(t, { url }), open(t, { url })];
  const [mine, others] = [one.run(get('mine')), two.run(get('others'))];
  const peer = await server.peer();
  await peer.arrived(2);
  let closed = false;
  const closing = one.close().then(() => {
    closed = true;
  });
  t.match(await failureOf(one.run(get('late'))), { code: 'closed' });
  t.equal(closed, false, 'its call has no answer yet');
  peer.answer(peer.asked[0]?.id ?? 0);
  await within(closing, 5000, 'the handle to close');
  t.equal((await mine).status, 'ok');
  peer.answer(peer.asked[1]?.id ?? 0);
  t.equal((await others).status, 'ok');
  t.same(peer.asked.length, 2);
});

t.test('a handle that never called, and one whose call waits in vain, can be closed', async (t) => {
  await within(openTransport({ url: 'http://127.0.0.1:9' }).close(), 5000, 'the handle to close');
  const server = await startPeer(t);
  await server.stop();
  const transport = openTransport({ url: server.url, waitMs: 100 });
  const call = failureOf(transport.run(get('k')));
  await within(transport.close(), 5000, 'the handle to close');
  t.match(await call, { code: 'sidecar_unreachable' });
});

t.test('a read that was lost with its connection is asked again, a write that was sent is not', async (t) => {
  const server = await startPeer(t);
  const transport = open(t, { url: server.url });
  const read = transport.run(get('read'));
  const writes = [
    put('put'),
    { verb: 'touch', key: 'touch', ttlKind: 'never' } as const,
    { ...get('renewed'), ttlKind: 'never' } as const,
  ].map((operation) => failureOf(transport.run(operation)));
  const first = await server.peer();
  await first.arrived(4);
  first.socket.destroy();
  for (const failure of await Promise.all(writes))
    t.match(failure, { code: 'connection_lost', status: 503, retryable: true, outcome: 'unknown' });
  const second = await server.peer(2);
  await second.arrived(1);
  second.answer(second.asked[0]?.id ?? 0, { value: Buffer.from('found') });
  t.equal((await read).value?.toString(), 'found');
  t.same(
    second.asked.map(({ key }) => key),
    ['read'],
  );
});

t.test('a read that is lost twice fails', async (t) => {
  const server = await startPeer(t);
  const read = failureOf(open(t, { url: server.url }).run(get('read')));
  for (const count of [1, 2]) {
    const peer = await server.peer(count);
    await peer.arrived(1);
    peer.socket.destroy();
  }
  t.match(await read, { code: 'connection_lost', outcome: 'not_applied' });
});

t.test('writes of which no byte has left are sent on the next connection, in their order', async (t) => {
  const server = await startPeer(t, { answers: true });
  const transport = open(t, { url: server.url, deadlineMs: 20_000 });
  await transport.run(get('first'));
  const first = await server.peer();
  first.socket.pause();
  // 64 MiB: more than the buffers of any system hold.
  const keys = Array.from({ length: 256 }, (_, n) => `k${n}`);
  const calls = keys.map((key) => transport.run(put(key, Buffer.alloc(256 * 1024))));
  const ends = Promise.allSettled(calls);
  await until(() => first.socket.readableLength > 0, 5000, 'the first bytes to arrive');
  first.socket.resetAndDestroy();
  const failed = (await ends).filter((end) => end.status === 'rejected');
  for (const { reason } of failed) t.match(reason, { code: 'connection_lost', outcome: 'unknown' });
  t.ok(failed.length > 0, 'some had been sent');
  t.ok(failed.length < 256, 'some had not');
  t.same(
    (await server.peer(2)).asked.map(({ key }) => key),
    keys.slice(failed.length),
  );
});

t.test('while one write is under way, what comes later has not left', async (t) => {
  const server = await startPeer(t, { answers: true });
  const transport = open(t, { url: server.url, deadlineMs: 20_000 });
  await transport.run(get('first'));
  const first = await server.peer();
  first.socket.pause();
  const large = failureOf(transport.run(put('large', Buffer.alloc(32 * 1024 * 1024))));
  await until(() => first.socket.readableLength > 0, 5000, 'the first bytes to arrive');
  const later = transport.run(put('later'));
  await new Promise(setImmediate);
  first.socket.resetAndDestroy();
  t.match(await large, { code: 'connection_lost', outcome: 'unknown' });
  t.equal((await later).status, 'ok');
});

t.test('an aborted call ends at once; what is waiting is never sent, what was sent says so', async (t) => {
  const server = await startPeer(t);
  const transport = open(t, { url: server.url });
  const before = new AbortController();
  const never = failureOf(transport.run(put('never'), before.signal));
  const reason = new Error('the user has gone');
  before.abort(reason);
  t.match(await never, { name: 'AbortError', code: 'aborted', status: 499, outcome: 'not_applied' });
  t.equal((await never).cause, reason);

  const during = new AbortController();
  const read = failureOf(transport.run(get('read'), during.signal));
  const write = failureOf(transport.run(put('write'), during.signal));
  const other = transport.run(get('other'));
  const peer = await server.peer();
  await peer.arrived(3);
  during.abort();
  t.match(await read, { code: 'aborted', outcome: 'not_applied' });
  t.match(await write, { code: 'aborted', outcome: 'unknown' });
  // The answers to those are nobody's.
  for (const { id } of peer.asked) peer.answer(id);
  t.equal((await other).status, 'ok');
  t.same(
    peer.asked.map(({ key }) => key),
    ['read', 'write', 'other'],
  );
});

t.test('a call that is aborted in the tick in which it was made is never sent', async (t) => {
  const server = await startPeer(t, { answers: true });
  const transport = open(t, { url: server.url });
  await transport.run(get('first'));
  const abort = new AbortController();
  const call = failureOf(transport.run(put('never'), abort.signal));
  abort.abort();
  t.match(await call, { code: 'aborted', outcome: 'not_applied' });
  await transport.run(get('last'));
  t.same(
    (await server.peer()).asked.map(({ key }) => key),
    ['first', 'last'],
  );
});

t.test('a signal that has fired before means that nothing is done, not even connecting', async (t) => {
  const server = await startPeer(t, { answers: true });
  const transport = open(t, { url: server.url });
  const signal = AbortSignal.abort();
  t.match(await failureOf(transport.run(get('k'), signal)), { code: 'aborted', cause: signal.reason });
  await within(
    fetch(server.url).catch(() => undefined),
    5000,
    'the server to refuse a plain request',
  );
  t.same(server.peers, []);
});

t.test('any number of calls may share a signal, and none of them is kept after its end', async (t) => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => void warnings.push(warning);
  process.on('warning', warned);
  t.teardown(() => void process.off('warning', warned));
  const server = await startPeer(t, { answers: true });
  const transport = open(t, { url: server.url });
  const { signal } = new AbortController();
  const calls = Array.from({ length: 50 }, (_, n) => transport.run(get(`k${n}`), signal));
  t.equal(getEventListeners(signal, 'abort').length, 1);
  await Promise.all(calls);
  t.equal(getEventListeners(signal, 'abort').length, 0);
  await transport.run(get('again'), signal);
  t.same(warnings, []);
});

t.test('operations of one tick leave in one write', async (t) => {
  const server = await startPeer(t, { answers: true });
  const transport = open(t, { url: server.url });
  await transport.run(get('first'));
  const { socket } = await server.peer();
  const before = socket.bytesRead;
  const chunks: number[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk.length));
  await Promise.all(Array.from({ length: 50 }, (_, n) => transport.run(get(`k${n}`))));
  t.same(chunks, [socket.bytesRead - before]);
});

t.test('what cannot be written as a frame is refused with a rejection', async (t) => {
  const transport = open(t, { url: 'http://127.0.0.1:9' });
  t.match(await failureOf(transport.run(get('k'.repeat(1025)))), { code: 'key_too_long' });
  t.match(await failureOf(transport.run({ ...get('k'), deadlineMs: 0 })), { code: 'frame_invalid' });
});
