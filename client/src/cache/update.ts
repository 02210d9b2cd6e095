// Reads, lets the application change, and writes if nobody has written in between; else again. Called by cache.ts.
import { setTimeout as pause } from 'node:timers/promises';
import { AzureCacheError } from '../errors.js';
import type { Life } from '../life.js';
import type { Transport } from '../transport/transport.js';
import { fromBytes, toBytes } from './value.js';

/** Answers the new value; undefined leaves the entry as it is. Called again when others were faster. */
export type Change<T, New = T> = (current: T | null) => New | undefined | Promise<New | undefined>;

const MAX_TRIES = 8;
const MAX_PAUSE_MS = 250;

export interface Update {
  /** With prefix. */
  key: string;
  /** Where there is an entry, and where there is none. */
  lives: { present: Life; absent: Life };
  raw: boolean | undefined;
  /** Of each operation. */
  deadlineMs: number;
  signal: AbortSignal | undefined;
}

/** @throws AzureCacheError, among them `conflict` after 8 tries; NotJson; and what `change` throws */
export async function update<T>(transport: Transport, asked: Update, change: Change<T>): Promise<T | null> {
  const { key, lives, raw, deadlineMs, signal } = asked;
  const read = () => transport.run({ verb: 'get', key, wantEtag: true, fresh: true, deadlineMs }, signal);
  let found = await read();
  for (let attempt = 1; ; attempt += 1) {
    const { value, etag } = found;
    const current = value && etag ? (fromBytes(value, raw) as T) : null;
    const next = await change(current);
    if (next === undefined) return current;
    const put = { verb: 'put', key, value: toBytes(next, raw), deadlineMs } as const;
    const start = performance.now();
    // An outcome that is not known stays so: who wrote what is there by then cannot be told from equal bytes.
    const written = await transport.run(
      etag
        ? { ...put, condition: 'etag', etag, ...lives.present }
        : { ...put, condition: 'absent', ...lives.absent },
      signal,
    );
    if (written.status === 'ok') return next;
    if (attempt === MAX_TRIES) throw conflict();
    // The answer has what is there now; after a pause it would be stale.
    if (attempt === 1 && written.status !== 'exists') found = written;
    else {
      await pause(jitter(attempt, performance.now() - start));
      found = await read();
    }
  }
}

/** Milliseconds: up to twice as many each time, in terms of how long a write takes just now. */
function jitter(attempt: number, writeMs: number): number {
  return Math.random() * Math.min(MAX_PAUSE_MS, writeMs * 2 ** attempt);
}

function conflict(): AzureCacheError {
  const message = `update: others changed the entry each time, ${MAX_TRIES} times. Nothing was written; try again later.`;
  return new AzureCacheError('conflict', message);
}
