// The operations of sessions on the cache, one entry a session. Called by sessions.ts, writer.ts and toucher.ts.
// Knows what an entry is, and nothing of what a session may hold.
import type { Life } from '../life.js';
import type { Operation, Result } from '../transport/operation.js';
import type { Transport } from '../transport/transport.js';
import type { Stored } from './held.js';

/** What was found, or why nothing was. */
export type Found = Stored | undefined;

export class Entries {
  readonly #transport: Transport;
  readonly prefix: string;
  readonly #fresh: boolean;

  /** @param fresh read past the near cache of the sidecar */
  constructor(transport: Transport, prefix: string, fresh: boolean) {
    this.#transport = transport;
    this.prefix = prefix;
    this.#fresh = fresh;
  }

  /** A save with all of its tries ends after this long. */
  get deadlineMs(): number {
    return this.#transport.deadlineMs;
  }

  async get(id: string, wantTtl: boolean, deadlineMs?: number): Promise<Found> {
    const { status, value, etag, ttlMs } = await this.run('get', id, {
      wantEtag: true,
      wantTtl,
      fresh: this.#fresh,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    });
    if (status !== 'ok' || !value || !etag) return undefined;
    return stored(etag, value.toString(), ttlMs === undefined ? undefined : Date.now() + ttlMs);
  }

  run(verb: Operation['verb'], id: string, asked: Omit<Operation, 'verb' | 'key'>): Promise<Result> {
    return this.#transport.run({ verb, key: this.prefix + id, ...asked });
  }
}

/** @param etag copied: it is a view of all that arrived with it */
export function stored(etag: Buffer, text: string, endsAt: number | undefined): Stored {
  return { etag: Buffer.from(etag), text, endsAt };
}

/** When an entry that is given this life now will end. */
export function endOf({ ttlKind, ttlMs }: Life): number | undefined {
  return ttlKind === 'for' ? Date.now() + ttlMs : undefined;
}
