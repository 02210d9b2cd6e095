// How the entry of a put lies and lives, and its tags: from options to what is sent. Called by calls.ts and many-calls.ts.

import { AzureCacheError } from '../errors.js';
import { type Life, lifeOf } from '../life.js';
import type { Extras } from '../transport/operation.js';
import type { PutManyOptions } from './call-options.js';
import type { Scope } from './scope.js';

export type Laid = Life & { extras?: Extras };

/** @throws AzureCacheError `ttl_invalid` */
export function laid(scope: Scope, call: string, options: PutManyOptions): Laid {
  const { tags } = options;
  const found = untagged(scope, call, options);
  if (!tags) return found;
  return { ...found, extras: { ...found.extras, ...(tags.length > 0 ? { tags } : { untagged: true }) } };
}

function untagged(scope: Scope, call: string, { ttl, sliding, layout }: PutManyOptions): Laid {
  const slides = sliding !== undefined && sliding !== null;
  if (!slides && !layout) return scope.lifeOf(ttl);
  if (ttl === 'keep')
    throw new AzureCacheError(
      'ttl_invalid',
      `${call}: ttl: 'keep' keeps also how the entry lies and slides, so it goes with neither sliding nor layout.`,
    );
  if (!slides) return { ...scope.lifeOf(ttl), extras: { hash: true } };
  // The default of the cache is none of this entry: it would be an end that was not asked for.
  return { ...lifeOf(ttl), extras: { slidingMs: slidingMsOf(call, sliding) } };
}

function slidingMsOf(call: string, sliding: unknown): number {
  if (typeof sliding === 'number')
    try {
      return lifeOf(sliding).ttlMs;
    } catch {}
  const message = `${call}: sliding is a number of seconds above 0 and at most 10 years.`;
  throw new AzureCacheError('ttl_invalid', message);
}
