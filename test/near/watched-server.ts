// A server as the near cache sees it: answers and changes come over two connections, each in order and with delays of its
// own, either of which can fall silent or be cut. In the time of a Timeline. What lay under each key is kept, for
// judgements of what was read.
import { type Change, failure, type Operation, type Result, type Watched } from '../../src/backend.js';
import { FakeStore } from '../fake-store.js';
import { FakeVerbs } from '../fake-verbs.js';
import type { Timeline } from './timeline.js';

/** What lay under a key from a time on; undefined = nothing. */
export interface State {
  fromMs: number;
  value: string | undefined;
  endsMs: number;
}

export class WatchedServer implements Watched {
  readonly alone: boolean;
  readonly store = new FakeStore();
  /** Delays of what is sent from now on. */
  delays = { commandMs: 1, answerMs: 1, changeMs: 1 };
  /** Gets that arrived: what the near cache did not serve. */
  readonly read: Operation[] = [];
  readonly marks: number[] = [];
  /** When each operation took effect. */
  readonly doneMs = new Map<Operation, number>();
  readonly #time: Timeline;
  readonly #verbs = new FakeVerbs(this.store);
  readonly #states = new Map<string, State[]>();
  readonly #listeners: ((change: Change) => void)[] = [];
  #commandsMs = 0;
  #answersMs = 0;
  #changesMs = 0;
  #armed = false;
  /** Counts connections: what was sent over one that has been cut does not arrive. */
  #connection = 0;
  #silent: (() => void)[] | undefined;
  #deafUntilMs = 0;

  constructor(time: Timeline, alone = false) {
    this.#time = time;
    this.alone = alone;
  }

  watch(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes effect in the order sent, also with the marks. */
  run(operation: Operation): Promise<Result> {
    return new Promise((resolve) => {
      this.#command(() => {
        if (operation.verb === 'get') this.read.push(operation);
        const result = this.#execute(operation);
        this.doneMs.set(operation, this.#time.nowMs);
        this.#answersMs = Math.max(this.#answersMs, this.#time.nowMs + this.delays.answerMs);
        this.#time.at(this.#answersMs, () => resolve(result));
      });
    });
  }

  mark(mark: number): void {
    this.marks.push(mark);
    this.#command(() => {
      if (this.#time.nowMs < this.#deafUntilMs) return;
      if (!this.#armed) {
        this.#armed = true;
        this.tell({ kind: 'lost' });
        this.tell({ kind: 'everything' });
      }
      this.tell({ kind: 'proof', mark });
    });
  }

  async close(): Promise<void> {}

  /** Somebody else's, done at once. */
  foreign(operation: Operation): Result {
    return this.#execute(operation);
  }

  /** FLUSHDB of somebody else. */
  flush(): void {
    for (const [name, states] of this.#states) {
      this.store.delete(Buffer.from(name));
      states.push(this.#stateOf(Buffer.from(name)));
    }
    if (this.#armed) this.tell({ kind: 'everything' });
  }

  /**
   * The connection for changes is cut; a mark brings a new one, after this many milliseconds.
   * @param told whether its end is noticed
   */
  cut(told: boolean, deafMs = 0): void {
    this.#armed = false;
    this.#deafUntilMs = this.#time.nowMs + deafMs;
    this.#connection += 1;
    this.#silent = undefined;
    if (told) for (const listener of this.#listeners) listener({ kind: 'lost' });
  }

  /** The connection for changes is half open: what is told waits. */
  silence(): void {
    this.#silent ??= [];
  }

  /** It goes on, with all that has waited. */
  resume(): void {
    const waiting = this.#silent ?? [];
    this.#silent = undefined;
    for (const act of waiting) act();
  }

  /** Over the connection for changes. */
  tell(change: Change): void {
    const connection = this.#connection;
    this.#changesMs = Math.max(this.#changesMs, this.#time.nowMs + this.delays.changeMs);
    this.#time.at(this.#changesMs, () => {
      const act = () => {
        if (connection === this.#connection) for (const listener of this.#listeners) listener(change);
      };
      if (this.#silent) this.#silent.push(act);
      else act();
    });
  }

  /** What lay under the key at some time between the two. */
  statesBetween(key: string, fromMs: number, toMs: number): State[] {
    const states = [{ fromMs: Number.NEGATIVE_INFINITY, value: undefined, endsMs: Number.POSITIVE_INFINITY }];
    states.push(...((this.#states.get(key) ?? []) as typeof states));
    return states.flatMap((state, at) => {
      const untilMs = Math.min(states[at + 1]?.fromMs ?? Number.POSITIVE_INFINITY, state.endsMs);
      const after = { fromMs: state.endsMs, value: undefined, endsMs: Number.POSITIVE_INFINITY };
      const found: State[] = state.fromMs <= toMs && untilMs >= fromMs ? [state] : [];
      const next = states[at + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
      // Also when the next began in the very millisecond in which it ended: a read between the two found nothing.
      if (state.endsMs <= next && state.endsMs <= toMs && next >= fromMs) found.push(after);
      return found;
    });
  }

  #command(act: () => void): void {
    this.#commandsMs = Math.max(this.#commandsMs, this.#time.nowMs + this.delays.commandMs);
    this.#time.at(this.#commandsMs, act);
  }

  #execute(operation: Operation): Result {
    this.store.clock.nowMs = this.#time.nowMs;
    if (operation.key.length > 1024) return failure('key_too_long');
    const result = this.#verbs.run(operation);
    const { verb, key, ttlKind } = operation;
    if (verb === 'clear') {
      for (const name of this.#states.keys()) this.#changed(Buffer.from(name));
      return result;
    }
    const reads = verb === 'ping' || verb === 'list' || (verb === 'get' && ttlKind === 'default');
    if (!reads && result.outcome === 'applied') this.#changed(key);
    return result;
  }

  #changed(key: Buffer): void {
    const name = key.toString();
    const states = this.#states.get(name) ?? [];
    this.#states.set(name, states);
    states.push(this.#stateOf(key));
    if (this.#armed) this.tell({ kind: 'keys', keys: [Buffer.from(key)] });
  }

  #stateOf(key: Buffer): State {
    const entry = this.store.get(key);
    return {
      fromMs: this.#time.nowMs,
      value: entry?.value?.toString(),
      endsMs: entry?.expiresAt ?? Number.POSITIVE_INFINITY,
    };
  }
}
