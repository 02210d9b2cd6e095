// A run of the property on locks: many clients lock, write, unlock, crash and come late on few keys, as a seed says, and
// what they are answered is held against what can be. Knows nothing of how locks are made.
import { type Backend, type Operation, operation, type Result } from '../../src/backend.js';
import { randomFrom } from '../fixtures/random.js';

/** What the clients stand on. Times are milliseconds. */
export interface World {
  /** Of the clients, one after the other. */
  backends: readonly Backend[];
  now(): number;
  pause(ms: number): Promise<void>;
  /** How far the clocks of the clients and of the backend may be apart. */
  slackMs: number;
}

const CLIENTS = 32;
const KEYS = 16;
const SHORTEST_LEASE_MS = 25;
const LONGEST_LEASE_MS = 60;
const LIFE = { ttlKind: 'for', ttlMs: 600_000 } as const;

/** A lock as its holder knows it. */
interface Hold {
  /** The answer was there: from here on it is held for certain, until `until`, or until the holder sends that it ends. */
  from: number;
  until: number;
  endSent: number;
}

/** Plays so many tries. Answers what cannot be, with the number of the try; nothing if all is well. */
export async function playLocks(world: World, seed: number, tries: number): Promise<string[]> {
  const run = new Run(world, seed);
  let begun = 0;
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      while (begun < tries && run.faults.length === 0) await run.attempt(client, ++begun);
    }),
  );
  if (run.granted < tries / 20) run.faults.push(`only ${run.granted} of ${tries} locks were granted`);
  return run.faults;
}

class Run {
  readonly faults: string[] = [];
  granted = 0;
  readonly #world: World;
  readonly #seed: number;
  readonly #random: () => number;
  readonly #holds = new Map<number, Hold[]>();
  /** Values that a holder has read and then replaced: nobody else can have done so. */
  readonly #replaced = new Set<string>();

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#seed = seed;
    this.#random = randomFrom(seed);
  }

  async attempt(client: number, number: number): Promise<void> {
    const { now, pause } = this.#world;
    const key = this.#below(KEYS);
    const token = Buffer.from(Array.from({ length: 16 }, () => this.#below(256)));
    const leaseMs = SHORTEST_LEASE_MS + this.#below(LONGEST_LEASE_MS - SHORTEST_LEASE_MS + 1);
    // Drawn before anything is asked, so that a seed gives every try the same fate.
    const [fate, stranger, waitMs] = [this.#random(), this.#random(), this.#below(4)];
    const ask = (verb: Operation['verb'], asked: Partial<Operation> = {}) =>
      this.#ask(client, key, verb, asked);
    const fault = (what: string) => this.faults.push(`try ${number}: ${what}`);
    if (stranger < 0.1) await this.#strange(ask, stranger, fault);
    const sent = now();
    const lock = await ask('lock', { extras: { token, absent: true }, ttlKind: 'for', ttlMs: leaseMs });
    const got = now();
    if (lock.status === 'locked') {
      if (!(Number(lock.ttlMs) <= LONGEST_LEASE_MS)) fault(`a lease of ${lock.ttlMs} ms is left`);
      return pause(waitMs * 3);
    }
    if (lock.status !== 'ok') return void fault(`a lock was answered with ${lock.status}`);
    this.granted += 1;
    const holds = this.#holds.get(key) ?? [];
    for (const { from, until, endSent } of holds)
      if (from <= sent && got < Math.min(until, endSent)) fault('two hold one lock');
    const hold: Hold = { from: got, until: sent + leaseMs - this.#world.slackMs, endSent: Infinity };
    this.#holds.set(key, [...holds.filter(({ until }) => until > sent - 1000), hold]);

    // It crashes: nothing more is heard of it.
    if (fate < 0.08) return;
    const late = fate < 0.16;
    await pause(late ? leaseMs + this.#world.slackMs + waitMs : waitMs);
    const way = this.#random();
    hold.endSent = now();
    const value = Buffer.from(`${this.#seed}:${number}`);
    const ended =
      way < 0.6
        ? await ask('put', { value, ...LIFE, extras: { token } })
        : await ask(way < 0.75 ? 'delete' : 'unlock', { extras: { token } });
    const done = ended.status === 'ok' || ended.status === 'miss';
    if (!done && ended.status !== 'not_held') fault(`the end of a lock was answered with ${ended.status}`);
    if (late && done) fault('an end that came after the lease took effect');
    if (!done && now() < hold.until) fault('a lock that is held was not_held');
    if (!done || way >= 0.75 || !lock.value) return;
    if (this.#replaced.has(String(lock.value)))
      fault('two have replaced one value that they read under the lock');
    this.#replaced.add(String(lock.value));
  }

  /** Somebody without the lock: what they do plainly is done, with a token of their own it is not. */
  async #strange(
    ask: (verb: Operation['verb'], asked?: Partial<Operation>) => Promise<Result>,
    how: number,
    fault: (what: string) => void,
  ): Promise<void> {
    const value = Buffer.from(`plain ${this.#below(2 ** 32)}:${this.#below(2 ** 32)}`);
    if (how < 0.02) return void (await ask('put', { value, ...LIFE }));
    const extras = { token: Buffer.alloc(16, 0xff) };
    const asked = how < 0.05 ? await ask('put', { value, ...LIFE, extras }) : undefined;
    const result = asked ?? (await ask(how < 0.07 ? 'delete' : 'unlock', { extras }));
    if (result.status !== 'not_held') fault(`a token of no lock was answered with ${result.status}`);
  }

  #ask(client: number, key: number, verb: Operation['verb'], asked: Partial<Operation>): Promise<Result> {
    const { backends } = this.#world;
    const backend = backends[client % backends.length] as Backend;
    const name = Buffer.from(`locks:${this.#seed}:${key}`);
    return backend.run({ ...operation(verb, name), deadlineMs: 10_000, ...asked });
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
