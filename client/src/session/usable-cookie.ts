// Cookies as they may lie in a session, made such that a framework can read and send them. Called by express-store.ts
// and fastify-carrier.ts.
import type { SessionRecord } from './callback-store.js';

/** From when to when a cookie may end, in milliseconds since 1970. */
type Span = readonly [from: number, to: number];

/** What a Date can be. */
const ANY_DATE: Span = [-8.64e15, 8.64e15];
/** RFC 6265, 5.1.1, and what @fastify/cookie insists on: the years 1601 to 9999. */
export const COOKIE_DATES: Span = [Date.UTC(1601), Date.UTC(10_000) - 1];

const LABEL = '(?!-)[a-z0-9-]{1,63}(?<!-)';
const DOMAIN = new RegExp(`^\\.?${LABEL}(\\.${LABEL})*$`, 'i');
const PATH = /^[\x20-\x3a\x3d-\x7e]*$/;
const SAME_SITE = /^(strict|lax|none)$/i;
const PRIORITY = /^(low|medium|high)$/i;

const isText = (value: unknown, form: RegExp) => typeof value === 'string' && form.test(value);
const isAny = () => true;
/** What the frameworks write into a session, and what they take of it. */
const ATTRIBUTES = new Map<string, (value: unknown, span: Span) => boolean>([
  ['originalMaxAge', isAgeWithin],
  ['maxAge', isAgeWithin],
  ['expires', isDateWithin],
  ['originalExpires', isDateWithin],
  ['secure', isAny],
  ['httpOnly', isAny],
  ['partitioned', isAny],
  ['domain', (value) => isText(value, DOMAIN)],
  ['path', (value) => isText(value, PATH)],
  ['sameSite', (value) => typeof value === 'boolean' || isText(value, SAME_SITE)],
  ['priority', (value) => isText(value, PRIORITY)],
]);

/**
 * A cookie that the frameworks take: of what is not, they throw when they read it or send it, some of that in callbacks,
 * where it ends the process. What cannot be used of it is as if it were not there.
 */
export function usableCookie(cookie: unknown, span = ANY_DATE): SessionRecord {
  const usable: SessionRecord = {};
  if (typeof cookie !== 'object' || cookie === null) return usable;
  for (const name of Object.keys(cookie)) {
    const fits = ATTRIBUTES.get(name);
    const value = (cookie as SessionRecord)[name];
    if (fits && (value === null || fits(value, span))) usable[name] = value;
  }
  return usable;
}

/** From which a date can be computed. */
function isAgeWithin(ms: unknown, span: Span): boolean {
  return typeof ms === 'number' && isWithin(Date.now() + ms, span);
}

/** As JSON has it, or as a serializer of the application's own may give it. */
function isDateWithin(date: unknown, span: Span): boolean {
  if (typeof date === 'string') return isWithin(Date.parse(date), span);
  return date === false || (date instanceof Date && isWithin(date.getTime(), span));
}

/** No for NaN. */
function isWithin(ms: number, [from, to]: Span): boolean {
  return ms >= from && ms <= to;
}
