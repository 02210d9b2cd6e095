// What the calls on all keys with one prefix, or with tags, mean. Called by cache.ts; knows nothing of callbacks or
// connections. The types are in regional.ts.

import { AzureCacheError } from '../errors.js';
import { clearAll, pagesOf } from '../transport/listing.js';
import type { Operation } from '../transport/operation.js';
import type { Transport } from '../transport/transport.js';
import type { ByTagOptions, CallOptions } from './call-options.js';
import { BY_TAG, checked, REGION, withDeadline } from './call-rules.js';
import type { Scope } from './scope.js';

/** A wrong prefix or option throws at once, not with the first key. */
export function keys(scope: Scope, prefix: unknown, given: unknown): AsyncGenerator<string, void> {
  return flat(scope, pagesOf(...asking(scope, 'keys', 'list', prefix, given)));
}

export async function count(scope: Scope, prefix: unknown, given: unknown): Promise<number> {
  let found = 0;
  for await (const { keys } of pagesOf(...asking(scope, 'count', 'list', prefix, given)))
    found += keys.length;
  return found;
}

export async function clear(scope: Scope, prefix: unknown, given: unknown): Promise<number> {
  return clearAll(...asking(scope, 'clear', 'clear', prefix, given));
}

/** What pagesOf and clearAll take. */
type Asking = [transport: Transport, asked: Operation, signal: AbortSignal | undefined];

function asking(scope: Scope, call: string, verb: 'list' | 'clear', prefix: unknown, given: unknown): Asking {
  const options = checked<CallOptions>(call, given, REGION);
  const asked: Operation = { verb, key: scope.region(call, prefix) };
  return [scope.transport, withDeadline(asked, options), options.signal];
}

/** A wrong tag or option throws at once, not with the first key. */
export function keysByTag(scope: Scope, tag: unknown, given: unknown): AsyncGenerator<string, void> {
  const found = flat(scope, pagesOf(...askingByTag(scope, 'keysByTag', 'list', tag, given)));
  return Array.isArray(tag) && tag.length > 1 ? once(found) : found;
}

export async function removeByTag(scope: Scope, tag: unknown, given: unknown): Promise<number> {
  return clearAll(...askingByTag(scope, 'removeByTag', 'clear', tag, given));
}

/** Of this cache alone: what stands before its keys narrows it. */
function askingByTag(
  scope: Scope,
  call: string,
  verb: 'list' | 'clear',
  tag: unknown,
  given: unknown,
): Asking {
  const options = checked<ByTagOptions>(call, given, BY_TAG);
  const tags = [tag].flat();
  if (tags.length === 0 || !tags.every((one) => typeof one === 'string'))
    throw new AzureCacheError('tag_invalid', `${call}: a tag is a string; several are an array of them.`);
  const extras = options.all ? { tags, all: true } : { tags };
  const asked: Operation = { verb, key: scope.region(call, ''), extras };
  return [scope.transport, withDeadline(asked, options), options.signal];
}

async function* flat(scope: Scope, found: AsyncIterable<{ keys: string[] }>): AsyncGenerator<string, void> {
  for await (const page of found) for (const key of page.keys) yield scope.ownKey(key);
}

/** A key that carries several of the tags is listed for each. */
async function* once(found: AsyncIterable<string>): AsyncGenerator<string, void> {
  const seen = new Set<string>();
  for await (const key of found) if (seen.size < seen.add(key).size) yield key;
}
