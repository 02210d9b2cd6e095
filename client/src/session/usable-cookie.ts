// Cookies as they may lie in a session, made such that a framework can read and send them. Called by express-store.ts
// and fastify-carrier.ts.
import type { SessionRecord } from './callback-store.js';
import { isAge } from './dates.js';

/** The first and the last year that a cookie may end in. */
type Years = readonly [first: number, last: number];

const ANY_YEAR: Years = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
/** RFC 6265, 5.1.1, and what @fastify/cookie insists on. */
export const COOKIE_YEARS: Years = [1601, 9999];

const LABEL = '(?!-)[a-z0-9-]{1,63}(?<!-)';
const DOMAIN = new RegExp(`^\\.?${LABEL}(\\.${LABEL})*$`, 'i');
const PATH = /^[\x20-\x3a\x3d-\x7e]*$/;
const SAME_SITE = /^(strict|lax|none)$/i;
const PRIORITY = /^(low|medium|high)$/i;

const isText = (value: unknown, form: RegExp) => typeof value === 'string' && form.test(value);
const isAny = () => true;
/** What the frameworks write into a session, and what they take of it. */
const ATTRIBUTES: readonly [name: string, fits: (value: unknown, years: Years) => boolean][] = [
  ['originalMaxAge', isAgeWithin],
  ['maxAge', isAgeWithin],
  ['expires', isDate],
  ['originalExpires', isDate],
  ['secure', isAny],
  ['httpOnly', isAny],
  ['partitioned', isAny],
  ['domain', (value) => isText(value, DOMAIN)],
  ['path', (value) => isText(value, PATH)],
  ['sameSite', (value) => typeof value === 'boolean' || isText(value, SAME_SITE)],
  ['priority', (value) => isText(value, PRIORITY)],
];

/**
 * A cookie that the frameworks take: of what is not, they throw when they read it or send it, some of that in callbacks,
 * where it ends the process. What cannot be used of it is as if it were not there.
 */
export function usableCookie(cookie: unknown, years = ANY_YEAR): SessionRecord {
  const usable: SessionRecord = {};
  if (typeof cookie !== 'object' || cookie === null) return usable;
  for (const [name, fits] of ATTRIBUTES) {
    if (!Object.hasOwn(cookie, name)) continue;
    const value = (cookie as SessionRecord)[name];
    if (value === null || fits(value, years)) usable[name] = value;
  }
  return usable;
}

/** From which a date can be computed. */
function isAgeWithin(ms: unknown, years: Years): boolean {
  return isAge(ms) && isDate(new Date(Date.now() + ms), years);
}

/** As JSON has it, or as a serializer of the application's own may give it. */
function isDate(date: unknown, [first, last]: Years): boolean {
  if (date === false) return true;
  if (typeof date !== 'string' && !(date instanceof Date)) return false;
  const year = new Date(date).getUTCFullYear();
  return year >= first && year <= last;
}
