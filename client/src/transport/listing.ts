// The keys under a prefix, page by page: to list them, and to remove them. Used by the session rules, by Keyv's store and
// by the cache's regions.ts.
import type { Operation } from './operation.js';
import type { Transport } from './transport.js';

/** Pages of keys, whole. A key that comes or goes meanwhile may be missing or there, and one may come twice. */
export async function* listPages(transport: Transport, prefix: string): AsyncGenerator<string[], void> {
  for await (const { keys } of pagesOf(transport, { verb: 'list', key: prefix })) yield keys;
}

/** What a list answers for each page has `keys`, what a clear answers has `removed`. */
export interface Page {
  keys: string[];
  removed: number;
}

/**
 * The answers to a list or clear, page by page up to the last.
 * @param asked the first page; those behind it differ in the cursor
 */
export async function* pagesOf(
  transport: Transport,
  asked: Operation,
  signal?: AbortSignal,
): AsyncGenerator<Page, void> {
  let cursor = '';
  do {
    const { value } = await transport.run({ ...asked, value: cursor }, signal);
    const page = JSON.parse(String(value)) as Page & { cursor?: string };
    yield page;
    cursor = page.cursor ?? '';
  } while (cursor !== '');
}

/**
 * Removes everything that a clear asks for, page by page; answers how many there were.
 * @param asked the first page
 */
export async function clearAll(
  transport: Transport,
  asked: Operation,
  signal?: AbortSignal,
): Promise<number> {
  let all = 0;
  for await (const { removed } of pagesOf(transport, asked, signal)) all += removed;
  return all;
}
