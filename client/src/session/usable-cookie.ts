// Cookies as they may lie in a session, made such that a framework can read them. Called by express-store.ts and
// fastify-store.ts.
import type { SessionRecord } from './callback-store.js';

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

/** From which express-session can compute a date. */
function isAge(ms: unknown): boolean {
  return typeof ms === 'number' && !Number.isNaN(new Date(Date.now() + ms).getTime());
}
