// A storage adapter for Keyv: keys and texts as Keyv makes them, lives in milliseconds. Its contract is Keyv 5's
// (KeyvStoreAdapter), which Keyv 6 takes through its bridge. Keyv puts its namespace in front of each key; `namespace`
// is set by it as well and bounds `clear` and `iterator`. It is not declared with a value: to Keyv 6 that would say
// that this store puts it in front of keys.
import { EventEmitter } from 'node:events';
import { AzureCacheError } from '../errors.js';
import { type Life, lifeOf, lifeOfMs } from '../life.js';
import { clearAll, listPages } from '../transport/listing.js';
import type { Operation, Result } from '../transport/operation.js';
import {
  openTransport,
  type Transport,
  type TransportOptions,
  warnOfOthers,
} from '../transport/transport.js';
import { runMany } from './many.js';
import { Scope } from './scope.js';

export interface KeyvStoreOptions extends TransportOptions {
  /** Stands before each key, in front of Keyv's namespace. Default `keyv:`. */
  prefix?: string;
}

/** One of `setMany`. */
export interface KeyvStoreEntry {
  key: string;
  value: unknown;
  /** Milliseconds. */
  ttl?: number | undefined;
}

export class AzureCacheKeyv extends EventEmitter {
  declare namespace?: string | undefined;
  /** Keyv 5 iterates over stores of dialects that it knows. */
  readonly opts = { dialect: 'redis', url: '' };
  readonly #prefix: string;
  readonly #scope: Scope;
  readonly #transport: Transport;

  /** @throws AzureCacheError `options_invalid` */
  constructor(options: KeyvStoreOptions = {}) {
    super();
    if (typeof options !== 'object' || options === null)
      throw new AzureCacheError('options_invalid', 'AzureCacheKeyv takes its options as an object.');
    warnOfOthers('AzureCacheKeyv', options, ['prefix']);
    const { prefix = 'keyv:' } = options;
    if (typeof prefix !== 'string')
      throw new AzureCacheError('options_invalid', 'The options.prefix must be a string.');
    this.#prefix = prefix;
    this.#transport = openTransport(options);
    this.#scope = new Scope(this.#transport, prefix, lifeOf('never'));
  }

  /** The text under this key; undefined when there is none. A failure is told as `error` too: Keyv passes over it. */
  async get(key: string): Promise<string | undefined> {
    try {
      return textOf(await this.#transport.run(this.#on('get', key)));
    } catch (error) {
      if (this.listenerCount('error') > 0) this.emit('error', error);
      throw error;
    }
  }

  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    return this.#many(
      keys.map((key) => this.#on('get', key)),
      textOf,
    );
  }

  /** @param ttl milliseconds; undefined = the entry never expires; 0 and less = it is over */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    await this.#transport.run(this.#putting({ key, value, ttl }));
    return true;
  }

  async setMany(entries: readonly KeyvStoreEntry[]): Promise<boolean[]> {
    return this.#many(
      entries.map((entry) => this.#putting(entry)),
      () => true,
    );
  }

  /** Whether it was there. */
  async delete(key: string): Promise<boolean> {
    return isOk(await this.#transport.run(this.#on('delete', key)));
  }

  /** Whether all of them were there. */
  async deleteMany(keys: readonly string[]): Promise<boolean> {
    const operations = keys.map((key) => this.#on('delete', key));
    return (await this.#many(operations, isOk)).every(Boolean);
  }

  async has(key: string): Promise<boolean> {
    return isOk(await this.#transport.run(this.#on('get', key)));
  }

  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    return this.#many(
      keys.map((key) => this.#on('get', key)),
      isOk,
    );
  }

  /** Removes everything under the namespace; without one, everything under the prefix. */
  async clear(): Promise<void> {
    await clearAll(this.#transport, { verb: 'clear', key: this.#prefixOf(this.namespace) });
  }

  /** Every key, as it was given to `set`, with its text. */
  async *iterator(namespace = this.namespace): AsyncGenerator<[key: string, value: string], void> {
    // The pages of a list may have a key twice.
    const seen = new Set<string>();
    for await (const page of listPages(this.#transport, this.#prefixOf(namespace))) {
      const keys = page.filter((key) => !seen.has(key));
      const texts = await this.#many(
        keys.map((key) => ({ verb: 'get', key })),
        textOf,
      );
      for (const [place, text] of texts.entries()) {
        const key = keys[place] as string;
        seen.add(key);
        if (text !== undefined) yield [key.slice(this.#prefix.length), text];
      }
    }
  }

  /** Waits for what is under way, then gives the connection back. Calls from then on fail with `closed`. */
  disconnect(): Promise<void> {
    return this.#transport.close();
  }

  #prefixOf(namespace: string | undefined): string {
    return namespace ? `${this.#prefix}${namespace}:` : this.#prefix;
  }

  #on(verb: 'get' | 'delete', key: string): Operation {
    return { verb, key: this.#scope.key(verb, key) };
  }

  #putting({ key, value, ttl }: KeyvStoreEntry): Operation {
    if (typeof value !== 'string')
      throw new AzureCacheError(
        'value_invalid',
        'set: a text is taken. Leave the serialization of Keyv on, which makes one of every value.',
      );
    const life = lifeOfTtl(ttl);
    return life ? { verb: 'put', key: this.#scope.key('set', key), value, ...life } : this.#on('delete', key);
  }

  #many<T>(operations: readonly Operation[], read: (result: Result) => T): Promise<T[]> {
    return runMany(this.#transport, operations, undefined, read);
  }
}

const isOk = ({ status }: Result) => status === 'ok';
const textOf = ({ value }: Result) => value?.toString();

/** Undefined = the time is over. */
function lifeOfTtl(ttl: unknown): Life | undefined {
  if (ttl === undefined || ttl === null) return lifeOf('never');
  if (typeof ttl !== 'number' || Number.isNaN(ttl))
    throw new AzureCacheError('ttl_invalid', 'set: the ttl is a number of milliseconds, or left out.');
  return lifeOfMs(ttl);
}
