// Changes on their way to JavaScript: their bytes, which .NET is held to as well, and their order.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { type Change, operation, type Result } from '../src/backend.js';
import { Bridge } from '../src/bridge.js';
import { readChange } from '../src/changes.js';
import { CHANGES_STATUS, resultBytes, writeResult } from '../src/frame.js';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const golden = JSON.parse(read('golden-frames.json'), (_, value) =>
  typeof value?.hex === 'string' ? Buffer.from(value.hex, 'hex') : value,
) as { changes: { name: string; change: Change; bytes: string }[] };

for (const { name, change, bytes } of golden.changes)
  t.test(`"${name}" is read from its golden bytes`, async (t) => {
    t.same(readChange(Buffer.from(bytes, 'hex')), change);
  });

const OK: Result = {
  ...{ status: 'ok', outcome: 'not_applied', value: undefined },
  ...{ etag: undefined, ttlMs: undefined, detail: undefined },
};

/** A RESULT frame of a change. */
function told(mark: number): Buffer {
  const value = Buffer.from([4, mark, 0, 0, 0]);
  const frame = Buffer.alloc(resultBytes({ ...OK, value }));
  writeResult(frame, 0, 0, { ...OK, value });
  frame[8] = CHANGES_STATUS;
  return frame;
}

t.test('what .NET hands over is gone through in its order, also where it calls back at once', async (t) => {
  const batches = [1, 2, 3].map((first) => Buffer.concat([told(first * 10), told(first * 10 + 1)]));
  let more: ((error: unknown, frames: Buffer | null) => void) | undefined;
  const gateway = {
    description: Buffer.from('{"backend":"redis","endpoints":[],"versions":{}}'),
    endPoints: Buffer.from('[]'),
    submit: () => {},
    mark: () => {},
    results: (_: null, callback: typeof more) => {
      const next = more ? batches.shift() : undefined;
      more = callback;
      if (next) callback?.(undefined, next);
    },
    close: (_: null, callback: (error: unknown, answer: null) => void) => {
      callback(undefined, null);
      more?.(undefined, null);
    },
  };
  const bridge = new Bridge(gateway as unknown as ConstructorParameters<typeof Bridge>[0], () => {});
  const seen: unknown[] = [];
  bridge.watch((change) => seen.push(change.kind === 'proof' && change.mark));
  more?.(undefined, batches.shift() as Buffer);
  t.same(seen, [10, 11, 20, 21, 30, 31]);
  await bridge.close();
  t.equal((await bridge.run(operation('get', Buffer.from('k')))).status, 'shutting_down');
});
