// What happens to entries, told to readers as it happens: writes through this sidecar exactly, those of others as far as
// the backend reports them. A Backend over another one, below cache.ts, so that no way around it is left. The readers
// are routes/events.ts's; telling own changes from others' is echoes.ts's.
import type { Backend, Change, Operation, Result, Verb } from './backend.js';
import { checkKey } from './cache.js';
import { Echoes } from './echoes.js';

/** More would make every write slow. */
const MAX_READERS = 256;

/**
 * `put`, `delete`, `touch`: done through this sidecar. `change`: by others, or it is not known whether it was done.
 * `clear`: what begins with the prefix, and has any or all of the tags if there are some, has been removed through this
 * sidecar. `reset`: anything may
 * have changed; the first event is one, and `foreign` says whether changes of others are told from here on.
 */
export type EventName = 'put' | 'delete' | 'touch' | 'change' | 'clear' | 'reset';

/** Who is told. */
export interface EventReader {
  /** Told of keys that begin with it; nothing = of all. */
  readonly prefix: string;
  /** @param json what goes with it: `{key}`; of a clear `{prefix}`, by tags also `{tags, all}`; of a reset `{foreign}` */
  tell(name: EventName, json: string): void;
  /** Nothing more will be told. */
  end(reason: 'closing'): void;
}

/** The event that each verb is, when it has been done. */
const EVENT_OF: Record<Verb, EventName | undefined> = {
  ...{ get: undefined, ping: undefined, list: undefined, lock: undefined },
  ...{ put: 'put', increment: 'put', append: 'put', prepend: 'put' },
  ...{ delete: 'delete', touch: 'touch', unlock: 'touch', clear: 'clear' },
};

interface Due {
  /** Undefined: nothing. */
  name: EventName | undefined;
  answered: boolean;
}

export class Events implements Backend {
  readonly #backend: Backend;
  readonly #readers = new Set<EventReader>();
  readonly #echoes = new Echoes((key) => this.#tellKey('change', key));
  /** Of each key: what is to be told of the operations under way, in the order in which they were asked. */
  readonly #line = new Map<string, Due[]>();
  #foreign = false;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /**
   * Tells `reader` everything from here on, beginning with a reset.
   * @returns a function that ends it; undefined when there are too many readers already
   */
  read(reader: EventReader): (() => void) | undefined {
    if (this.#readers.size >= MAX_READERS) return undefined;
    this.#readers.add(reader);
    reader.tell('reset', this.#state());
    return () => {
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.#echoes.clear();
    };
  }

  run(operation: Operation): Promise<Result> {
    if (this.#readers.size === 0 || leavesEntries(operation)) return this.#backend.run(operation);
    return operation.verb === 'clear' ? this.#runClear(operation) : this.#runTold(operation);
  }

  /** Ends the readers; the backend is closed with it. */
  async close(): Promise<void> {
    this.endReaders();
    await this.#backend.close();
  }

  /** Ends the readers, whose connections would not end by themselves. */
  endReaders(): void {
    for (const reader of this.#readers) reader.end('closing');
    this.#readers.clear();
  }

  /** What the backend tells of changes, by us or by others; sidecar.ts passes it on, behind the near cache. */
  changed(change: Change): void {
    if (change.kind === 'keys') this.#heard(change.keys);
    else if (change.kind === 'everything') this.#reset(true);
    else if (change.kind === 'lost' && this.#foreign) this.#reset(false);
  }

  #heard(keys: readonly Buffer[]): void {
    if (this.#readers.size === 0) return;
    for (const key of keys) if (!checkKey(key)) this.#echoes.heard(key.toString());
  }

  /** Reports may have been missed, or anything changed; `foreign`: whether they come from here on. */
  #reset(foreign: boolean): void {
    this.#foreign = foreign;
    this.#echoes.clear();
    for (const reader of this.#readers) reader.tell('reset', this.#state());
  }

  async #runTold(operation: Operation): Promise<Result> {
    const key = operation.key.toString();
    const renews = operation.verb === 'get' && ['for', 'never'].includes(operation.ttlKind);
    const name = renews ? 'touch' : EVENT_OF[operation.verb];
    const due = name && this.#due(key);
    if (this.#foreign) this.#echoes.sent(key);
    const result = await this.#backend.run(operation);
    const changed = result.outcome === 'applied' || (renews && result.status === 'ok');
    if (this.#foreign) this.#echoes.answered(key, changed);
    if (!due) return result;
    due.answered = true;
    if (changed) due.name = name;
    // Nobody knows whether it was done.
    else if (result.outcome === 'unknown') due.name = 'change';
    this.#tellDue(key);
    return result;
  }

  /** A place among the events of this key. */
  #due(key: string): Due {
    const due: Due = { name: undefined, answered: false };
    const line = this.#line.get(key);
    if (line) line.push(due);
    else this.#line.set(key, [due]);
    return due;
  }

  /** Answers to operations on one key can come in another order than that in which they were done, which is this one. */
  #tellDue(key: string): void {
    const line = this.#line.get(key) ?? [];
    for (let first = line[0]; first?.answered; first = line[0]) {
      line.shift();
      if (first.name) this.#tellKey(first.name, key);
    }
    if (line.length === 0) this.#line.delete(key);
  }

  /** It can change many keys, of which those that it has removed are not known here. */
  async #runClear(operation: Operation): Promise<Result> {
    const prefix = operation.key.toString();
    const { tags, all } = operation.extras ?? {};
    const json = JSON.stringify({ prefix, tags, all: tags && all === true });
    const result = await this.#backend.run(operation);
    if (result.outcome !== 'not_applied')
      for (const reader of this.#readers)
        if (prefix.startsWith(reader.prefix) || reader.prefix.startsWith(prefix)) reader.tell('clear', json);
    return result;
  }

  #tellKey(name: EventName, key: string): void {
    const json = JSON.stringify({ key });
    for (const reader of this.#readers) if (key.startsWith(reader.prefix)) reader.tell(name, json);
  }

  #state(): string {
    return JSON.stringify({ foreign: this.#foreign });
  }
}

/** Whatever comes of it, no entry has changed: a lock lies elsewhere. */
function leavesEntries({ verb, ttlKind }: Operation): boolean {
  if (verb === 'unlock') return ttlKind === 'default';
  return verb === 'ping' || verb === 'list' || verb === 'lock';
}
