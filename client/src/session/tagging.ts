// What a session is tagged with when it is saved: the option `tag` of a store. Called by options.ts and sessions.ts.
import { AzureCacheError } from '../errors.js';
import type { Life } from '../life.js';
import type { Extras } from '../transport/operation.js';
import type { Fields } from './merge.js';

/** The life of a session, and, with the option `tag`, the tags that a save gives it; a touch moves the life alone. */
export type TaggedLife = Life & { readonly extras?: Extras };

/** The option: called for each session that is saved or touched, also for one that was merged. */
export type TagOf = (session: Fields) => unknown;

/** Adds the tags to what `lifeOf` answers. */
export function tagging(
  lifeOf: (session: Fields) => Life | undefined,
  tagOf: TagOf,
): (session: Fields) => TaggedLife | undefined {
  return (session) => {
    const life = lifeOf(session);
    return life && { ...life, extras: extrasOf(tagOf(session)) };
  };
}

/** For a touch, which leaves the tags as they are. */
export function lifeAlone({ ttlKind, ttlMs }: Life): Life {
  return { ttlKind, ttlMs };
}

function extrasOf(tag: unknown): Extras {
  // What `session.user && …` is without a user.
  const tags = tag ? [tag].flat() : [];
  if (!tags.every((one) => typeof one === 'string'))
    throw new AzureCacheError(
      'options_invalid',
      'The function tag of the store answers a text, an array of texts, or nothing.',
    );
  return tags.length > 0 ? { tags } : { untagged: true };
}
