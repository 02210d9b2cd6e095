// The rules of the near cache, one by one, on a server and in a time of the test's own. All of them together, with
// random traffic: near-property.test.ts; on real servers: near-redis.test.ts.
import { createHash } from 'node:crypto';
import t from 'tap';
import type { Operation, Result } from '../src/backend.js';
import { type Bench, openBench } from './near/bench.js';

const textOf = ({ status, value }: Result) => (status === 'ok' ? String(value) : status);
const value = (text: string) => ({ value: Buffer.from(text) });
const lasting = (ttlMs: number) => ({ ttlKind: 'for', ttlMs }) as const;

/** Whether a get of the key is answered from the near cache. */
async function isHeld(bench: Bench, key: string, asked?: Partial<Operation>): Promise<boolean> {
  bench.asked();
  await bench.get(key, asked);
  return bench.asked() === 0;
}

t.test(
  'the second read of a key fills it and asks for the life left; the third is served, at once',
  async (t) => {
    const bench = await openBench();
    bench.foreign('put', 'k', value('v'));
    t.match(await bench.get('k'), { status: 'ok', value: Buffer.from('v'), ttlMs: undefined });
    t.match(await bench.get('k'), {
      status: 'ok',
      value: Buffer.from('v'),
      ttlMs: undefined,
      etag: undefined,
    });
    t.same(
      bench.server.read.map(({ wantTtl }) => wantTtl),
      [false, true],
    );
    const before = bench.time.nowMs;
    t.equal(textOf(await bench.get('k')), 'v');
    t.equal(bench.time.nowMs, before);
    t.equal(bench.asked(), 2);
  },
);

t.test('a key that is not there is asked for every time', async (t) => {
  const bench = await openBench();
  for (let i = 0; i < 4; i++) t.equal(textOf(await bench.get('k')), 'miss');
  t.equal(bench.asked(), 4);
});

t.test('the life left is served, and decreases; an entry is not served beyond it', async (t) => {
  const bench = await openBench();
  bench.foreign('put', 'k', { ...value('v'), ...lasting(300) });
  await bench.hold('k');
  const first = (await bench.get('k', { wantTtl: true })).ttlMs as number;
  t.ok(first > 290 && first <= 300, `${first}`);
  await bench.time.pass(100);
  t.equal((await bench.get('k', { wantTtl: true })).ttlMs, first - 100);
  t.equal(bench.asked(), 0);
  const left = bench.server.store.get(Buffer.from('k'))?.expiresAt as number;
  await bench.time.pass(left - bench.time.nowMs);
  t.equal(textOf(await bench.get('k')), 'miss');
  t.equal(bench.asked(), 1);
});

t.test('an entry that never expires is served as such', async (t) => {
  const bench = await openBench();
  bench.foreign('put', 'k', { ...value('v'), ttlKind: 'never' });
  await bench.hold('k');
  t.equal((await bench.get('k', { wantTtl: true })).ttlMs, Number.POSITIVE_INFINITY);
  t.equal(bench.asked(), 0);
});

t.test('the ETag is served too, whether the read that filled it asked for it or not', async (t) => {
  const etag = createHash('sha1').update('v').digest();
  for (const wantEtag of [true, false]) {
    const bench = await openBench();
    bench.foreign('put', 'k', value('v'));
    await bench.hold('k', { wantEtag });
    for (let i = 0; i < 2; i++) t.same((await bench.get('k', { wantEtag: true })).etag, etag);
    t.equal((await bench.get('k')).etag, undefined);
    t.equal(bench.asked(), 0);
  }
});

const CHANGES: [verb: Operation['verb'], key: string, asked: Partial<Operation>][] = [
  ['put', 'k', value('1')],
  ['put', 'k', { ...value('1'), condition: 'present' }],
  ['put', 'k', { ...value('1'), condition: 'absent' }],
  ['delete', 'k', {}],
  ['touch', 'k', lasting(10_000)],
  ['increment', 'k', {}],
  ['append', 'k', value('1')],
  ['prepend', 'k', value('1')],
  ['clear', 'k', {}],
  ['get', 'k', lasting(10_000)],
];
for (const [verb, key, asked] of CHANGES)
  t.test(
    `${verb} ${JSON.stringify(asked)} takes the copy away when it is sent, and when it is answered`,
    async (t) => {
      const bench = await openBench({ alone: true });
      await bench.put('k', '7');
      await bench.hold('k');
      t.equal(await isHeld(bench, 'k'), true);
      const changing = bench.begin(verb, key, asked);
      t.equal(await isHeld(bench, 'k'), false, 'it is sent');
      await bench.time.until(changing);
      await bench.get('k');
      await bench.get('k');
      if (verb !== 'delete' && verb !== 'clear') t.equal(await isHeld(bench, 'k'), true, 'it is held again');
    },
  );

t.test('what is read while a write is under way is not kept', async (t) => {
  // A server on which commands overtake each other: the write takes effect after the read that was sent behind it.
  const bench = await openBench({ alone: true });
  await bench.put('k', 'old');
  await bench.hold('k');
  const late = bench.server.run.bind(bench.server);
  bench.server.run = async (operation) => {
    if (operation.verb === 'put')
      await new Promise<void>((done) => bench.time.at(bench.time.nowMs + 50, done));
    return late(operation);
  };
  const putting = bench.begin('put', 'k', value('new'));
  t.equal(textOf(await bench.get('k')), 'old');
  t.equal(textOf(await bench.get('k')), 'old');
  await bench.time.until(putting);
  t.equal(textOf(await bench.get('k')), 'new');
});

t.test('list and ping change nothing', async (t) => {
  const bench = await openBench();
  bench.foreign('put', 'k', value('v'));
  await bench.hold('k');
  await bench.run('list', '');
  await bench.run('ping', '');
  t.equal(await isHeld(bench, 'k'), true);
});

t.test('a change by others takes the copy away, and wins over a read that is under way', async (t) => {
  const bench = await openBench();
  bench.foreign('put', 'k', value('old'));
  await bench.hold('k');
  bench.foreign('put', 'k', value('new'));
  await bench.time.pass(5);
  t.equal(textOf(await bench.get('k')), 'new');

  await bench.hold('k');
  await bench.put('k', 'old');
  bench.server.delays.answerMs = 100;
  const reading = bench.begin('get', 'k');
  await bench.time.pass(20);
  bench.foreign('put', 'k', value('new'));
  t.equal(textOf(await bench.time.until(reading)), 'old', 'it was read before');
  bench.server.delays.answerMs = 1;
  t.equal(textOf(await bench.get('k')), 'new');
});

t.test(
  'a change of everything, and lost changes, empty it; after lost ones it serves when a mark is back',
  async (t) => {
    for (const kind of ['everything', 'lost'] as const) {
      const bench = await openBench();
      bench.foreign('put', 'k', value('v'));
      await bench.hold('k');
      bench.server.tell({ kind });
      await bench.time.pass(5);
      t.equal(await isHeld(bench, 'k'), false, kind);
      await bench.hold('k');
      t.equal(await isHeld(bench, 'k'), kind === 'everything', kind);
      await bench.time.pass(500);
      await bench.hold('k');
      t.equal(await isHeld(bench, 'k'), true, kind);
    }
  },
);

t.test('it serves for a second from when the last mark was sent that came back', async (t) => {
  const bench = await openBench();
  bench.foreign('put', 'k', value('old'));
  await bench.hold('k');
  // Marks are sent at 0, 500, ...: the one at 500 comes back at 900, the one at 1000 never.
  bench.server.delays.changeMs = 400;
  await bench.time.pass(950 - bench.time.nowMs);
  bench.server.silence();
  bench.foreign('put', 'k', value('new'));
  await bench.time.pass(1490 - bench.time.nowMs);
  t.equal(textOf(await bench.get('k')), 'old');
  await bench.time.pass(1500 - bench.time.nowMs);
  t.equal(textOf(await bench.get('k')), 'new');
  t.equal(await isHeld(bench, 'k'), false, 'and is off');
  bench.server.resume();
  bench.server.delays.changeMs = 1;
  await bench.time.pass(1000);
  await bench.hold('k');
  t.equal(await isHeld(bench, 'k'), true, 'until marks come back');
});

t.test('marks are asked for every half second, and none where nobody else can write', async (t) => {
  const bench = await openBench();
  await bench.time.pass(5000 - bench.time.nowMs);
  t.same(bench.server.marks, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  await bench.near.close();
  await bench.time.pass(2000);
  t.equal(bench.server.marks.length, 11, 'none after the end');
  const alone = await openBench({ alone: true });
  await alone.time.pass(5000);
  t.same(alone.server.marks, []);
  await alone.put('k', 'v');
  await alone.hold('k');
  t.equal(await isHeld(alone, 'k'), true);
});

t.test(
  'a machine that has slept holds nothing, and serves when a mark is back that was sent since',
  async (t) => {
    for (const alone of [false, true]) {
      const bench = await openBench({ alone });
      await bench.put('k', 'v');
      await bench.hold('k');
      t.equal(await isHeld(bench, 'k'), true);
      bench.time.sleptMs += 60_000;
      t.equal(await isHeld(bench, 'k'), false);
      await bench.hold('k');
      t.equal(await isHeld(bench, 'k'), alone);
      await bench.time.pass(510);
      await bench.hold('k');
      t.equal(await isHeld(bench, 'k'), true);
    }
  },
);

t.test('reads of one key at once are one read of the server, whatever each wants of it', async (t) => {
  const bench = await openBench();
  bench.foreign('put', 'k', value('v'));
  for (const round of [1, 2]) {
    const all = Array.from({ length: 10 }, (_, i) => bench.begin('get', 'k', { wantEtag: i % 2 === 1 }));
    const results = await bench.time.until(Promise.all(all));
    t.equal(bench.asked(), 1, `round ${round}`);
    for (const [i, { value: found, etag, ttlMs }] of results.entries())
      t.same([String(found), etag?.length, ttlMs], ['v', i % 2 === 1 ? 20 : undefined, undefined]);
  }
});

t.test(
  'a read joins none that began over 100 ms before, that may end before its own deadline, or that lacks the life',
  async (t) => {
    const bench = await openBench();
    bench.foreign('put', 'k', value('v'));
    bench.server.delays.answerMs = 300;
    const all = [bench.begin('get', 'k')];
    await bench.time.pass(50);
    all.push(bench.begin('get', 'k', { deadlineMs: 1900 }));
    all.push(bench.begin('get', 'k', { deadlineMs: 1900 }));
    all.push(bench.begin('get', 'k', { deadlineMs: 5000 }));
    await bench.time.pass(101);
    all.push(bench.begin('get', 'k', { deadlineMs: 4950 }));
    const results = await bench.time.until(Promise.all(all));
    t.same(new Set(results.map(textOf)), new Set(['v']));
    t.equal(bench.asked(), 4);
    bench.foreign('put', 'other', value('v'));
    const plain = bench.begin('get', 'other');
    t.equal(typeof (await bench.get('other', { wantTtl: true })).ttlMs, 'number');
    await bench.time.until(plain);
    t.equal(bench.asked(), 2);
  },
);

t.test('a read that another has replaced is not kept: changes are not told to it any more', async (t) => {
  const bench = await openBench();
  bench.foreign('put', 'k', value('old'));
  await bench.time.pass(5);
  await bench.get('k');
  bench.server.delays.answerMs = 300;
  const both = [bench.begin('get', 'k')];
  await bench.time.pass(110);
  both.push(bench.begin('get', 'k'));
  await bench.time.pass(5);
  bench.foreign('put', 'k', value('new'));
  await bench.time.until(Promise.all(both));
  t.equal(bench.asked(), 3);
  t.equal(textOf(await bench.get('k')), 'new');
});

t.test('a read that starts after a write was acknowledged joins none that began before', async (t) => {
  const bench = await openBench();
  bench.foreign('put', 'k', value('old'));
  bench.server.delays.answerMs = 50;
  const before = bench.begin('get', 'k');
  await bench.time.pass(5);
  bench.server.delays.answerMs = 1;
  const putting = bench.begin('put', 'k', value('new'));
  const beside = bench.begin('get', 'k');
  await bench.time.until(putting);
  const after = bench.begin('get', 'k');
  t.equal(textOf(await bench.time.until(before)), 'old');
  t.equal(textOf(await bench.time.until(beside)), 'new', 'in the order of the calls');
  t.equal(textOf(await bench.time.until(after)), 'new');
});

t.test(
  'a fresh read goes to the server, joins nothing, and what it finds newer takes the copy away',
  async (t) => {
    const bench = await openBench();
    bench.foreign('put', 'k', value('old'));
    await bench.hold('k');
    t.equal(await isHeld(bench, 'k', { fresh: true }), false);
    t.equal(await isHeld(bench, 'k'), true, 'nothing newer was found');
    bench.server.delays.changeMs = 400;
    bench.foreign('put', 'k', value('new'));
    await bench.time.pass(5);
    t.equal(textOf(await bench.get('k')), 'old', 'the change is on its way');
    t.equal(textOf(await bench.get('k', { fresh: true })), 'new');
    t.equal(textOf(await bench.get('k')), 'new');
  },
);

t.test('without proof every read goes to the server, and none waits for another', async (t) => {
  const bench = await openBench();
  bench.foreign('put', 'k', value('v'));
  bench.server.silence();
  await bench.time.pass(2000);
  const all = Array.from({ length: 5 }, () => bench.begin('get', 'k'));
  await bench.time.until(Promise.all(all));
  t.equal(bench.asked(), 5);
});

t.test('failures are answered to all who wait, and not kept', async (t) => {
  const bench = await openBench();
  bench.server.store.plantForeign(Buffer.from('k'));
  const both = await bench.time.until(Promise.all([bench.begin('get', 'k'), bench.begin('get', 'k')]));
  t.same(both.map(textOf), ['foreign_type', 'foreign_type']);
  bench.foreign('put', 'k', value('v'));
  await bench.time.pass(5);
  t.equal(textOf(await bench.get('k')), 'v');
});

t.test(
  'where nobody else writes, nothing is kept for a second after a write that may still be done',
  async (t) => {
    const bench = await openBench({ alone: true });
    await bench.put('k', 'old');
    const run = bench.server.run.bind(bench.server);
    bench.server.run = async (operation) => {
      if (operation.verb !== 'put') return run(operation);
      bench.time.at(bench.time.nowMs + 900, () => bench.foreign('put', 'k', value('late')));
      return {
        ...(await run({ ...operation, verb: 'ping', key: Buffer.alloc(0) })),
        status: 'timeout',
        outcome: 'unknown',
      };
    };
    await bench.put('k', 'late');
    await bench.hold('k');
    await bench.time.pass(950);
    t.equal(textOf(await bench.get('k')), 'late');
    await bench.time.pass(100);
    await bench.hold('k');
    t.equal(await isHeld(bench, 'k'), true);
  },
);

t.test('a read that only looks at an entry is served too; one that uses it does not join it', async (t) => {
  const bench = await openBench();
  bench.foreign('put', 'k', value('v'));
  await bench.time.pass(5);
  const looking = bench.begin('get', 'k', { ttlKind: 'keep' });
  const both = [bench.begin('get', 'k'), bench.begin('get', 'k', { ttlKind: 'keep' })];
  for (const read of [looking, ...both]) t.equal(textOf(await bench.time.until(read)), 'v');
  t.equal(bench.asked(), 2);
  t.equal(await isHeld(bench, 'k', { ttlKind: 'keep' }), true);
});

t.test('sliding entries are never held', async (t) => {
  const bench = await openBench({ alone: true });
  await bench.put('k', 'v');
  const run = bench.server.run.bind(bench.server);
  bench.server.run = async (operation) => ({ ...(await run(operation)), sliding: true });
  await bench.hold('k');
  t.equal(await isHeld(bench, 'k'), false);
});

t.test(
  'it is bounded in bytes: those used longest ago make room, and nothing over an eighth is held',
  async (t) => {
    const bench = await openBench({ alone: true, maxBytes: 100_000 });
    await bench.put('small', 'v');
    await bench.hold('small');
    await bench.put('large', 'v'.repeat(12_500));
    await bench.hold('large');
    t.equal(await isHeld(bench, 'large'), false);
    t.equal(await isHeld(bench, 'small'), true);
    for (let i = 0; i < 30; i++) {
      await bench.put(`k${i}`, 'v'.repeat(9000));
      await bench.hold(`k${i}`);
      t.equal(await isHeld(bench, 'small'), true, 'what is used stays');
    }
    const held: number[] = [];
    for (let i = 29; i >= 0; i--) if (await isHeld(bench, `k${i}`)) held.push(i);
    t.ok(held.length >= 8 && held.length <= 10, `${held}`);
    t.equal(held[0], 29);
  },
);

t.test('a copy is of its own bytes: what it was read from may change', async (t) => {
  const bench = await openBench({ alone: true });
  await bench.put('k', 'v');
  const run = bench.server.run.bind(bench.server);
  const answered: Result[] = [];
  bench.server.run = async (operation) => {
    const result = await run(operation);
    answered.push(result);
    return result;
  };
  await bench.hold('k', { wantEtag: true });
  for (const { value: bytes, etag } of answered) for (const view of [bytes, etag]) view?.fill(0);
  const etag = createHash('sha1').update('v').digest();
  t.match(await bench.get('k', { wantEtag: true }), { value: Buffer.from('v'), etag });
});
