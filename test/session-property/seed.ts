// The session that all requests of a run begin with, as an application on another store could have left it.
import { COOKIE_MINUTES, type Content } from './content.js';
import type { Framework } from './frameworks/framework.js';
import type { Plan } from './plan.js';

export interface Seed {
  content: Content;
  /** The life that is left. It was last used ten minutes ago. */
  minutes: number;
}

/** @param hidden the name of the field that is left out of session objects */
export function seedOf({ settings, requests }: Plan, hidden: string): Seed {
  // Every other request has its own field already.
  const own = requests.flatMap((_, index) => (index % 2 === 0 ? [[`own${index}`, { list: ['seed'] }]] : []));
  const content = {
    shared: 'seed',
    user: { id: 'seed' },
    hits: 5000,
    ...Object.fromEntries(own),
    ...(settings.hidden && { [hidden]: 'kept' }),
    cookie: COOKIE_MINUTES,
  };
  return { content, minutes: COOKIE_MINUTES - 10 };
}

/** What lies in the cache for it. */
export function textOf({ content }: Seed, { dataOf }: Framework): string {
  const { cookie, ...fields } = content;
  return JSON.stringify(dataOf(fields, Number(cookie) * 60_000));
}
