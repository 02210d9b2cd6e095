// The client's half of the frame format, held to the golden bytes that the sidecar and .NET are held to, and its
// table of errors, held to the sidecar's.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { SIDECAR_ERRORS } from '../client/dist/errors.js';
import {
  FrameReader,
  frameId,
  operationBytes,
  readResult,
  writeOperation,
} from '../client/dist/transport/frame.js';
import type { Operation } from '../client/dist/transport/operation.js';
import { ERRORS } from '../src/errors.js';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const golden = JSON.parse(read('golden-frames.json'), (name, value) => {
  if (name === 'ttlMs' && value === 'never') return Number.POSITIVE_INFINITY;
  if (typeof value?.int64 === 'string') return BigInt(value.int64);
  return typeof value?.hex === 'string' ? Buffer.from(value.hex, 'hex') : value;
}) as {
  operations: { name: string; id: number; operation: Operation & { key: Buffer }; frame: string }[];
  results: { name: string; id: number; result: { value?: Buffer; sliding?: boolean }; frame: string }[];
};

for (const { name, id, operation, frame } of golden.operations)
  t.test(`the client writes the operation "${name}" in its golden bytes`, async (t) => {
    const asked = { ...operation, key: operation.key.toString() };
    const bytes = Buffer.alloc(operationBytes(asked) + 2, 0xee);
    t.equal(writeOperation(bytes, 1, id, asked, operation.deadlineMs ?? 0), bytes.length - 1);
    t.equal(bytes.toString('hex'), `ee${frame}ee`);
  });

for (const { name, id, result, frame } of golden.results)
  t.test(`the client reads the result "${name}" from its golden bytes`, async (t) => {
    const bytes = Buffer.from(frame, 'hex');
    t.equal(frameId(bytes), id);
    const answer = { value: undefined, etag: undefined, ttlMs: undefined };
    // What is for the near cache means nothing to the client.
    const { sliding: _, ...told } = result;
    t.same(readResult(bytes), 'detail' in told ? told : { ...answer, ...told });
  });

t.test(
  'an operation that names no more than its verb and key means what the sidecar takes for granted',
  async (t) => {
    const bytes = Buffer.alloc(operationBytes({ verb: 'get', key: 'k' }));
    writeOperation(bytes, 0, 1, { verb: 'get', key: 'k' }, 0);
    t.equal(bytes.toString('hex'), `1b0000000100000001${'00'.repeat(15)}0100000000006b`);
  },
);

t.test(
  'an error with a number that this client does not know is internal, with what the sidecar says',
  async (t) => {
    const bytes = Buffer.from('1200000001000000c800020000000000000000006869', 'hex');
    t.same(readResult(bytes), { status: 'internal', outcome: 'unknown', detail: 'hi' });
  },
);

t.test('a string is written as the bytes of its UTF-8', async (t) => {
  const frameOf = (value: string | Buffer) => {
    const put: Operation = { verb: 'put', key: 'k', value };
    const bytes = Buffer.alloc(operationBytes(put));
    t.equal(writeOperation(bytes, 0, 1, put, 0), bytes.length);
    return bytes.toString('hex');
  };
  for (const text of ['', 'plain', 'é – 漢字 – 😀', 'with \0 inside'])
    t.equal(frameOf(text), frameOf(Buffer.from(text)));
});

t.test('events are no results', async (t) => {
  t.equal(readResult(Buffer.from('1200000000000000ff00000000000000000000007b7d', 'hex')), undefined);
});

t.test('a result that is no result is refused', async (t) => {
  for (const [why, frame] of [
    ['shorter than its header', '0400000001000000'],
    ['an unknown outcome', '1000000001000000000003000000000000000000'],
    ['an ETag that is not there', '1000000001000000000100000000000000000000'],
  ] as const)
    t.throws(() => readResult(Buffer.from(frame, 'hex')), { name: 'FrameError' }, why);
});

t.test('frames come out whole, however the bytes are cut', async (t) => {
  const stream = Buffer.concat(golden.results.map(({ frame }) => Buffer.from(frame, 'hex')));
  for (const size of [1, 3, 7, 8, 29, 64, stream.length]) {
    const reader = new FrameReader();
    const frames: string[] = [];
    for (let at = 0; at < stream.length; at += size) {
      reader.push(stream.subarray(at, at + size));
      for (let frame = reader.next(); frame; frame = reader.next()) frames.push(frame.toString('hex'));
    }
    t.same(
      frames,
      golden.results.map(({ frame }) => frame),
      `in pieces of ${size}`,
    );
  }
});

t.test('a length that cannot be one ends the reading', async (t) => {
  for (const length of ['00000000', '03000000', 'ffffffff', '00000010']) {
    const reader = new FrameReader();
    reader.push(Buffer.from(`${length}01000000`, 'hex'));
    t.throws(() => reader.next(), { name: 'FrameError' }, length);
  }
});

t.test("FORMAT is the sidecar's, word for word", async (t) => {
  const formatOf = (source: string) => {
    const lines = source.split('\n');
    const start = lines.findIndex((line) => line.startsWith('// FORMAT (v1)'));
    const end = lines.findIndex((line, index) => index > start && !line.startsWith('//'));
    return lines.slice(start, end).join('\n');
  };
  const format = formatOf(read('../src/frame.ts'));
  t.match(format, /OPERATION[\s\S]*RESULT/);
  t.equal(formatOf(read('../client/src/transport/frame.ts')), format);
});

t.test("the table of errors is the sidecar's", async (t) => {
  const rows = Object.entries(ERRORS)
    // Below are answers; only of a lock that another holds does the client make an error.
    .filter(([code, row]) => row.wire >= 16 || code === 'locked')
    .map(([code, row]) => [String(row.wire), [code, row.status, row.retryable]]);
  t.same(SIDECAR_ERRORS, Object.fromEntries(rows));
});
