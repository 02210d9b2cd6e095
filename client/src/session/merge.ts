// Three-way merge of a session, field by field at the top level. Called by sessions.ts when what lies in the cache is
// not what the request has seen. Pure: knows nothing of cookies, JSON or the cache.
import { isDeepStrictEqual } from 'node:util';

/** A session as plain data: its fields by name. A field that is undefined counts as not there. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * What to do where both sides changed one field.
 * `mine`: what this request wrote; `theirs`: what is there already; or a function that answers the new value
 * (undefined = no such field), called also where both changed to equal values, so that a counter can answer
 * `mine + theirs - base`.
 */
export type Conflict =
  | 'mine'
  | 'theirs'
  | ((field: string, base: unknown, mine: unknown, theirs: unknown) => unknown);

export interface MergeRules {
  conflict: Conflict;
  /** Fields that are never mixed: where both sides changed one, theirs is taken whole. */
  atomic: ReadonlySet<string>;
  /** Whether two values of a field mean the same. Dates, for instance, do not count (dates.ts). */
  same: (field: string, a: unknown, b: unknown) => boolean;
}

/** The field of `fields`, and nothing that an object has by birth. */
const fieldOf = (fields: Fields, name: string): unknown =>
  Object.hasOwn(fields, name) ? fields[name] : undefined;

/** Equal values: as deep as they go, prototypes aside from plain data included. */
export function sameValue(_field: string, a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b);
}

/**
 * `theirs` with what `mine` has changed since `base`.
 * @returns the fields in the order of `theirs`, then those that are new
 * @throws whatever a conflict function throws, and TypeError when it answers a promise
 */
export function merge(
  base: Fields,
  mine: Fields,
  theirs: Fields,
  rules: MergeRules,
): Record<string, unknown> {
  const names = new Set([...Object.keys(theirs), ...Object.keys(mine), ...Object.keys(base)]);
  const merged: [string, unknown][] = [];
  for (const name of names) {
    const value = mergeField(name, fieldOf(base, name), fieldOf(mine, name), fieldOf(theirs, name), rules);
    if (value !== undefined) merged.push([name, value]);
  }
  // Not by assignment: a field may be called __proto__.
  return Object.fromEntries(merged);
}

function mergeField(name: string, base: unknown, mine: unknown, theirs: unknown, rules: MergeRules): unknown {
  if (rules.same(name, base, mine)) return theirs;
  if (rules.same(name, base, theirs)) return mine;
  // A field that one side has deleted stays deleted, whatever the other wrote: `delete req.session.user` is a logout.
  if (mine === undefined || theirs === undefined) return undefined;
  if (rules.atomic.has(name)) return theirs;
  if (rules.conflict === 'mine') return mine;
  if (rules.conflict === 'theirs') return theirs;
  const value = rules.conflict(name, base, mine, theirs);
  if (!isPromise(value)) return value;
  // Nobody waits for it: what it is rejected with must not end the process.
  value.then(undefined, () => {});
  throw new TypeError('The function `conflict` answered a promise. It must answer the value itself.');
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
