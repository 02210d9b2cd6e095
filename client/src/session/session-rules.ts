// What a store has been told about its sessions: options.ts and the stores make it, the files that read, save and touch
// sessions work by it.
import type { Dates } from './dates.js';
import type { Conflict, Fields } from './merge.js';
import type { Serializer } from './snapshot.js';
import type { TaggedLife } from './tagging.js';

export interface SessionRules {
  /** Stands before each session id. */
  prefix: string;
  serializer: Serializer;
  dates: Dates;
  conflict: Conflict;
  atomic: ReadonlySet<string>;
  /** A touch that would move the end of the life by less than this is left out. 0 = none is. */
  touchAfterMs: number;
  /** Read past the near cache of the sidecar. */
  fresh: boolean;
  /** The life that this session should have from now on, and its tags; undefined = its time is over. */
  lifeOf: (session: Fields) => TaggedLife | undefined;
  /** `dropped`: a save found that its session has ended; `merged`: a save met another one. */
  tell: (event: 'dropped' | 'merged', id: string) => void;
}
