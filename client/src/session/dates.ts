// The dates that a framework keeps inside a session. The entry's life in the cache is the only clock (a touch moves it
// and leaves the bytes alone), so dates inside are renewed when a session is read, and do not count as a change.
// Pure. Called by snapshot.ts, sessions.ts and the stores.
import { isDeepStrictEqual } from 'node:util';
import type { Fields } from './merge.js';

/** How one framework writes its dates. */
export interface Dates {
  /** The fields that hold dates, in the order in which they are written, before all others. */
  readonly fields: readonly string[];
  /** Whether two values of such a field are the same setting, whatever the date. */
  same(field: string, a: unknown, b: unknown): boolean;
  /** `renew` needs to know when the entry ends. */
  readonly byEnd?: boolean;
  /**
   * Makes the dates of a session what they would be if it had been written now.
   * @param endsAt when the entry ends, in milliseconds since 1970; undefined = it is written now, or never ends
   */
  renew(session: Record<string, unknown>, now: number, endsAt?: number): void;
}

type Cookie = { expires?: unknown; originalExpires?: unknown; originalMaxAge?: unknown } & Record<
  string,
  unknown
>;

/**
 * express-session computes originalMaxAge anew from two readings of the clock each time a cookie is touched, so that it
 * loses a millisecond now and then (its session/cookie.js). People set it in seconds.
 */
const DRIFT_MS = 100;

const COOKIE_DATES = ['expires', 'originalExpires', 'originalMaxAge'];

/**
 * `session.cookie` of express-session and @fastify/session: `expires` beside the `originalMaxAge` that it came from. The
 * latter has `originalExpires` as well: what `expires` was when it was read, which it believes.
 */
export const cookieDates: Dates = {
  fields: ['cookie'],

  same(_field, a, b) {
    if (!isObject(a) || !isObject(b)) return isDeepStrictEqual(a, b);
    if (!sameMaxAge(a, b)) return false;
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)]))
      if (!COOKIE_DATES.includes(name) && !isDeepStrictEqual(a[name], b[name])) return false;
    return true;
  },

  renew({ cookie }, now) {
    if (!isObject(cookie) || typeof cookie.originalMaxAge !== 'number') return;
    const expires = new Date(now + cookie.originalMaxAge);
    // No date is that far away: what lies there stays.
    if (Number.isNaN(expires.getTime())) return;
    cookie.expires = expires.toISOString();
    if ('originalExpires' in cookie) cookie.originalExpires = cookie.expires;
  },
};

/** koa-session's: the end, the milliseconds from which it came, and that the cookie ends with the browser instead. */
export const koaDates: Dates = {
  fields: ['_expire', '_maxAge', '_session'],
  byEnd: true,

  same(field, a, b) {
    return field === '_expire' || a === b;
  },

  renew(session, now, endsAt) {
    // Of a cookie with such an age `cookies` throws. What cannot be used is as if it were not there.
    if (!isAge(session._maxAge)) delete session._maxAge;
    if (typeof session._maxAge === 'number') session._expire = endsAt ?? now + session._maxAge;
    // The cookie ends with the browser: after a merge, this is the date of what it was before.
    else if ('_session' in session) delete session._expire;
  },
};

function sameMaxAge(a: Cookie, b: Cookie): boolean {
  if (typeof a.originalMaxAge === 'number' && typeof b.originalMaxAge === 'number')
    return Math.abs(a.originalMaxAge - b.originalMaxAge) < DRIFT_MS;
  // Without it the date is not renewed, and counts.
  return (
    (a.originalMaxAge ?? undefined) === (b.originalMaxAge ?? undefined) &&
    timeOf(a.expires) === timeOf(b.expires)
  );
}

function timeOf(date: unknown): number | undefined {
  return date === null || date === undefined ? undefined : new Date(date as string | Date).getTime();
}

/** Milliseconds that lead from now to a date. */
function isAge(ms: unknown): ms is number {
  return typeof ms === 'number' && !Number.isNaN(new Date(Date.now() + ms).getTime());
}

function isObject(value: unknown): value is Cookie {
  return typeof value === 'object' && value !== null;
}

/** A copy of the dated fields of a session, as JSON would have them: they are compared when the live ones have changed. */
export function datedFields({ fields }: Dates, session: Fields): Fields {
  const copy: Record<string, unknown> = {};
  for (const name of fields) {
    const value = session[name] as { toJSON?: () => unknown } | undefined;
    const plain = typeof value?.toJSON === 'function' ? value.toJSON() : value;
    copy[name] = isObject(plain) && !Array.isArray(plain) ? { ...plain } : plain;
  }
  return copy;
}
