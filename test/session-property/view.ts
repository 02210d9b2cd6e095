// What one session object of a request should be by now, kept beside it: the store may not change the object, and
// what a save has to write is what the object was at the call. Filled by program.ts.
import { type Content, same, without } from './content.js';

/** What a save or touch was asked for, as it was at the call. */
export interface Save {
  view: View;
  content: Content;
}

export class View {
  readonly id: string;
  /** What the object has seen of what is stored: as it was loaded, then as it was at its last save. */
  base: Content;
  /** What it was when it was made of what was loaded; empty if it is new, and all that it has a change. */
  readonly loaded: Content;
  /** What the object should be. */
  readonly now: Record<string, unknown>;
  readonly changed: Set<string>;
  /** How much it has added to `hits`. */
  added: number;
  /** As it was when it was saved last, and what of its changes was saved. */
  saved: { content: Content; changed: ReadonlySet<string>; added: number } | undefined;

  constructor(id: string, base: Content, now: Content = base) {
    this.id = id;
    this.base = base;
    this.loaded = base;
    this.now = structuredClone(now) as Record<string, unknown>;
    this.changed = new Set(Object.keys(without(now, ...Object.keys(base))));
    this.added = Number(now.hits ?? 0) - Number(base.hits ?? 0);
  }

  /** Whether these are its fields, whatever the cookie. */
  hasFieldsOf(content: Content): boolean {
    return same(without(this.now, 'cookie'), without(content, 'cookie'));
  }

  change(field: string, value: unknown): void {
    this.changed.add(field);
    if (value === undefined) delete this.now[field];
    else this.now[field] = structuredClone(value);
  }

  /** The middleware, or the application, asks the store for this now. */
  save(touchOnly: boolean): Save {
    const content = structuredClone(this.now);
    // A touch is asked for when no field was changed; of the cookie it may find that it was.
    const changed = touchOnly ? [...this.changed].filter((field) => field === 'cookie') : this.changed;
    this.saved = {
      content,
      changed: new Set([...(this.saved?.changed ?? []), ...changed]),
      added: touchOnly ? (this.saved?.added ?? 0) : this.added,
    };
    return { view: this, content };
  }
}
