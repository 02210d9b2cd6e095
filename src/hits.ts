// Answers the commonest request before fastify is asked: a plain GET of an entry that lies in the near cache. Router, hooks
// and reply cost more than all the rest of it (docs/benchmarks.md). What is not quite plain goes on to the routes, whose
// answer to the same request is the same (a test compares them). Put before the routing by sidecar.ts.
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Guard } from './guard.js';
import type { NearCache } from './near-cache.js';
import { etagOf, type NearEntry } from './near-entries.js';
import { etagText } from './routes/parameters.js';
import { VALUE_HEADERS } from './routes/replies.js';

/** A key that stands in the path as it is, without a query behind it. */
const PLAIN_PATH = /^\/v1\/cache\/([\w.:~@-]{1,1024})$/;
/** Headers that ask for something else than the value, or announce a body. */
const MORE = [
  ...['if-match', 'if-none-match', 'cache-control', 'lock-token'],
  ...['expect', 'content-length', 'transfer-encoding'],
];
const HEADERS = Object.entries(VALUE_HEADERS).flat();
/** Of copies that were asked for: to write an ETag costs as much as to find its entry. */
const headersOf = new WeakMap<NearEntry, string[]>();

/** `routing`, but for what `near` can answer. */
export function withHits(routing: RequestListener, near: NearCache, guard: Guard): RequestListener {
  return (request, response) => {
    const key = plainKey(request);
    const entry =
      key !== undefined && !guard.refusal(request.headers, request.socket, false) && near.hit(key);
    if (!entry) return routing(request, response);
    let headers = headersOf.get(entry);
    if (!headers) {
      headers = [...HEADERS, 'etag', etagText(etagOf(entry)), 'content-length', String(entry.value.length)];
      headersOf.set(entry, headers);
    }
    response.writeHead(200, headers);
    response.end(entry.value);
  };
}

/** Undefined when the request is more than a plain GET. */
function plainKey({ method, url = '', headers }: IncomingMessage): string | undefined {
  if (method !== 'GET') return undefined;
  const key = PLAIN_PATH.exec(url)?.[1];
  if (key === undefined) return undefined;
  for (const name of MORE) if (headers[name] !== undefined) return undefined;
  return key;
}
