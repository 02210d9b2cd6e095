// What all calls of one cache have in common: the connection below, the prefix of its keys and its default life.
// Made by cache.ts; used by calls.ts, many-calls.ts, counters.ts and regions.ts.
import { AzureCacheError } from '../errors.js';
import { type Life, lifeOf } from '../life.js';
import type { Transport } from '../transport/transport.js';
import { Flights } from './flights.js';
import { Turns } from './turns.js';

export class Scope {
  readonly transport: Transport;
  /** Of entries that are written without one. */
  readonly life: Life;
  readonly keep: Life;
  /** Of updates: one after the other for each key. */
  readonly turns: Turns;
  /** Of values that are looked up or made: one for each key. */
  readonly flights = new Flights();
  readonly #prefix: string;

  constructor(transport: Transport, prefix: string, life: Life) {
    this.transport = transport;
    this.life = life;
    // Where there is nothing to keep, a default of `never` cannot be asked for: the sidecar's default takes its place.
    this.keep = { ttlKind: 'keep', ttlMs: life.ttlMs };
    this.turns = new Turns(transport.deadlineMs);
    this.#prefix = prefix;
  }

  /**
   * The key as the sidecar knows it; what else makes a key invalid, the transport and the sidecar tell.
   * @throws AzureCacheError `key_invalid`, `key_empty`
   */
  key(call: string, key: unknown): string {
    if (typeof key !== 'string') throw new AzureCacheError('key_invalid', `${call}: a key is a string.`);
    // Below, the prefix would hide it.
    if (key === '') throw new AzureCacheError('key_empty', `${call}: the key is empty.`);
    return this.#prefix + key;
  }

  /**
   * What all keys of a region begin with, as the sidecar knows them.
   * @throws AzureCacheError `key_invalid`
   */
  region(call: string, prefix: unknown): string {
    if (typeof prefix !== 'string')
      throw new AzureCacheError('key_invalid', `${call}: a prefix is a string; '' stands for every key.`);
    return this.#prefix + prefix;
  }

  /** A key as the application knows it. */
  ownKey(key: string): string {
    return key.slice(this.#prefix.length);
  }

  /** @throws AzureCacheError `ttl_invalid` */
  lifeOf(ttl: unknown): Life {
    if (ttl === undefined || ttl === null) return this.life;
    const life = lifeOf(ttl);
    return life.ttlKind === 'keep' ? this.keep : life;
  }
}
