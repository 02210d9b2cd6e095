// FrameReader: whole frames out of bytes that come in any pieces, and lengths that lie.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { FrameError } from '../src/frame-error.js';
import { FrameReader } from '../src/frame-reader.js';

const golden = readFileSync(new URL('golden-frames.json', import.meta.url), 'utf8');
const FRAMES: string[] = JSON.parse(golden).operations.map(({ frame }: { frame: string }) => frame);
const STREAM = Buffer.from(FRAMES.join(''), 'hex');
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
