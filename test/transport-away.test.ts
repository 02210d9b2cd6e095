// The transport while the sidecar is away: how long calls wait, what they are told, and how it is reached again.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { Operation } from '../client/dist/transport/operation.js';
import { openTransport, type Transport, type TransportOptions } from '../client/dist/transport/transport.js';
import type { ErrorCode } from '../src/errors.js';
import { freePort } from './fixtures/free-port.js';
import { failureOf, startPeer } from './fixtures/peer.js';
import { until, within } from './fixtures/wait.js';

const get = (key: string): Operation => ({ verb: 'get', key });
const put = (key: string): Operation => ({ verb: 'put', key, value: Buffer.from('x') });

/** A handle that is closed after the test. */
function open(t: Test, options: TransportOptions): Transport {
  const transport = openTransport(options);
  t.teardown(() => transport.close());
  return transport;
}

/** What the handle tells of its readiness, as it comes. */
function readinessOf(transport: Transport): boolean[] {
  const told: boolean[] = [];
  transport.onReadiness((reachable) => told.push(reachable));
  return told;
}

async function timed<T>(work: Promise<T>): Promise<{ ms: number; value: T }> {
  const start = performance.now();
  const value = await work;
  return { ms: performance.now() - start, value };
}

/** A server of raw TCP, told what to do with each connection. */
async function startRaw(t: Test, take: (socket: Socket) => void): Promise<string> {
  const server = createServer(take).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

t.test('why in vain is said in words where no code says it', async (t) => {
  const url = await startRaw(t, (socket) =>
    socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
  );
  const answered = await failureOf(open(t, { url, waitMs: 100 }).run(get('k')));
  t.match(answered.message, /\(it answered 404, and not as a sidecar does\)/);
  if (process.platform === 'win32') return;
  const absent = await failureOf(open(t, { url: 'unix:/no/such.sock', waitMs: 100 }).run(get('k')));
  t.match(absent.message, /tried \/no\/such\.sock \(there is no such socket\)/);
});

t.test('calls wait for a sidecar that comes later, and their deadline begins with it', async (t) => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const patient = open(t, { url, deadlineMs: 300 });
  const call = patient.run(put('k'));
  // By when this one has given up, the deadline of the other would have passed.
  await failureOf(open(t, { url, waitMs: 600 }).run(get('k')));
  const server = await startPeer(t, { port, answers: true });
  t.equal((await within(call, 5000, 'the call to be answered')).status, 'ok');
  const { deadlineMs = 0 } = (await server.peer()).asked[0] ?? {};
  t.ok(deadlineMs > 200 && deadlineMs <= 270, `the sidecar has ${deadlineMs} ms for it`);
});

t.test(
  'a sidecar away for longer than waitMs: calls fail, from then on at once, saying what was tried',
  async (t) => {
    const port = await freePort();
    const transport = open(t, { url: `http://127.0.0.1:${port}`, waitMs: 700 });
    const told = readinessOf(transport);
    const first = await timed(failureOf(transport.run(put('k'))));
    t.match(first.value, {
      code: 'sidecar_unreachable',
      status: 503,
      retryable: true,
      outcome: 'not_applied',
      message: new RegExp(`put: no connection for \\d+ ms.*127.0.0.1:${port} \\(ECONNREFUSED\\)`),
    });
    t.ok(first.ms > 600 && first.ms < 3000, `the first waited ${first.ms} ms`);
    const second = await timed(failureOf(transport.run(get('k'))));
    t.match(second.value, { code: 'sidecar_unreachable' });
    t.ok(second.ms < 300, `the second waited ${second.ms} ms`);
    await startPeer(t, { port, answers: true });
    await until(() => told.at(-1) === true, 5000, 'the sidecar to be reached without any call');
    t.equal((await transport.run(get('k'))).status, 'ok');
    t.same(told, [false, true]);
  },
);

t.test('with waitMs 0 a sidecar that is there is reached all the same', async (t) => {
  const server = await startPeer(t, { answers: true });
  const transport = open(t, { url: server.url, waitMs: 0 });
  t.equal((await transport.run(get('k'))).status, 'ok');
  await server.stop();
  const read = await timed(failureOf(transport.run(get('k'))));
  t.match(read.value, { code: 'sidecar_unreachable' });
  t.ok(read.ms < 400, `${read.ms} ms`);
});

t.test('once it has been reached, the deadline of a call includes the waiting', async (t) => {
  const server = await startPeer(t, { answers: true });
  const transport = open(t, { url: server.url, deadlineMs: 200 });
  const told = readinessOf(transport);
  await transport.run(get('k'));
  await server.stop();
  await until(() => told.at(-1) === false, 5000, 'the loss to be noticed');
  const { ms, value } = await timed(failureOf(transport.run(put('k'))));
  t.match(value, { code: 'sidecar_unreachable', outcome: 'not_applied' });
  t.ok(ms > 150 && ms < 1500, `${ms} ms`);
  const own = await timed(failureOf(transport.run({ ...put('k'), deadlineMs: 50 })));
  t.ok(own.ms < 180, `a deadline of its own: ${own.ms} ms`);
});

t.test('listeners are told when the sidecar is lost and reached, until they stop listening', async (t) => {
  const server = await startPeer(t, { answers: true });
  const transport = open(t, { url: server.url });
  const told = readinessOf(transport);
  const few: boolean[] = [];
  const stop = transport.onReadiness((reachable) => few.push(reachable));
  await transport.run(get('k'));
  t.same(told, [true]);
  stop();
  (await server.peer()).socket.destroy();
  await until(() => told.length === 3, 5000, 'a loss and a return to be told');
  t.same(told, [true, false, true]);
  t.same(few, [true]);
});

t.test('a refusal is told at once, also to those who come later, and ends with its cause', async (t) => {
  let code: ErrorCode | undefined = 'unauthorized';
  let refusals = 0;
  const refuse = () => {
    refusals += 1;
    return code;
  };
  const server = await startPeer(t, { answers: true, refuse });
  const transport = open(t, { url: server.url, apiToken: 'planted-token' });
  for (const operation of [get('k'), put('k')]) {
    const { ms, value } = await timed(failureOf(transport.run(operation)));
    t.match(value, { code: 'unauthorized', status: 401, retryable: false, outcome: 'not_applied' });
    t.notMatch(value.message, /planted/);
    t.ok(ms < 400, `${ms} ms`);
    // From here on they are half a second apart at least.
    await until(() => refusals >= 7, 10_000, 'seven attempts');
  }
  code = undefined;
  await server.peer();
  await until(
    () =>
      transport.run(get('k')).then(
        ({ status }) => status === 'ok',
        () => false,
      ),
    5000,
    'the calls to succeed',
  );
});

t.test('a sidecar that is shutting down counts as away', async (t) => {
  let code: ErrorCode | undefined = 'shutting_down';
  let refusals = 0;
  const refuse = () => {
    refusals += 1;
    return code;
  };
  const server = await startPeer(t, { answers: true, refuse });
  const transport = open(t, { url: server.url });
  const call = transport.run(put('k'));
  await until(() => refusals > 1, 5000, 'a second attempt');
  code = undefined;
  t.equal((await call).status, 'ok');
});

t.test('what answers garbage, or ends the connection, is no sidecar', async (t) => {
  const garbage = await startRaw(t, (socket) => void socket.end('planted garbage\r\n\r\n'));
  const silence = await startRaw(t, (socket) => void socket.destroy());
  for (const url of [garbage, silence]) {
    const { value, ms } = await timed(failureOf(open(t, { url, waitMs: 300 }).run(put('k'))));
    t.match(value, { code: 'sidecar_unreachable', outcome: 'not_applied' });
    t.notMatch(value.message, /planted/);
    t.ok(ms < 2000, `${ms} ms`);
  }
});

t.test('frames of garbage end every call, and the connection is made again ever more slowly', async (t) => {
  let connections = 0;
  const upgraded = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: azurecache/1\r\nConnection: Upgrade\r\n\r\n';
  const url = await startRaw(t, (socket) => {
    connections += 1;
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.write(upgraded));
    socket.on('data', (chunk: Buffer) => chunk[0] !== 0x47 && socket.write('planted garbage, and no frame'));
  });
  const transport = open(t, { url, deadlineMs: 1000, waitMs: 300 });
  const calls = await Promise.all(
    [put('k'), get('k')].map((operation) => failureOf(transport.run(operation))),
  );
  t.match(calls[0], { code: 'connection_lost', outcome: 'unknown', message: /no frame/ });
  t.match(calls[1], { outcome: 'not_applied' });
  let ended = 0;
  const start = performance.now();
  while (performance.now() - start < 1000) {
    await failureOf(transport.run(get('k')));
    ended += 1;
  }
  t.ok(connections < 12, `${connections} connections for ${ended} calls in a second`);
});

t.test('a connection that has ended with what came along with the upgrade is none', async (t) => {
  const upgraded = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: azurecache/1\r\nConnection: Upgrade\r\n\r\n';
  const url = await startRaw(t, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.write(`${upgraded}planted garbage, and no frame`));
  });
  const { ms, value } = await timed(failureOf(open(t, { url, waitMs: 300 }).run(put('k'))));
  t.match(value, { code: 'sidecar_unreachable', outcome: 'not_applied', message: /no frame/ });
  t.ok(ms < 2000, `${ms} ms`);
});

t.test('after close nothing is attempted any more', async (t) => {
  const port = await freePort();
  const transport = openTransport({ url: `http://127.0.0.1:${port}`, waitMs: 60 });
  await failureOf(transport.run(get('k')));
  await transport.close();
  const server = await startPeer(t, { port });
  // The attempts would be less than 200 ms apart still.
  const other = open(t, { url: `http://127.0.0.1:${await freePort()}`, waitMs: 1000 });
  await failureOf(other.run(get('k')));
  t.same(server.peers, []);
});

t.test('calls that fail at once leave the process room to connect again', async (t) => {
  const port = await freePort();
  const transport = open(t, { url: `http://127.0.0.1:${port}`, waitMs: 0 });
  await failureOf(transport.run(get('k')));
  const server = await startPeer(t, { port, answers: true });
  let failed = 0;
  // Without a pause of its own, as a loop of an application may be.
  const answered = async () => {
    for (;;) {
      const status = await transport.run(get('k')).then(
        (result) => result.status,
        () => 'failed',
      );
      if (status === 'ok') return;
      failed += 1;
    }
  };
  await within(answered(), 5000, 'a call to be answered');
  t.equal(server.peers.length, 1, `after ${failed} that failed`);
});

t.test('a connection on which nothing comes any more is given up for another one', async (t) => {
  const server = await startPeer(t);
  const transport = open(t, { url: server.url, deadlineMs: 200 });
  const told = readinessOf(transport);
  const codes = new Set<string>();
  await until(
    async () => {
      codes.add((await failureOf(transport.run(get('k')))).code);
      return server.peers.length > 1;
    },
    15_000,
    'a second connection',
  );
  t.ok(codes.has('timeout'));
  t.same(told.slice(0, 2), [true, false]);
});
