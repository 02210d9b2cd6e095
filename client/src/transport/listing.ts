// The keys under a prefix, page by page. Used by the session rules and by Keyv's store.
import type { Transport } from './transport.js';

/** Pages of keys, whole. A key that comes or goes meanwhile may be missing or there, and one may come twice. */
export async function* listPages(transport: Transport, prefix: string): AsyncGenerator<string[], void> {
  let cursor = '';
  do {
    const { value } = await transport.run({ verb: 'list', key: prefix, value: cursor });
    const page = JSON.parse(String(value)) as { keys: string[]; cursor?: string };
    yield page.keys;
    cursor = page.cursor ?? '';
  } while (cursor !== '');
}
