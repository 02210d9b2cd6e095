// The stream of frames: answers out of order, hostile frames, and readers that stop. Raw bytes on a real sidecar.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { test } from 'tap';
import { type Operation, operation, type Result } from '../src/backend.js';
import { frameId, operationBytes, readResult, writeOperation } from '../src/frame.js';
import { FrameReader } from '../src/frame-reader.js';
import { connectDoor, type DoorAddress, request } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until, within } from './fixtures/wait.js';

const sidecar = await startSidecar({ env: { AZURE_CACHE_MAX_VALUE_BYTES: '2097152' } });
const doors: [string, DoorAddress][] = [
  ['TCP', { url: sidecar.url }],
  ['socket', { socketPath: sidecar.socketPath }],
];

interface TestStream {
  socket: Socket;
  /** Results in the order in which they came. */
  results: { id: number; result: Result }[];
  closed: Promise<unknown>;
  send(id: number, operation: Operation): void;
  answered(count: number): Promise<{ id: number; result: Result }[]>;
}

async function openStream(door: DoorAddress): Promise<TestStream> {
  const socket = await connectDoor(door);
  socket.on('error', () => {});
  const upgraded = once(socket, 'data');
  socket.write(
    'GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: azurecache/1\r\n\r\n',
  );
  const [head] = await within(upgraded, 5000, 'the upgrade');
  if (!head.toString().startsWith('HTTP/1.1 101 ')) throw new Error(head.toString());
  const reader = new FrameReader(16 * 1024 * 1024);
  const results: TestStream['results'] = [];
  socket.on('data', (chunk: Buffer) => {
    reader.push(chunk);
    for (let frame = reader.next(); frame; frame = reader.next())
      results.push({ id: frameId(frame), result: readResult(frame) });
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const send = (id: number, asked: Operation) => socket.write(frameOf(id, asked));
  const answered = async (count: number) => {
    await until(
      () => results.length >= count,
      15_000,
      () => `${count} answers; ${results.length} came`,
    );
    return results;
  };
  return { socket, results, closed, send, answered };
}

function frameOf(id: number, asked: Operation): Buffer {
  const frame = Buffer.alloc(operationBytes(asked));
  writeOperation(frame, 0, id, asked);
  return frame;
}

const put = (key: string, value: string | Buffer): Operation => ({
  ...operation('put', Buffer.from(key)),
  value: Buffer.from(value),
});
const get = (key: string): Operation => operation('get', Buffer.from(key));

for (const [name, door] of doors) {
  test(`${name}: frames are answered by id, also when they arrive byte by byte`, async (t) => {
    const stream = await openStream(door);
    stream.send(7, put(`${name}-a`, 'hello'));
    await stream.answered(1);
    for (const byte of frameOf(8, { ...get(`${name}-a`), wantEtag: true }))
      stream.socket.write(Buffer.of(byte));
    const [first, second] = await stream.answered(2);
    t.match(first, { id: 7, result: { status: 'ok', outcome: 'applied' } });
    t.match(second, { id: 8, result: { status: 'ok' } });
    t.equal(second?.result.value?.toString(), 'hello');
    t.equal(second?.result.etag?.toString('hex'), 'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d');
    stream.socket.destroy();
  });

  test(`${name}: 2,000 operations written at once are all answered, and those on one key in order`, async (t) => {
    const stream = await openStream(door);
    const frames: Buffer[] = [];
    for (let i = 1; i <= 1000; i += 1)
      frames.push(frameOf(2 * i, put(`${name}-n`, String(i))), frameOf(2 * i + 1, get(`${name}-n`)));
    stream.socket.write(Buffer.concat(frames));
    const results = await stream.answered(2000);
    for (const { id, result } of results)
      if (id % 2 === 1) t.equal(result.value?.toString(), String((id - 1) / 2));
    stream.socket.destroy();
  });
}

const [, tcp] = doors[0] as [string, DoorAddress];

test('a value over the limit is refused by its id, and the stream goes on', async (t) => {
  const stream = await openStream(tcp);
  stream.send(1, put('big', Buffer.alloc(2_097_153)));
  stream.send(2, put('big', Buffer.alloc(4_000_000)));
  stream.send(3, put('fits', Buffer.alloc(2_097_152)));
  const results = await stream.answered(3);
  const byId = new Map(results.map(({ id, result }) => [id, result]));
  t.match(byId.get(1), { status: 'value_too_large', outcome: 'not_applied' });
  t.match(byId.get(2), { status: 'value_too_large', detail: /2097152 bytes/ });
  t.match(byId.get(3), { status: 'ok' });
  stream.socket.destroy();
});

test('a frame with a fault of its own gets an error; the next one is served', async (t) => {
  const broken = (change: (frame: Buffer) => void, id: number) => {
    const frame = frameOf(id, put('broken', 'x'));
    change(frame);
    return frame;
  };
  const stream = await openStream(tcp);
  stream.socket.write(
    Buffer.concat([
      broken((frame) => frame.writeUInt8(99, 8), 1),
      broken((frame) => frame.writeUInt8(255, 9), 2),
      broken((frame) => frame.writeUInt8(9, 10), 3),
      broken((frame) => frame.writeUInt8(9, 11), 4),
      broken((frame) => frame.writeUInt16LE(60_000, 24), 5),
      broken((frame) => frame.writeUInt16LE(20, 26), 6),
      broken((frame) => frame.fill(255, 16, 24), 7),
      Buffer.from('0400000008000000', 'hex'),
      frameOf(9, put('', 'x')),
      frameOf(10, put('a\0b', 'x')),
      frameOf(11, { ...put('broken', 'x'), ttlKind: 'for', ttlMs: 0 }),
      frameOf(12, { ...get('broken'), condition: 'present' }),
      frameOf(13, get('broken')),
    ]),
  );
  const byId = new Map((await stream.answered(13)).map(({ id, result }) => [id, result.status]));
  for (const id of [1, 2, 3, 4, 5, 6, 7, 8]) t.equal(byId.get(id), 'frame_invalid', `frame ${id}`);
  t.equal(byId.get(9), 'key_empty');
  t.equal(byId.get(10), 'key_invalid');
  t.equal(byId.get(11), 'ttl_invalid');
  t.equal(byId.get(12), 'condition_invalid');
  t.equal(byId.get(13), 'miss', 'nothing was stored');
  stream.socket.destroy();
});

test('a stream that cannot be trusted any more is closed, and others are unharmed', async (t) => {
  const other = await openStream(tcp);
  const reused = Buffer.concat([frameOf(5, get('x')), frameOf(5, get('x'))]);
  const cases: [string, Buffer][] = [
    ['a length of 0', Buffer.alloc(8)],
    ['a length of 4 GiB', Buffer.alloc(8, 255)],
    ['HTTP where frames should be', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an id used again before its answer', reused],
  ];
  for (const [why, bytes] of cases) {
    const stream = await openStream(tcp);
    stream.socket.write(bytes);
    await within(stream.closed, 5000, `the end of a stream with ${why}`);
    t.match(
      stream.results.at(-1)?.result.status ?? stream.results[0]?.result.status,
      /frame_invalid|miss/,
      why,
    );
  }
  other.send(1, put('other', 'fine'));
  t.match((await other.answered(1))[0], { id: 1, result: { status: 'ok' } });
  other.socket.destroy();
});

test('a frame that stops half way harms nobody when its connection ends', async (t) => {
  const stream = await openStream(tcp);
  stream.socket.end(frameOf(1, put('half', 'half a value')).subarray(0, 35));
  await within(stream.closed, 5000, 'the end of the stream');
  t.equal((await request({ ...tcp, path: '/v1/cache/half' })).status, 404);
});

test('a reader that stops is not buffered without bound, and gets every answer once it goes on', async (t) => {
  const MiB = 1024 * 1024;
  const stream = await openStream(tcp);
  stream.send(1, put('wide', Buffer.alloc(MiB, 'w')));
  await stream.answered(1);
  stream.socket.pause();
  const frames: Buffer[] = [];
  for (let id = 2; id <= 1001; id += 1) frames.push(frameOf(id, get('wide')));
  stream.socket.write(Buffer.concat(frames));
  // Others are served meanwhile; after these the sidecar has had every chance to buffer.
  for (let i = 0; i < 50; i += 1) t.equal((await request({ ...tcp, path: '/v1/cache/wide' })).status, 200);
  t.ok(rssMiB() < 700, `1,000 answers of 1 MiB are asked for and not read: RSS is ${rssMiB()} MiB`);
  stream.socket.resume();
  t.equal((await stream.answered(1001)).length, 1001);
  stream.socket.destroy();
});

/** Resident memory of the sidecar. */
function rssMiB(): number {
  const status = readFileSync(`/proc/${sidecar.pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

test('a stream that is open when the sidecar ends gets its answers first', async (t) => {
  const stream = await openStream(tcp);
  stream.send(1, put('last', 'words'));
  t.match((await stream.answered(1))[0], { result: { status: 'ok' } });
  const ended = sidecar.stop();
  await within(stream.closed, 5000, 'the end of the stream');
  t.same(await ended, { code: 0, signal: null });
});
