// Everything asked on one connection that has no answer yet: its ids, its deadlines, and what is said of it when no
// answer comes. Used by connection.ts. Knows nothing of sockets or frames.
import { AzureCacheError, type ErrorCode } from './errors.js';
import { LAST_ID } from './frame.js';
import { lostOutcome, type Operation, type Result } from './operation.js';

/** One operation and who waits for it. */
export interface Waiting {
  id: number;
  operation: Operation;
  deadlineMs: number;
  /** In milliseconds of `performance.now()`. */
  overdueAt: number;
  /** False while certainly no byte of it has left. */
  sent: boolean;
  resolve: (result: Result) => void;
  reject: (error: AzureCacheError) => void;
}

export class Unanswered {
  readonly #waiting = new Map<number, Waiting>();
  readonly #onNone: () => void;
  #lastId = 0;
  #alarm: NodeJS.Timeout | undefined;
  #alarmAt = Number.POSITIVE_INFINITY;

  /** @param onNone called when the last one has gone */
  constructor(onNone: () => void) {
    this.#onNone = onNone;
  }

  get count(): number {
    return this.#waiting.size;
  }

  has({ id }: Waiting): boolean {
    return this.#waiting.has(id);
  }

  /** Takes an operation in, under an id that no other has. From here on its deadline runs. */
  add(asked: Pick<Waiting, 'operation' | 'deadlineMs' | 'resolve' | 'reject'>): Waiting {
    do this.#lastId = this.#lastId === LAST_ID ? 1 : this.#lastId + 1;
    while (this.#waiting.has(this.#lastId));
    // Field by field: with `...asked` the whole client does half as many operations a second.
    const { operation, deadlineMs, resolve, reject } = asked;
    const overdueAt = performance.now() + deadlineMs;
    const waiting = { id: this.#lastId, operation, deadlineMs, overdueAt, sent: false, resolve, reject };
    this.#waiting.set(waiting.id, waiting);
    this.#wakeAt(overdueAt);
    return waiting;
  }

  /** The one that is answered with this id, which is taken out; undefined when its deadline has passed before. */
  take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting) this.#remove(waiting);
    return waiting;
  }

  /** No answer will come. */
  failAll(code: ErrorCode, what: string, cause: unknown): void {
    for (const waiting of this.#waiting.values()) this.#fail(waiting, code, what, cause);
  }

  #remove({ id }: Waiting): void {
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#onNone();
  }

  #fail(waiting: Waiting, code: ErrorCode, what: string, cause?: unknown): void {
    const { operation, sent, reject } = waiting;
    const outcome = sent ? lostOutcome(operation) : 'not_applied';
    this.#remove(waiting);
    reject(new AzureCacheError(code, `${operation.verb}: ${what}`, outcome, cause));
  }

  /** One alarm for all, at the earliest deadline: a timer for each operation would cost as much as its frame. */
  #wakeAt(time: number): void {
    if (time >= this.#alarmAt) return;
    clearTimeout(this.#alarm);
    this.#alarmAt = time;
    this.#alarm = setTimeout(() => this.#endOverdue(), Math.max(0, time - performance.now())).unref();
  }

  #endOverdue(): void {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting.values()) {
      if (waiting.overdueAt > now) next = Math.min(next, waiting.overdueAt);
      else this.#fail(waiting, 'timeout', `no answer within ${waiting.deadlineMs} ms; see outcome.`);
    }
    this.#wakeAt(next);
  }
}
