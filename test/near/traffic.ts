// Readers and writers at full speed on a few keys: through two sidecars and directly on their Redis. Every read is judged
// (ledger.ts). Used by near-redis.test.ts for some seconds, and by long/near-redis.test.ts for a minute.
import type { RedisClientType } from 'redis';
import type { AzureCache } from '../../client/dist/index.js';
import { Ledger } from './ledger.js';

const KEYS = ['a', 'b', 'c', 'd'];
const READERS = 4;
/** What expires does so within this. */
const SHORT_MS = 20;
/** A write whose connection broke has been done by then, or is not any more. */
const LATE_MS = 500;

export interface TrafficOptions {
  /** By their names. */
  caches: Record<string, AzureCache>;
  redis: RedisClientType;
  /** 0 to 1. */
  random: () => number;
}

export interface Counts {
  reads: number;
  /** Reads that got no answer. */
  failed: number;
  writes: number;
  /** Writes of which nobody knows whether they were done. */
  lost: number;
}

export class Traffic {
  readonly faults: string[] = [];
  readonly counts: Counts = { reads: 0, failed: 0, writes: 0, lost: 0 };
  readonly #options: TrafficOptions;
  readonly #ledgers = new Map(KEYS.map((key) => [key, new Ledger(now)]));
  readonly #writing = new Set<Promise<void>>();
  /** Nobody writes through these now: their network is about to fail, and what is lost could come late. */
  readonly #spared = new Set<string>();
  #lastValue = 0;
  #ended = false;
  #hold: Promise<void> | undefined;
  #all: Promise<unknown> | undefined;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  start(): void {
    const readers = Object.keys(this.#options.caches).flatMap((name) =>
      Array.from({ length: READERS }, () => this.#readOn(name)),
    );
    this.#all = Promise.all([...readers, ...KEYS.map((key) => this.#writeOn(key))]);
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#all;
  }

  /** While `act` runs nobody writes through this sidecar. */
  async spare(name: string, act: () => Promise<void>): Promise<void> {
    await this.#alone(async () => void this.#spared.add(name));
    await act();
    this.#spared.delete(name);
  }

  /** FLUSHDB, between writes. */
  flush(): Promise<void> {
    return this.#alone(async () => {
      const done = [...this.#ledgers.values()].map((ledger) => ledger.begin(null));
      await this.#options.redis.flushDb();
      for (const one of done) one();
    });
  }

  async #alone(act: () => Promise<void>): Promise<void> {
    let release = () => {};
    this.#hold = new Promise((resolve) => {
      release = resolve;
    });
    await Promise.all(this.#writing);
    await act();
    this.#hold = undefined;
    release();
  }

  async #readOn(name: string): Promise<void> {
    const cache = this.#options.caches[name] as AzureCache;
    while (!this.#ended) {
      const key = this.#pick(KEYS);
      const fromMs = now();
      try {
        const value = (await cache.get(key)) as number | null;
        this.counts.reads += 1;
        const fault = this.#ledgers.get(key)?.fault(value ?? null, name, fromMs);
        if (fault) this.faults.push(`${key} through ${name}: ${fault}`);
      } catch {
        this.counts.failed += 1;
      }
    }
  }

  async #writeOn(key: string): Promise<void> {
    while (!this.#ended) {
      await this.#hold;
      const write = this.#write(key).catch((error) => this.#lose(error));
      this.#writing.add(write);
      await write;
      this.#writing.delete(write);
      this.counts.writes += 1;
      // So that there is something to be held between two writes.
      await new Promise((next) => setTimeout(next, this.#options.random() * 20));
    }
  }

  /** To the ledger it stays under way: what it has written, and what was there before, may be read until the next write. */
  async #lose(error: unknown): Promise<void> {
    if ((error as { outcome?: unknown }).outcome === undefined) throw error;
    this.counts.lost += 1;
    await new Promise((next) => setTimeout(next, LATE_MS));
  }

  async #write(key: string): Promise<void> {
    const { caches, redis } = this.#options;
    const ledger = this.#ledgers.get(key) as Ledger;
    const value = ++this.#lastValue;
    const [name, cache] = this.#pick(Object.entries(caches).filter(([one]) => !this.#spared.has(one)));
    const way = Math.floor(this.#options.random() * 10);
    if (way < 4) {
      const done = ledger.begin(value, name);
      await cache.put(key, value, { ttl: 60 });
      return done();
    }
    if (way === 4) {
      const done = ledger.begin(null, name);
      await cache.remove(key);
      return done();
    }
    if (way === 5) {
      const done = ledger.begin(null);
      await redis.del(key);
      return done();
    }
    const done = ledger.begin(value);
    await redis.set(key, String(value));
    done();
    if (way < 8) return;
    const over = ledger.begin(null);
    if (way === 8) await redis.pExpire(key, SHORT_MS);
    else await redis.getEx(key, { type: 'PX', value: SHORT_MS });
    over(now() + SHORT_MS + 1);
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#options.random() * from.length)] as T;
  }
}

function now(): number {
  return performance.now();
}
