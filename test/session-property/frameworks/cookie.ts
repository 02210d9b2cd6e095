// What express-session and @fastify/session have in common: a signed cookie, and its settings inside the session.
import { createHmac } from 'node:crypto';

export const SECRET = 'not a secret: it is for a test of sessions';

export function signatureOf(id: string): string {
  return createHmac('sha256', SECRET).update(id).digest('base64').replaceAll('=', '');
}

/** @param more what else the framework writes of a cookie */
export function cookieData(fields: object, maxAgeMs: number, more: object = {}): object {
  const expires = new Date(Date.now() + maxAgeMs).toISOString();
  return { cookie: { originalMaxAge: maxAgeMs, expires, httpOnly: true, path: '/', ...more }, ...fields };
}
