// What should lie in the cache, change by change in the order in which they took effect, by the rules of merging as
// they are promised (client/README.md). Told by run.ts of every operation that was done; whatever is not as it should
// be is a fault.
import { type Content, contentOf, minutesOf, same, show } from './content.js';
import type { Settings } from './plan.js';
import type { Save } from './view.js';

interface Entry {
  content: Content;
  /** The life it was given last. */
  minutes: number;
}

export class Model {
  readonly #conflict: Settings['conflict'];
  readonly #fault: (what: string) => void;
  readonly #entries = new Map<string, Entry>();
  readonly #ended = new Set<string>();

  constructor(conflict: Settings['conflict'], fault: (what: string) => void) {
    this.#conflict = conflict;
    this.#fault = fault;
  }

  /** What a request that reads now has to get. */
  read(id: string): Content | undefined {
    return this.#entries.get(id)?.content;
  }

  entry(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  get ended(): ReadonlySet<string> {
    return this.#ended;
  }

  seed(id: string, entry: Entry): void {
    this.#entries.set(id, entry);
  }

  /** A put took effect. */
  wrote(id: string, { view, content }: Save, text: string, ttlMs: number): void {
    if (this.#ended.has(id)) this.#fault('a session that was ended has come back');
    const there = this.read(id);
    const due = there ? merged(view.base, content, there, this.#conflict) : content;
    const written = contentOf(JSON.parse(text));
    if (!same(written, due)) this.#fault(`written was ${show(written)}, where ${show(due)} was due`);
    if (minutesOf(ttlMs) !== due.cookie)
      this.#fault(`a cookie of ${due.cookie} minutes was given a life of ${minutesOf(ttlMs)}`);
    view.base = content;
    this.#entries.set(id, { content: due, minutes: minutesOf(ttlMs) });
  }

  /** A touch took effect. */
  touched(id: string, ttlMs: number): void {
    const entry = this.#entries.get(id);
    if (!entry) return this.#fault('a touch has found what should not be there');
    entry.minutes = minutesOf(ttlMs);
    if (entry.minutes !== entry.content.cookie)
      this.#fault(`a touch gave ${entry.minutes} minutes to a cookie of ${entry.content.cookie}`);
  }

  /** A delete took effect, on something or on nothing. */
  deleted(id: string): void {
    this.#entries.delete(id);
    this.#ended.add(id);
  }
}

function merged(base: Content, mine: Content, theirs: Content, conflict: Settings['conflict']): Content {
  const due: Record<string, unknown> = {};
  for (const field of Object.keys({ ...base, ...mine, ...theirs })) {
    const value = mergedField(field, [base[field], mine[field], theirs[field]], conflict);
    if (value !== undefined) due[field] = value;
  }
  return due;
}

function mergedField(
  field: string,
  [base, mine, theirs]: [unknown, unknown, unknown],
  conflict: Settings['conflict'],
): unknown {
  if (same(base, mine)) return theirs;
  if (same(base, theirs)) return mine;
  if (mine === undefined || theirs === undefined) return undefined;
  if (field === 'user') return theirs;
  if (conflict === 'sum' && field === 'hits') return Number(mine) + Number(theirs) - Number(base ?? 0);
  return conflict === 'theirs' ? theirs : mine;
}
