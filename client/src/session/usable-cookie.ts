// Cookies as they may lie in a session, made such that a framework can read them. Called by express-store.ts and
// fastify-store.ts.
import type { SessionRecord } from './callback-store.js';
import { isAge } from './dates.js';

/**
 * A cookie that express-session takes: of what is not, it throws, and in `load` and `reload` that ends the process.
 * What cannot be used of it is as if it were not there.
 */
export function usableCookie(cookie: unknown): SessionRecord {
  if (typeof cookie !== 'object' || cookie === null || Array.isArray(cookie)) return {};
  const usable: SessionRecord = cookie;
  for (const name of ['maxAge', 'originalMaxAge']) if (!isAge(usable[name] ?? 0)) delete usable[name];
  return usable;
}
