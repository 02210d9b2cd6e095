// The frame format: the golden bytes that .NET is held to as well, and every form that is refused.
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Operation, Result } from '../src/backend.js';
import {
  frameId,
  operationBytes,
  readOperation,
  readResult,
  resultBytes,
  writeOperation,
  writeResult,
} from '../src/frame.js';
import { FrameError } from '../src/frame-error.js';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const golden = JSON.parse(read('golden-frames.json'), (name, value) => {
  if (name === 'ttlMs' && value === 'never') return Number.POSITIVE_INFINITY;
  if (typeof value?.int64 === 'string') return BigInt(value.int64);
  return typeof value?.hex === 'string' ? Buffer.from(value.hex, 'hex') : value;
}) as {
  operations: { name: string; id: number; operation: Operation; frame: string }[];
  results: { name: string; id: number; result: Result; frame: string }[];
};
const ABSENT_IN_OPERATION = { value: undefined, etag: undefined, extras: undefined };
const ABSENT_IN_RESULT = {
  value: undefined,
  etag: undefined,
  ttlMs: undefined,
  sliding: false,
  detail: undefined,
};

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
  t.match(format.join('\n'), /FORMAT[\s\S]+OPERATION[\s\S]+RESULT[\s\S]+detail of an error/);
  t.same(formatOf(read('../gateway-dotnet/Frames.cs')), format);
});

// A put with a condition on an etag: 30 bytes of header, key "k", 20 of etag, value "v".
const PUT: Operation = {
  verb: 'put',
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  condition: 'etag',
  etag: Buffer.alloc(20, 7),
  extras: undefined,
  ttlKind: 'for',
  ttlMs: 1000,
  deadlineMs: 0,
  wantEtag: false,
  wantTtl: false,
  fresh: false,
};
const ID = 0x01020304;

/** The frame of PUT after `change`, which may answer with a part of it. */
function put(change: (frame: Buffer) => unknown): Buffer {
  const frame = Buffer.alloc(operationBytes(PUT));
  writeOperation(frame, 0, ID, PUT);
  const part = change(frame);
  return Buffer.isBuffer(part) ? part : frame;
}

/** The same with these extras in place of its ETag. */
function extras(hex: string): Buffer {
  const bytes = Buffer.from(hex, 'hex');
  return put((frame) => {
    const [head, tail] = [frame.subarray(0, 31), frame.subarray(51)];
    head.writeUInt32LE(frame.length - 4 - 20 + bytes.length);
    head.writeUInt8(0, 10);
    head.writeUInt16LE(0, 26);
    head.writeUInt16LE(bytes.length, 28);
    return Buffer.concat([head, bytes, tail]);
  });
}

const MALFORMED: [what: string, frame: Buffer, id: number, message: RegExp][] = [
  ['of 29 bytes', put((frame) => frame.subarray(0, 29)), ID, /shorter than its header/],
  ['too short for an id', put((frame) => frame.subarray(0, 7)), 0, /shorter than its header/],
  ['of no bytes', Buffer.alloc(0), 0, /shorter than its header/],
  ['with id 0', put((frame) => frame.writeUInt32LE(0, 4)), 0, /ids start at 1/],
  ['with verb 0', put((frame) => frame.writeUInt8(0, 8)), ID, /verb/],
  ['with verb 99', put((frame) => frame.writeUInt8(99, 8)), ID, /verb/],
  ['with verb 255', put((frame) => frame.writeUInt8(255, 8)), ID, /verb/],
  ['with flag 8', put((frame) => frame.writeUInt8(8, 9)), ID, /flag/],
  ['with flag 128', put((frame) => frame.writeUInt8(128, 9)), ID, /flag/],
  ['with condition 4', put((frame) => frame.writeUInt8(4, 10)), ID, /condition/],
  ['with ttlKind 4', put((frame) => frame.writeUInt8(4, 11)), ID, /ttlKind/],
  ['with a ttl of 2^53', put((frame) => frame.writeUInt32LE(0x200000, 20)), ID, /ttlMs/],
  ['with a ttl of 2^64 - 1', put((frame) => frame.fill(0xff, 16, 24)), ID, /ttlMs/],
  ['with a key longer than the frame', put((frame) => frame.writeUInt16LE(65535, 24)), ID, /longer than/],
  ['with an ETag longer than the frame', put((frame) => frame.writeUInt16LE(65535, 26)), ID, /longer than/],
  ['with an extra that is cut off', extras('04080001000000000000'), ID, /longer than the extras/],
  ['with a head of an extra that is cut off', extras('0408'), ID, /longer than the extras/],
  ['with an extra of 7 bytes', extras('0407000100000000000000'), ID, /length of its kind/],
  ['with a token of 8 bytes', extras('0308000100000000000000'), ID, /length of its kind/],
  ['with an extra of kind 10', extras('0a0000'), ID, /not known/],
  ['with an extra of kind 0', extras('000000'), ID, /not known/],
  ['with an extra twice', extras('04080001000000000000000408000200000000000000'), ID, /twice/],
  ['with an empty tag', extras('060000'), ID, /1 to 255 bytes/],
  ['with a tag of 256 bytes', extras(`060001${'61'.repeat(256)}`), ID, /1 to 255 bytes/],
  ['with a tag that is not UTF-8', extras('060100ff'), ID, /UTF-8/],
  ['with 101 tags', extras('06010061'.repeat(101)), ID, /up to 100 tags/],
  ['with a sliding life of 2^53', extras('0108000000000000002000'), ID, /2\^53/],
  ['with extras longer than the frame', put((frame) => frame.writeUInt16LE(65535, 28)), ID, /longer than/],
  ['cut in its ETag', put((frame) => frame.subarray(0, 40)), ID, /longer than/],
  ['with an ETag of 19 bytes', put((frame) => frame.writeUInt16LE(19, 26)), ID, /20 bytes/],
  ['with condition etag and none', put((frame) => frame.writeUInt16LE(0, 26)), ID, /20 bytes/],
  ['with an ETag and no condition', put((frame) => frame.writeUInt8(0, 10)), ID, /20 bytes/],
  ['that gets with a value', put((frame) => frame.writeUInt8(1, 8)), ID, /carries no value/],
  ['that deletes with a value', put((frame) => frame.writeUInt8(3, 8)), ID, /carries no value/],
  ['that touches with a value', put((frame) => frame.writeUInt8(4, 8)), ID, /carries no value/],
  ['that locks with a value', put((frame) => frame.writeUInt8(10, 8)), ID, /carries no value/],
  ['that unlocks with a value', put((frame) => frame.writeUInt8(11, 8)), ID, /carries no value/],
  ['that pings with a value', put((frame) => frame.writeUInt8(5, 8)), ID, /carries no value/],
];
for (const [what, frame, id, message] of MALFORMED)
  t.test(`an operation ${what} is refused with the id it came with`, async (t) => {
    const error = t.throws(() => readOperation(frame), FrameError) as FrameError;
    t.match(error.message, message);
    t.equal(error.id, id);
  });

t.test('the operation that the malformed ones are made of is read, with a ttl of 2^53 - 1 too', async (t) => {
  t.same(readOperation(put(() => {})), PUT);
  const longest = put((frame) => frame.fill(0xff, 16, 22).fill(0x1f, 22, 23));
  t.equal(readOperation(longest).ttlMs, 2 ** 53 - 1);
});

t.test('a result that is cut, or of an unknown status or outcome, is refused', async (t) => {
  const withEtag = Buffer.from(golden.results.find(({ result }) => result.etag)?.frame ?? '', 'hex');
  const changed = (at: number, byte: number) => Buffer.from(withEtag.with(at, byte));
  for (const frame of [
    withEtag.subarray(0, 19),
    withEtag.subarray(0, 39),
    changed(8, 7),
    changed(8, 254),
    changed(10, 3),
  ])
    t.throws(() => readResult(frame), FrameError);
});
