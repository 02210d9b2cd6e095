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
  /**
   * The text without the dated fields; undefined where it would have to be made first: of a session that was just read
   * (most are never saved), and with a serializer of the application's own.
   */
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

/** Of a session that was just made of a stored `text`, with every field that is in it: nothing need be written. */
export function loadedSnapshot(
  text: string,
  session: Fields,
  serializer: Serializer,
  dates: Dates,
): Snapshot {
  if (serializer !== JSON) return takeSnapshot(session, serializer, dates);
  return { text, rest: undefined, dated: takeDated(session, serializer, dates) };
}

/**
 * A copy of the dated fields.
 * @throws AzureCacheError `value_invalid` when the session cannot be written
 */
export function takeDated(session: Fields, serializer: Serializer, dates: Dates): Fields {
  try {
    return datedFields(dates, serializer === JSON ? plainOf(session) : session);
  } catch (cause) {
    throw unwritable(cause);
  }
}

/** As JSON.stringify asks it. */
function plainOf(session: Fields): Fields {
  const plain: unknown = typeof session.toJSON === 'function' ? session.toJSON('') : session;
  if (!isFields(plain)) throw new TypeError('A session is an object.');
  return plain;
}

function jsonSnapshot(session: Fields, dates: Dates): Snapshot {
  const plain = plainOf(session);
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

/** Whether the dated fields, as `datedFields` copies them, are set the same. */
export function sameSettings(a: Fields, b: Fields, dates: Dates): boolean {
  return dates.fields.every((name) => dates.same(name, a[name], b[name]));
}

/**
 * Whether what was `seen` and what is `now` differ in nothing but dates. JSON that another program has written in
 * another way than JSON.stringify does counts as different.
 */
export async function sameSession(
  seen: Snapshot,
  now: Snapshot,
  serializer: Serializer,
  dates: Dates,
): Promise<boolean> {
  if (!sameSettings(seen.dated, now.dated, dates)) return false;
  if (now.rest !== undefined)
    return seen.rest === undefined ? hasRest(seen.text, now.rest, dates) : seen.rest === now.rest;
  // A serializer need not write equal sessions as equal texts (one that encrypts does not).
  const [before, after] = await Promise.all([fieldsOf(seen, serializer), fieldsOf(now, serializer)]);
  return isDeepStrictEqual(without(dates.fields, before), without(dates.fields, after));
}

/** Whether a text is this rest, with nothing but dated fields before it. */
function hasRest(text: string, rest: string, dates: Dates): boolean {
  if (text === rest) return true;
  const end = rest === '{}' ? '}' : `,${rest.slice(1)}`;
  if (!text.endsWith(end)) return false;
  try {
    return Object.keys(JSON.parse(`${text.slice(0, -end.length)}}`)).every((name) =>
      dates.fields.includes(name),
    );
  } catch {
    return false; // It was cut within a field.
  }
}

/**
 * The session that a text holds, its dates renewed; undefined when it holds none. JSON that cannot be read, or is no
 * object, is none: nobody could mend it, so its user gets a new session.
 * @param endsAt when its entry ends, as Dates takes it
 * @throws what a serializer of the application's own throws: with a wrong key it would log everybody out
 */
export async function readSession(
  text: string,
  { serializer, dates }: { serializer: Serializer; dates: Dates },
  endsAt?: number,
): Promise<Record<string, unknown> | undefined> {
  let session: unknown;
  try {
    session = await serializer.parse(text);
  } catch (error) {
    if (serializer !== JSON) throw error;
  }
  if (!isFields(session)) return undefined;
  dates.renew(session, Date.now(), endsAt);
  return session;
}

/** What a snapshot holds, the dated fields as they were when it was taken. */
export async function fieldsOf({ text, dated }: Snapshot, serializer: Serializer): Promise<Fields> {
  const fields = (await serializer.parse(text)) as Fields;
  return serializer === JSON ? { ...fields, ...(JSON.parse(JSON.stringify(dated)) as Fields) } : fields;
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
