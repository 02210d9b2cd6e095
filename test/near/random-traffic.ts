// Random traffic on a near cache in told time, and the judgement of every read: what near-property.test.ts holds it to.
import fc from 'fast-check';
import type { Operation } from '../../src/backend.js';
import type { NearCache } from '../../src/near-cache.js';
import { type Bench, openBench, operationOf } from './bench.js';

const BOUND_MS = 1000;
const JOIN_MS = 100;
const KEYS = ['a', 'b'] as const;
const short = { ttlKind: 'for', ttlMs: 40 } as const;

const WISHES = {
  get: {},
  look: { ttlKind: 'keep' },
  life: { wantTtl: true },
  fresh: { fresh: true },
  renew: { ttlKind: 'for', ttlMs: 60_000 },
  shorten: short,
} as const;
type Wish = keyof typeof WISHES;

export interface Step {
  gapMs: number;
  key: (typeof KEYS)[number];
  does:
    | { read: Wish }
    | { write: 'put' | 'short put' | 'delete' | 'touch' | 'clear' | 'append'; by: 'us' | 'others' }
    | { network: 'flush' | 'silence' | 'resume' }
    | { cut: 'told' | 'silent'; deafMs: number }
    | { delays: Bench['server']['delays'] };
}

const from = <const T extends string | number>(...values: T[]) => fc.constantFrom(...values);

/** Mostly reads: what is never held can never be too old. */
export const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    gapMs: from(0, 0, 1, 2, 5, 20, 110, 250, 450),
    key: from(...KEYS),
    does: fc.oneof(
      {
        weight: 12,
        arbitrary: fc.record({
          read: from('get', 'get', 'get', 'get', 'look', 'life', 'fresh', 'renew', 'shorten'),
        }),
      },
      {
        weight: 5,
        arbitrary: fc.record({
          write: from('put', 'put', 'short put', 'delete', 'touch', 'clear', 'append'),
          by: from('us', 'others'),
        }),
      },
      { weight: 2, arbitrary: fc.record({ network: from('flush', 'silence', 'resume') }) },
      { weight: 1, arbitrary: fc.record({ cut: from('told', 'silent'), deafMs: from(0, 700, 2000) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          delays: fc.record({
            commandMs: from(1, 1, 30),
            answerMs: from(1, 1, 30, 300),
            changeMs: from(1, 1, 400),
          }),
        }),
      },
    ),
  }),
  { minLength: 20, maxLength: 80 },
);

interface Asked {
  key: string;
  operation: Operation;
  sentMs: number;
  answeredMs: number;
}

/** Runs the steps; what is wrong with what was read, in sentences. */
export async function faultsOf(steps: Step[], Near?: typeof NearCache): Promise<string[]> {
  const bench = await openBench(Near ? { Near } : {});
  const { time, server, near } = bench;
  const faults: string[] = [];
  const asked: Asked[] = [];
  const running: Promise<void>[] = [];
  let values = 0;

  const ask = (key: string, operation: Operation, judge: boolean) => {
    const one: Asked = { key, operation, sentMs: time.nowMs, answeredMs: Number.POSITIVE_INFINITY };
    const before = [...asked];
    asked.push(one);
    const answered = near.run(operation).then(({ status, value, ttlMs }) => {
      one.answeredMs = time.nowMs;
      if (judge)
        faults.push(...judged(bench, one, before, status === 'ok' ? String(value) : undefined, ttlMs));
    });
    running.push(answered);
  };

  for (const { gapMs, key, does } of steps) {
    await time.pass(gapMs);
    if ('read' in does) ask(key, operationOf('get', key, WISHES[does.read]), true);
    if ('write' in does) {
      const operation = writeOf(does.write, key, String(++values));
      if (does.by === 'us') ask(key, operation, false);
      else server.foreign(operation);
    }
    if ('network' in does) server[does.network]();
    if ('cut' in does) server.cut(does.cut === 'told', does.deafMs);
    if ('delays' in does) server.delays = does.delays;
  }
  await time.until(Promise.all(running));
  await near.close();
  return faults;
}

function writeOf(write: string, key: string, text: string): Operation {
  const value = Buffer.from(text);
  if (write === 'put') return operationOf('put', key, { value });
  if (write === 'short put') return operationOf('put', key, { value, ...short });
  if (write === 'touch') return operationOf('touch', key, short);
  if (write === 'append') return operationOf('append', key, { value: Buffer.from(`,${text}`) });
  return operationOf(write === 'clear' ? 'clear' : 'delete', key);
}

function judged(
  { server }: Bench,
  read: Asked,
  before: Asked[],
  value: string | undefined,
  ttlMs: number | undefined,
): string[] {
  const { key, sentMs, answeredMs } = read;
  let fromMs = sentMs - BOUND_MS;
  // A fresh read says nothing of the life of what it finds.
  let valueFromMs = read.operation.fresh ? sentMs : fromMs;
  for (const { operation, key: its, answeredMs: itsMs } of before) {
    if (its !== key && operation.verb !== 'clear') continue;
    const doneMs = server.doneMs.get(operation) ?? 0;
    const reads = operation.verb === 'get' && ['default', 'keep'].includes(operation.ttlKind);
    // What we changed before counts, answered or not; a fresh read once it was answered.
    if (!reads) fromMs = Math.max(fromMs, doneMs);
    else if (operation.fresh && itsMs <= sentMs) valueFromMs = Math.max(valueFromMs, doneMs);
  }
  valueFromMs = Math.max(valueFromMs, fromMs);
  const within = (sinceMs: number) =>
    server.statesBetween(key, sinceMs, answeredMs).filter((state) => state.value === value);
  if (within(valueFromMs).length === 0)
    return [`${key}: read ${value} at ${sentMs}, which was not there from ${valueFromMs} to ${answeredMs}`];
  if (value === undefined) return [];
  // A read that joined another has what was there when that one began.
  const alive = within(fromMs).filter(({ endsMs }) => endsMs > sentMs - JOIN_MS);
  if (alive.length === 0) return [`${key}: read ${value} at ${sentMs}, which had ended`];
  if (ttlMs !== undefined && !alive.some(({ endsMs }) => ttlMs <= Math.max(1, endsMs - sentMs)))
    return [`${key}: at ${sentMs} ${value} has ${ttlMs} ms to live, which is too long`];
  return [];
}
