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
  try {
    // JSON is written in two parts, so that a change of dates alone is seen without reading anything back.
    if (serializer === JSON) return jsonSnapshot(session, dates);
    const text = checkedText(serializer.stringify(session));
    return { text, rest: undefined, dated: datedFields(dates, session) };
  } catch (cause) {
    throw unwritable(cause);
  }
}

function jsonSnapshot(session: Fields, dates: Dates): Snapshot {
  // As JSON.stringify asks it.
  const plain: unknown = typeof session.toJSON === 'function' ? session.toJSON('') : session;
  if (!isFields(plain)) throw new TypeError('A session is an object.');
  const dated = datedFields(dates, plain);
  const rest = JSON.stringify(without(dates.fields, plain));
  const first = JSON.stringify(dated);
  const text = first === '{}' ? rest : rest === '{}' ? first : `${first.slice(0, -1)},${rest.slice(1)}`;
  return { text, rest, dated };
}

/**
 * The text of a session that came of a merge.
 * @throws AzureCacheError `value_invalid` when it cannot be written: a function of the application's had its say
 */
export function textOf(session: Fields, serializer: Serializer): string {
  try {
    return checkedText(serializer.stringify(session));
  } catch (cause) {
    throw unwritable(cause);
  }
}

function checkedText(text: unknown): string {
  if (typeof text === 'string') return text;
  // A promise, perhaps: what it is rejected with must not end the process.
  Promise.resolve(text).catch(() => {});
  throw new TypeError('The serializer answered no text.');
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
  if (!isFields(session)) return undefined;
  dates.renew(session, Date.now());
  return session;
}

/** Reads a text that this process has written or checked: a session. */
export async function fieldsOf(text: string, serializer: Serializer): Promise<Fields> {
  return (await serializer.parse(text)) as Fields;
}

/** Copied field by field: V8 is slow with an object of which something was deleted. */
function without(names: readonly string[], fields: Fields): Fields {
  const rest: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    if (names.includes(name)) continue;
    if (name === '__proto__') Object.defineProperty(rest, name, { value: fields[name], enumerable: true });
    // It has been asked already.
    else if (name !== 'toJSON' || typeof fields[name] !== 'function') rest[name] = fields[name];
  }
  return rest;
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unwritable(cause: unknown): AzureCacheError {
  return new AzureCacheError(
    'value_invalid',
    'The session cannot be written: it has a cycle, a BigInt, or something else that its serializer does not take.',
    'not_applied',
    cause,
  );
}
