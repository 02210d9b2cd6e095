// What a session was at one moment: its text, and what is needed to say later whether it has changed since.
// Taken when a request has read a session and at each save, before anything is awaited: the live object goes on
// changing. Called by sessions.ts.
import { isDeepStrictEqual } from 'node:util';
import { AzureCacheError } from '../errors.js';
import { type Dates, datedFields } from './dates.js';
import type { Fields } from './merge.js';

/** How sessions are written: connect-redis' option of that name. */
export interface Serializer {
  stringify(session: object): string;
  /** May answer a promise. */
  parse(text: string): unknown;
}

export interface Snapshot {
  readonly text: string;
  /** The text without the dated fields; undefined with a serializer of the application's own. */
  readonly rest: string | undefined;
  readonly dated: Fields;
}

/** A session with nothing in it. */
export const NOTHING: Snapshot = { text: '{}', rest: '{}', dated: {} };

/**
 * @throws AzureCacheError `value_invalid` when the session cannot be written
 */
export function takeSnapshot(session: Fields, serializer: Serializer, dates: Dates): Snapshot {
  const dated = datedFields(dates, session);
  try {
    // JSON is written in two parts, so that a change of dates alone is seen without reading anything back.
    if (serializer === JSON) return jsonSnapshot(session, dated, dates);
    const text: unknown = serializer.stringify(session);
    if (typeof text === 'string') return { text, rest: undefined, dated };
  } catch (cause) {
    throw unwritable(cause);
  }
  throw unwritable(undefined);
}

function jsonSnapshot(session: Fields, dated: Fields, { fields }: Dates): Snapshot {
  const others = { ...session };
  for (const name of fields) delete others[name];
  const rest = JSON.stringify(others);
  const first = JSON.stringify(dated);
  const text = first === '{}' ? rest : rest === '{}' ? first : `${first.slice(0, -1)},${rest.slice(1)}`;
  return { text, rest, dated };
}

/** Whether the dated fields are set the same. */
export function sameSettings(a: Snapshot, b: Snapshot, dates: Dates): boolean {
  return dates.fields.every((name) => dates.same(name, a.dated[name], b.dated[name]));
}

/** Whether two snapshots differ in nothing but dates. */
export async function sameSession(
  a: Snapshot,
  b: Snapshot,
  serializer: Serializer,
  dates: Dates,
): Promise<boolean> {
  if (!sameSettings(a, b, dates)) return false;
  if (a.rest !== undefined) return a.rest === b.rest;
  // A serializer need not write equal sessions as equal texts (one that encrypts does not).
  const [fieldsOfA, fieldsOfB] = await Promise.all([
    fieldsOf(a.text, serializer),
    fieldsOf(b.text, serializer),
  ]);
  return isDeepStrictEqual(without(dates.fields, fieldsOfA), without(dates.fields, fieldsOfB));
}

/**
 * The session that a text holds, its dates renewed; undefined when it holds none. JSON that cannot be read, or is no
 * object, is none: nobody could mend it, so its user gets a new session.
 * @throws what a serializer of the application's own throws: with a wrong key it would log everybody out
 */
export async function readSession(
  text: string,
  { serializer, dates }: { serializer: Serializer; dates: Dates },
): Promise<Record<string, unknown> | undefined> {
  let session: unknown;
  try {
    session = await serializer.parse(text);
  } catch (error) {
    if (serializer !== JSON) throw error;
  }
  if (typeof session !== 'object' || session === null || Array.isArray(session)) return undefined;
  dates.renew(session as Record<string, unknown>, Date.now());
  return session as Record<string, unknown>;
}

/** Reads a text that this process has written or checked: a session. */
export async function fieldsOf(text: string, serializer: Serializer): Promise<Fields> {
  return (await serializer.parse(text)) as Fields;
}

function without(names: readonly string[], fields: Fields): Fields {
  const rest = { ...fields };
  for (const name of names) delete rest[name];
  return rest;
}

function unwritable(cause: unknown): AzureCacheError {
  return new AzureCacheError(
    'value_invalid',
    'The session cannot be written: it has a cycle, a BigInt, or something else that its serializer does not take.',
    'not_applied',
    cause,
  );
}
