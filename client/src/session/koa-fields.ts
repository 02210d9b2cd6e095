// Which fields of a stored session koa-session makes one of, and which of them it writes back. The others stay in what
// is stored. What it does with them is in its src/session.ts (7.0). Called by koa-store.ts.
import type { SessionRecord } from './callback-store.js';
import { koaDates } from './dates.js';

/**
 * What a Session of koa-session has by birth and cannot be given: with another `toJSON` or prototype each request of
 * its user would fail, `isNew` and `_requireSave` would be wrong, `maxAge` would be set, the others are read only.
 */
const OWN_NAMES = '__proto__ _requireSave externalKey isNew length maxAge populated toJSON'.split(' ');

/** Leaves in `session` what koa-session can make one of. */
export function takeOwnAway(session: SessionRecord): void {
  for (const name of OWN_NAMES) delete session[name];
}

/** What of such a session is there again at the next save: of the private fields no more than the dates. */
export function savedByKoa(session: SessionRecord): SessionRecord {
  const isSaved = (name: string) => !name.startsWith('_') || koaDates.fields.includes(name);
  return Object.fromEntries(Object.entries(session).filter(([name]) => isSaved(name)));
}
