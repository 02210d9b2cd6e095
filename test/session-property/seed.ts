// The session that all requests of a run begin with, as an application on connect-redis could have left it.
import { COOKIE_MINUTES, type Content, HIDDEN } from './content.js';
import type { Plan } from './plan.js';

export interface Seed {
  content: Content;
  /** The life that is left. It was last used ten minutes ago. */
  minutes: number;
}

export function seedOf({ settings, requests }: Plan): Seed {
  // Every other request has its own field already.
  const own = requests.flatMap((_, index) => (index % 2 === 0 ? [[`own${index}`, { list: ['seed'] }]] : []));
  const content = {
    shared: 'seed',
    user: { id: 'seed' },
    hits: 5000,
    ...Object.fromEntries(own),
    ...(settings.hidden && { [HIDDEN]: 'kept' }),
    cookie: COOKIE_MINUTES,
  };
  return { content, minutes: COOKIE_MINUTES - 10 };
}

/** What lies in the cache for it. */
export function textOf({ content }: Seed): string {
  const { cookie, ...fields } = content;
  const originalMaxAge = Number(cookie) * 60_000;
  const expires = new Date(Date.now() + originalMaxAge).toISOString();
  return JSON.stringify({ cookie: { originalMaxAge, expires, httpOnly: true, path: '/' }, ...fields });
}
