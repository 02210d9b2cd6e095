// What the calls on all keys with one prefix mean. Called by cache.ts; knows nothing of callbacks or connections. The types
// are in regional.ts.
import { pagesOf } from '../transport/listing.js';
import type { Operation } from '../transport/operation.js';
import type { CallOptions } from './call-options.js';
import { checked, REGION, withDeadline } from './call-rules.js';
import type { Scope } from './scope.js';

/** A wrong prefix or option throws at once, not with the first key. */
export function keys(scope: Scope, prefix: unknown, given: unknown): AsyncGenerator<string, void> {
  return flat(scope, pages(scope, 'keys', 'list', prefix, given));
}

export async function count(scope: Scope, prefix: unknown, given: unknown): Promise<number> {
  let found = 0;
  for await (const page of pages(scope, 'count', 'list', prefix, given)) found += page.keys.length;
  return found;
}

export async function clear(scope: Scope, prefix: unknown, given: unknown): Promise<number> {
  let removed = 0;
  for await (const page of pages(scope, 'clear', 'clear', prefix, given)) removed += page.removed;
  return removed;
}

function pages(scope: Scope, call: string, verb: 'list' | 'clear', prefix: unknown, given: unknown) {
  const options = checked<CallOptions>(call, given, REGION);
  const asked: Operation = { verb, key: scope.region(call, prefix) };
  return pagesOf(scope.transport, withDeadline(asked, options), options.signal);
}

async function* flat(scope: Scope, found: AsyncIterable<{ keys: string[] }>): AsyncGenerator<string, void> {
  for await (const page of found) for (const key of page.keys) yield scope.ownKey(key);
}
