// The frame format: the golden bytes that .NET is held to as well, every form that is refused, and FrameReader.
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Operation, Result } from '../src/backend.js';
import {
  FrameError,
  FrameReader,
  frameId,
  operationBytes,
  readOperation,
  readResult,
  resultBytes,
  writeOperation,
  writeResult,
} from '../src/frame.js';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const golden = JSON.parse(read('golden-frames.json'), (name, value) => {
  if (name === 'ttlMs' && value === 'never') return Number.POSITIVE_INFINITY;
  return typeof value?.hex === 'string' ? Buffer.from(value.hex, 'hex') : value;
}) as {
  operations: { name: string; id: number; operation: Operation; frame: string }[];
  results: { name: string; id: number; result: Result; frame: string }[];
};
const ABSENT_IN_OPERATION = { value: undefined, etag: undefined };
const ABSENT_IN_RESULT = { value: undefined, etag: undefined, ttlMs: undefined, detail: undefined };

for (const { name, id, operation, frame } of golden.operations)
  t.test(`the operation "${name}" has its golden bytes, written and read`, async (t) => {
    const bytes = Buffer.alloc(operationBytes(operation) + 2, 0xee);
    t.equal(writeOperation(bytes, 1, id, operation), bytes.length - 1);
    t.equal(bytes.toString('hex'), `ee${frame}ee`);
    t.equal(frameId(Buffer.from(frame, 'hex')), id);
    t.same(readOperation(Buffer.from(frame, 'hex')), { ...ABSENT_IN_OPERATION, ...operation });
  });

for (const { name, id, result, frame } of golden.results)
  t.test(`the result "${name}" has its golden bytes, written and read`, async (t) => {
    const bytes = Buffer.alloc(resultBytes(result) + 2, 0xee);
    t.equal(writeResult(bytes, 1, id, result), bytes.length - 1);
    t.equal(bytes.toString('hex'), `ee${frame}ee`);
    t.equal(frameId(Buffer.from(frame, 'hex')), id);
    t.same(readResult(Buffer.from(frame, 'hex')), { ...ABSENT_IN_RESULT, ...result });
  });

t.test('a result without its value is the same bytes up to where the value begins', async (t) => {
  for (const { id, result, frame } of golden.results) {
    const bytes = Buffer.alloc(resultBytes(result, false));
    t.equal(writeResult(bytes, 0, id, result, false), bytes.length);
    t.equal(bytes.toString('hex') + (result.value?.toString('hex') ?? ''), frame);
  }
});

t.test('FORMAT is the same text in src/frame.ts and in gateway-dotnet/Frames.cs', async (t) => {
  const formatOf = (source: string) => {
    const lines = source.split(/\r?\n/);
    const start = lines.findIndex((line) => line.startsWith('// FORMAT (v1)'));
    const end = lines.findIndex((line, index) => index > start && !line.startsWith('//'));
    return lines.slice(start, end);
  };
  const format = formatOf(read('../src/frame.ts'));
  t.match(format.join('\n'), /FORMAT[^]+OPERATION[^]+RESULT[^]+detail of an error/);
  t.same(formatOf(read('../gateway-dotnet/Frames.cs')), format);
});

// A put with a condition on an etag: 28 bytes of header, key "k", 20 of etag, value "v".
const PUT: Operation = {
  verb: 'put',
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  condition: 'etag',
  etag: Buffer.alloc(20, 7),
  ttlKind: 'for',
  ttlMs: 1000,
  deadlineMs: 0,
  wantEtag: false,
  wantTtl: false,
};
const ID = 0x01020304;

/** The frame of PUT after `change`, which may answer with a part of it. */
function put(change: (frame: Buffer) => unknown): Buffer {
  const frame = Buffer.alloc(operationBytes(PUT));
  writeOperation(frame, 0, ID, PUT);
  const part = change(frame);
  return Buffer.isBuffer(part) ? part : frame;
}

const MALFORMED: [what: string, frame: Buffer, id: number, message: RegExp][] = [
  ['of 27 bytes', put((frame) => frame.subarray(0, 27)), ID, /shorter than its header/],
  ['too short for an id', put((frame) => frame.subarray(0, 7)), 0, /shorter than its header/],
  ['of no bytes', Buffer.alloc(0), 0, /shorter than its header/],
  ['with id 0', put((frame) => frame.writeUInt32LE(0, 4)), 0, /ids start at 1/],
  ['with verb 0', put((frame) => frame.writeUInt8(0, 8)), ID, /verb/],
  ['with verb 6', put((frame) => frame.writeUInt8(6, 8)), ID, /verb/],
  ['with verb 255', put((frame) => frame.writeUInt8(255, 8)), ID, /verb/],
  ['with flag 4', put((frame) => frame.writeUInt8(4, 9)), ID, /flag/],
  ['with flag 128', put((frame) => frame.writeUInt8(128, 9)), ID, /flag/],
  ['with condition 4', put((frame) => frame.writeUInt8(4, 10)), ID, /condition/],
  ['with ttlKind 4', put((frame) => frame.writeUInt8(4, 11)), ID, /ttlKind/],
  ['with a ttl of 2^53', put((frame) => frame.writeUInt32LE(0x200000, 20)), ID, /ttlMs/],
  ['with a ttl of 2^64 - 1', put((frame) => frame.fill(0xff, 16, 24)), ID, /ttlMs/],
  ['with a key longer than the frame', put((frame) => frame.writeUInt16LE(65535, 24)), ID, /longer than/],
  ['with an ETag longer than the frame', put((frame) => frame.writeUInt16LE(65535, 26)), ID, /longer than/],
  ['cut in its ETag', put((frame) => frame.subarray(0, 40)), ID, /longer than/],
  ['with an ETag of 19 bytes', put((frame) => frame.writeUInt16LE(19, 26)), ID, /20 bytes/],
  ['with condition etag and none', put((frame) => frame.writeUInt16LE(0, 26)), ID, /20 bytes/],
  ['with an ETag and no condition', put((frame) => frame.writeUInt8(0, 10)), ID, /20 bytes/],
  ['that gets with a value', put((frame) => frame.writeUInt8(1, 8)), ID, /Only a put/],
  ['that deletes with a value', put((frame) => frame.writeUInt8(3, 8)), ID, /Only a put/],
  ['that touches with a value', put((frame) => frame.writeUInt8(4, 8)), ID, /Only a put/],
  ['that pings with a value', put((frame) => frame.writeUInt8(5, 8)), ID, /Only a put/],
];
for (const [what, frame, id, message] of MALFORMED)
  t.test(`an operation ${what} is refused with the id it came with`, async (t) => {
    const error = t.throws(() => readOperation(frame), FrameError) as FrameError;
    t.match(error.message, message);
    t.equal(error.id, id);
  });

t.test('the operation that the malformed ones are made of is read, with a ttl of 2^53 - 1 too', async (t) => {
  t.same(readOperation(put(() => {})), PUT);
  const longest = put((frame) => frame.writeUIntLE(2 ** 48 - 1, 16, 6) ?? void frame.writeUInt16LE(31, 22));
  t.equal(readOperation(longest).ttlMs, 2 ** 53 - 1);
});

t.test('a result that is cut, or of an unknown status or outcome, is refused', async (t) => {
  const withEtag = Buffer.from(golden.results.find(({ result }) => result.etag)?.frame ?? '', 'hex');
  const changed = (at: number, byte: number) => Buffer.from(withEtag.with(at, byte));
  for (const frame of [
    withEtag.subarray(0, 19),
    withEtag.subarray(0, 39),
    changed(8, 5),
    changed(8, 254),
    changed(10, 3),
  ])
    t.throws(() => readResult(frame), FrameError);
});

const STREAM = Buffer.concat(golden.operations.map(({ frame }) => Buffer.from(frame, 'hex')));
const FRAMES = golden.operations.map(({ frame }) => frame);
const FIRST = Buffer.from(FRAMES[0] as string, 'hex');

/** Every frame that comes out when `chunks` go in, taken as soon as it is there. */
function framesFrom(chunks: Buffer[], reader = new FrameReader(1024)): string[] {
  return chunks.flatMap((chunk) => {
    reader.push(chunk);
    return taken(reader);
  });
}

function taken(reader: FrameReader): string[] {
  const frames: string[] = [];
  for (let frame = reader.next(); frame; frame = reader.next()) frames.push(frame.toString('hex'));
  return frames;
}

/** The first 8 bytes of a frame that claims `bytes` in all, with id 77. */
function claim(bytes: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(bytes - 4);
  head.writeUInt32LE(77, 4);
  return head;
}

t.test('many frames in one chunk come out one by one, in order', async (t) => {
  t.same(framesFrom([STREAM]), FRAMES);
});

t.test('a stream cut in two at any byte gives the same frames', async (t) => {
  for (let cut = 0; cut <= STREAM.length; cut++)
    t.same(framesFrom([STREAM.subarray(0, cut), STREAM.subarray(cut)]), FRAMES, `cut at ${cut}`);
});

t.test('a stream in pieces of any size gives the same frames, taken at once or at the end', async (t) => {
  for (let size = 1; size <= STREAM.length; size++) {
    const count = Math.ceil(STREAM.length / size);
    const pieces = Array.from({ length: count }, (_, at) => STREAM.subarray(at * size, (at + 1) * size));
    t.same(framesFrom(pieces), FRAMES, `pieces of ${size}, taken at once`);
    const reader = new FrameReader(1024);
    for (const piece of pieces) reader.push(piece);
    t.same(taken(reader), FRAMES, `pieces of ${size}, taken at the end`);
  }
});

t.test('a frame is unfinished from its first byte until it is taken', async (t) => {
  const reader = new FrameReader(1024);
  t.equal(reader.unfinished, false);
  for (let at = 0; at < FIRST.length - 1; at++) {
    t.same(framesFrom([FIRST.subarray(at, at + 1)], reader), []);
    t.equal(reader.unfinished, true);
  }
  t.same(framesFrom([FIRST.subarray(-1)], reader), [FRAMES[0]]);
  t.equal(reader.unfinished, false);
});

t.test(
  'a frame of exactly the limit passes; with a limit one byte lower it is refused, with its id',
  async (t) => {
    t.same(framesFrom([FIRST], new FrameReader(FIRST.length)), [FRAMES[0]]);
    const error = t.throws(() => framesFrom([FIRST], new FrameReader(FIRST.length - 1)), FrameError);
    t.match(error, { id: 1, fault: 'skipped', message: /over the limit of \d+ bytes/ });
  },
);

t.test('a frame over the limit is refused at its head and skipped; what follows is read', async (t) => {
  const tooLong = Buffer.concat([claim(5000), Buffer.alloc(4992, 0xff)]);
  for (let cut = 8; cut <= tooLong.length; cut += 512) {
    const reader = new FrameReader(1024);
    reader.push(tooLong.subarray(0, cut));
    t.match(
      t.throws(() => reader.next()),
      { id: 77, fault: 'skipped' },
    );
    t.equal(reader.unfinished, true, `${tooLong.length - cut} bytes to come`);
    t.same(framesFrom([tooLong.subarray(cut), STREAM], reader), FRAMES, `cut at ${cut}`);
  }
  const whole = new FrameReader(1024);
  whole.push(Buffer.concat([tooLong, STREAM]));
  t.match(
    t.throws(() => whole.next()),
    { id: 77, fault: 'skipped' },
  );
  t.same(taken(whole), FRAMES);
});

t.test(
  'a length too short for an id, or beyond all reason, is fatal, also when it comes in pieces',
  async (t) => {
    for (const bytes of [4, 5, 7, 2 ** 27 + 1, 2 ** 32 + 3]) {
      const head = claim(bytes);
      for (const chunks of [[head], [head.subarray(0, 2), head.subarray(2)]])
        t.match(
          t.throws(() => framesFrom(chunks)),
          { id: 0, fault: 'fatal' },
          `${bytes} bytes`,
        );
    }
  },
);

t.test('frames before a length that lies still come out', async (t) => {
  const reader = new FrameReader(1024);
  reader.push(Buffer.concat([STREAM, claim(2 ** 32 + 3)]));
  const seen = FRAMES.map(() => reader.next()?.toString('hex'));
  t.same(seen, FRAMES);
  t.match(
    t.throws(() => reader.next()),
    { fault: 'fatal' },
  );
});

t.test('a claimed length takes no memory before the bytes have come', async (t) => {
  const claims = Array.from({ length: 100 }, () => claim(100 * 2 ** 20));
  const readers = claims.map(() => new FrameReader(2 ** 27));
  const before = process.memoryUsage().arrayBuffers;
  readers.forEach((reader, index) => {
    t.same(framesFrom([claims[index] as Buffer], reader), []);
  });
  // 100 claims of 100 MiB each; arrayBuffers counts what is allocated, touched or not.
  t.ok(process.memoryUsage().arrayBuffers - before < 16 * 2 ** 20, 'arrayBuffers grew by less than 16 MiB');
});
