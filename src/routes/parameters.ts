// What routes read from a request: key, life, conditions. Called by the other files of this folder.
// Knows nothing of replies.
import type { FastifyRequest } from 'fastify';
import type { Extras, Operation } from '../backend.js';
import { MAX_PAGE_KEYS, SLIDING_INVALID } from '../cache.js';
import { GatewayError } from '../errors.js';

const LIFE = /^(\d{1,15})(ms)?$/;
const INT64 = /^-?\d{1,19}$/;
const TOKEN = /^[0-9a-f]{32}$/i;
const ETAG = /^"([0-9a-f]{40})"$/i;
/** A list of entity tags, weak ones included (RFC 9110, 8.8.3). */
const ETAG_LIST = /^\s*(W\/)?"[\x21\x23-\x7e\x80-\xff]*"(\s*,\s*(W\/)?"[\x21\x23-\x7e\x80-\xff]*")*\s*$/;
/** `no-cache` among the directives of a Cache-Control. */
const NO_CACHE = /(?:^|,)\s*no-cache\s*(?:,|$)/i;

/** The key in the path, decoded by the router; the rules for keys are cache.ts's. */
export function keyOf(request: FastifyRequest): Buffer {
  return Buffer.from((request.params as { key: string }).key);
}

/**
 * The query parameters, of which only those in `known` may be there, each once.
 * @throws GatewayError query_invalid
 */
export function queryOf(request: FastifyRequest, ...known: string[]): Record<string, string | undefined> {
  const query = request.query as Record<string, string | undefined>;
  for (const name in query) {
    if (known.includes(name) && typeof query[name] === 'string') continue;
    const list = known.length === 0 ? 'none is taken' : `known: ${known.join(', ')}`;
    throw new GatewayError(
      'query_invalid',
      `A query parameter is not known here or is given twice (${list}).`,
    );
  }
  return query;
}

/**
 * Refuses a lock or a condition where the route would pass it over. If-None-Match of a GET asks for less of an answer only,
 * and a whole one is right.
 * @throws GatewayError token_invalid, condition_invalid
 */
export function checkUnguarded({ method, headers }: FastifyRequest): void {
  if (headers['lock-token'] !== undefined) throw new GatewayError('token_invalid');
  if (headers['if-match'] !== undefined || (method !== 'GET' && headers['if-none-match'] !== undefined))
    throw new GatewayError(
      'condition_invalid',
      'This takes no condition: leave If-Match and If-None-Match out.',
    );
}

/**
 * Takes the tags out of the query, where there can be many: `?tag=a&tag=b`. Undefined: none is named.
 * `tag` among the names that queryOf knows is then only for those who read its error.
 * @throws GatewayError query_invalid, for broken percent-encoding
 */
export function tagsOf(request: FastifyRequest): string[] | undefined {
  const query = request.query as Record<string, string | string[] | undefined>;
  const { tag } = query;
  if (tag === undefined) return undefined;
  checkEncoding(request);
  delete query.tag;
  return [tag].flat();
}

/**
 * What a put says about tags: `?tag=a&tag=b` names them all, `?tag=` takes them away, neither leaves them alone.
 * @throws GatewayError query_invalid, tag_invalid
 */
export function taggingOf(request: FastifyRequest): { extras?: Extras } {
  const tags = tagsOf(request);
  if (!tags) return {};
  if (!tags.includes('')) return taggingWith(tags);
  if (tags.length === 1) return taggingWith([]);
  throw new GatewayError(
    'tag_invalid',
    'An empty `tag=` takes all tags away, so it stands alone. To give tags leave it out: each has 1 to 255 bytes.',
  );
}

/** What a put with just these tags says; with none it takes all away. */
export function taggingWith(tags: string[]): { extras: Extras } {
  return { extras: tags.length > 0 ? { tags } : { untagged: true } };
}

/**
 * Refuses a query with broken percent-encoding or what is no UTF-8: the router would take it as it stands.
 * @throws GatewayError query_invalid
 */
export function checkEncoding({ url }: FastifyRequest): void {
  try {
    decodeURIComponent(url);
  } catch {
    throw new GatewayError('query_invalid', 'The query is not valid: it must be UTF-8, percent-encoded.');
  }
}

/**
 * Reads how many keys a page shall have; undefined = 0, the most.
 * @throws GatewayError query_invalid
 */
export function limitOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_PAGE_KEYS)
    throw new GatewayError('query_invalid', `limit is a whole number from 1 to ${MAX_PAGE_KEYS}.`);
  return limit;
}

/**
 * Reads a whole number of 64 bits, signed.
 * @throws GatewayError query_invalid, which names the parameter
 */
export function int64Of(name: string, text: string): bigint {
  const number = INT64.test(text) ? BigInt(text) : undefined;
  if (number !== undefined && BigInt.asIntN(64, number) === number) return number;
  throw new GatewayError('query_invalid', `${name} is a whole number of 64 bits, signed, in decimal digits.`);
}

/**
 * Reads a life: `60` (seconds), `1500ms`, `never` or `keep`; undefined stays the default.
 * @throws GatewayError ttl_invalid when it is not of this form; the bounds are cache.ts's
 */
export function lifeOf(text: string | undefined): Pick<Operation, 'ttlKind' | 'ttlMs'> {
  if (text === undefined) return { ttlKind: 'default', ttlMs: 0 };
  if (text === 'never' || text === 'keep') return { ttlKind: text, ttlMs: 0 };
  const ttlMs = millisecondsOf(text);
  if (ttlMs === undefined) throw new GatewayError('ttl_invalid');
  return { ttlKind: 'for', ttlMs };
}

/** Of `60` (seconds) or `1500ms`; undefined when it is of neither form. */
function millisecondsOf(text: string): number | undefined {
  const [, digits, unit] = LIFE.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return Math.min(Number(digits) * (unit === 'ms' ? 1 : 1000), Number.MAX_SAFE_INTEGER);
}

/** How a put says that its entry lies: both left out, in a plain string. */
export interface LayoutParameters {
  sliding?: string | undefined;
  layout?: string | undefined;
}

/**
 * Reads `sliding` (`60` is seconds, `1500ms` milliseconds) and `layout` (`hash`).
 * @throws GatewayError ttl_invalid, query_invalid; the bounds are cache.ts's
 */
export function layoutOf({ sliding, layout }: LayoutParameters): { extras?: Extras } {
  if (layout !== undefined && layout !== 'hash')
    throw new GatewayError('query_invalid', 'layout is hash; leave it out for a plain string.');
  if (sliding === undefined) return layout ? { extras: { hash: true } } : {};
  const slidingMs = millisecondsOf(sliding);
  if (slidingMs === undefined) throw new GatewayError('ttl_invalid', SLIDING_INVALID);
  return { extras: { slidingMs } };
}

/** What is said apart becomes the extras of one operation. */
export function together(...parts: { extras?: Extras }[]): { extras?: Extras } {
  const said = parts.filter(({ extras }) => extras !== undefined);
  return said.length < 2
    ? (said[0] ?? {})
    : { extras: Object.assign({}, ...said.map(({ extras }) => extras)) };
}

/** What a request says about the entry that must (not) be there. */
export interface ConditionHeaders {
  'if-match'?: string | undefined;
  'if-none-match'?: string | undefined;
}

/**
 * The condition of a write: If-Match with one ETag or `*`; If-None-Match only as `*`.
 * @throws GatewayError etag_invalid, condition_invalid
 */
export function conditionOf(headers: ConditionHeaders): Pick<Operation, 'condition' | 'etag'> {
  const match = headers['if-match'];
  const noneMatch = headers['if-none-match'];
  if (match === undefined && noneMatch === undefined) return { condition: 'none', etag: undefined };
  if (noneMatch !== undefined) {
    if (match !== undefined || noneMatch !== '*') throw new GatewayError('condition_invalid');
    return { condition: 'absent', etag: undefined };
  }
  if (match === '*') return { condition: 'present', etag: undefined };
  const hex = ETAG.exec(match ?? '')?.[1];
  if (hex === undefined) throw new GatewayError('etag_invalid');
  return { condition: 'etag', etag: Buffer.from(hex, 'hex') };
}

/**
 * The lock that a request says it holds: the token of a Lock-Token.
 * @throws GatewayError token_invalid
 */
export function lockOf(token: string | string[] | undefined): { extras?: Extras } {
  if (token === undefined) return {};
  if (typeof token !== 'string' || !TOKEN.test(token)) throw new GatewayError('token_invalid');
  return { extras: { token: Buffer.from(token, 'hex') } };
}

/**
 * Whether the asker of a get has the value with this ETag already (If-None-Match; RFC 9110, 13.1.2).
 * @throws GatewayError etag_invalid
 */
export function hasAlready(noneMatch: string | undefined, etag: string): boolean {
  if (noneMatch === undefined) return false;
  if (noneMatch === '*') return true;
  if (!ETAG_LIST.test(noneMatch)) throw new GatewayError('etag_invalid');
  return noneMatch.toLowerCase().includes(etag);
}

/** Whether the asker of a get wants no cached answer (Cache-Control: no-cache; RFC 9111, 5.2.1.4). */
export function isFresh(cacheControl: string | undefined): boolean {
  return cacheControl !== undefined && NO_CACHE.test(cacheControl);
}

/** The ETag as HTTP writes it: 40 hex digits in quotes. */
export function etagText(etag: Buffer): string {
  return `"${etag.toString('hex')}"`;
}
