// Everything asked on one connection that has no answer yet: its ids, its deadlines, and what is said of it when no
// answer comes. Used by connection.ts. Knows nothing of sockets or frames.

import { AzureCacheError } from '../errors.js';
import { Alarm } from './alarm.js';
import type { Call } from './call.js';
import { LAST_ID } from './frame.js';
import { lostOutcome } from './operation.js';

export class Unanswered {
  readonly #calls = new Map<number, Call>();
  readonly #alarm = new Alarm(() => this.#endOverdue(), false);
  readonly #onNone: () => void;
  readonly #onOverdue: () => void;
  #lastId = 0;

  /**
   * @param onNone called when the last one has gone
   * @param onOverdue called when a deadline has passed
   */
  constructor(onNone: () => void, onOverdue: () => void) {
    this.#onNone = onNone;
    this.#onOverdue = onOverdue;
  }

  get count(): number {
    return this.#calls.size;
  }

  all(): Call[] {
    return [...this.#calls.values()];
  }

  /** Takes a call in, under an id that no other has. */
  add(call: Call): void {
    do this.#lastId = this.#lastId === LAST_ID ? 1 : this.#lastId + 1;
    while (this.#calls.has(this.#lastId));
    call.id = this.#lastId;
    this.#calls.set(call.id, call);
    this.#alarm.set(call.overdueAt);
  }

  /** The one with this id, which is taken out; undefined when its deadline has passed before. */
  take(id: number): Call | undefined {
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    this.#calls.delete(id);
    call.id = 0;
    if (this.#calls.size === 0) this.#onNone();
    return call;
  }

  /** No answer will come: hands each over with its error. */
  failAll(what: string, cause: unknown, lost: (call: Call, error: AzureCacheError) => void): void {
    for (const call of this.all()) {
      const { operation, sent } = call;
      this.take(call.id);
      const outcome = sent ? lostOutcome(operation) : 'not_applied';
      lost(call, new AzureCacheError('connection_lost', `${operation.verb}: ${what}`, outcome, cause));
    }
  }

  #endOverdue(): number {
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    let ended = false;
    for (const call of this.#calls.values()) {
      if (call.overdueAt > now) {
        next = Math.min(next, call.overdueAt);
        continue;
      }
      ended = true;
      this.take(call.id);
      call.reject(overdue(call));
    }
    if (ended) this.#onOverdue();
    return next;
  }
}

function overdue({ operation, deadlineMs, sent }: Call): AzureCacheError {
  const message = `${operation.verb}: no answer within ${deadlineMs} ms; see outcome.`;
  return new AzureCacheError('timeout', message, sent ? lostOutcome(operation) : 'not_applied');
}
