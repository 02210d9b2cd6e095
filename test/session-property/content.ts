// A session as the checks see it: plain fields, the cookie as the minutes that it gives. All lives of the plans are
// whole minutes and a run takes milliseconds, so that rounding takes away what the clock adds.
import { isDeepStrictEqual } from 'node:util';

export type Content = Readonly<Record<string, unknown>>;

/** What the middleware gives to a new session. */
export const COOKIE_MINUTES = 60;

export const minutesOf = (ms: number) => Math.round(ms / 60_000);

/** Of a session object, or of what is stored once it is read as JSON: in its cookie, or as koa-session writes it. */
export function contentOf(session: object): Content {
  const { cookie, _maxAge, _expire, ...fields } = JSON.parse(JSON.stringify(session));
  return { ...fields, cookie: minutesOf(cookie?.originalMaxAge ?? _maxAge) };
}

/** Without the fields that are named here. */
export function without(content: Content, ...names: string[]): Content {
  return Object.fromEntries(Object.entries(content).filter(([name]) => !names.includes(name)));
}

/** In whatever order the fields are. */
export const same = (a: unknown, b: unknown) => isDeepStrictEqual(a, b);

export const show = (content: unknown) => JSON.stringify(content) ?? 'nothing';
