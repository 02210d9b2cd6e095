// Puts the changes of a request (what it has seen → what it has) onto what lies in the cache by now. Called by
// writer.ts. How single fields are merged is merge.ts's.
import type { Held } from './held.js';
import { merge, sameValue } from './merge.js';
import type { SessionRules } from './session-rules.js';
import { fieldsOf, NOTHING, readSession, type Snapshot, textOf } from './snapshot.js';
import type { TaggedLife } from './tagging.js';

/** What is to be stored; without a life its time is over. */
export interface Rebased {
  text: string;
  life: TaggedLife | undefined;
}

/**
 * Answers undefined when what lies there by now is no session: then this one has ended.
 * @throws AzureCacheError `value_invalid`, and what the application's own functions throw
 */
export async function rebase(held: Held, now: Snapshot, rules: SessionRules): Promise<Rebased | undefined> {
  const { serializer, dates, conflict, atomic, lifeOf } = rules;
  const [base, mine, theirs] = await Promise.all([
    fieldsOf(held.seen, serializer),
    fieldsOf(now, serializer),
    held.stored && readSession(held.stored.text, rules),
  ]);
  // A new session replaces what is none.
  if (!theirs && held.seen !== NOTHING) return undefined;
  const isDated = (field: string) => dates.fields.includes(field);
  const session = merge(base, mine, theirs ?? {}, {
    atomic,
    same: (field, a, b) => (isDated(field) ? dates.same(field, a, b) : sameValue(field, a, b)),
    // The framework's own fields are no business of the application's function: the later setting counts.
    conflict:
      typeof conflict === 'function'
        ? (field, ...values) => (isDated(field) ? values[1] : conflict(field, ...values))
        : conflict,
  });
  dates.renew(session, Date.now());
  return { text: textOf(session, serializer), life: lifeOf(session) };
}
