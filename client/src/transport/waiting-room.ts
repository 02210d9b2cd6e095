// The calls that wait for a connection, in the order they came. Used by link.ts, which says how long each may wait.
import { Alarm } from './alarm.js';
import type { Call } from './call.js';

export class WaitingRoom {
  readonly #calls = new Set<Call>();
  readonly #endOf: (call: Call) => number;
  readonly #giveUp: (call: Call) => void;
  /** While somebody waits, the process stays alive. */
  readonly #alarm = new Alarm(() => this.#endLate(), true);

  /**
   * @param endOf until when the call may wait, in milliseconds of `performance.now()`
   * @param giveUp called with each that has waited so long
   */
  constructor(endOf: (call: Call) => number, giveUp: (call: Call) => void) {
    this.#endOf = endOf;
    this.#giveUp = giveUp;
  }

  add(call: Call): void {
    this.#calls.add(call);
    this.#alarm.set(this.#endOf(call));
  }

  /** Whether it was here. */
  remove(call: Call): boolean {
    const was = this.#calls.delete(call);
    if (this.#calls.size === 0) this.#alarm.stop();
    return was;
  }

  /** The calls, which are here no longer. */
  empty(): Call[] {
    const calls = this.calls();
    this.#calls.clear();
    this.#alarm.stop();
    return calls;
  }

  calls(): Call[] {
    return [...this.#calls];
  }

  /** For calls that may not wait as long as when they came. */
  recheck(): void {
    this.#alarm.set(this.#endLate());
  }

  /** Gives up those that have waited long enough; answers when the next one will have. */
  #endLate(): number {
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const call of this.#calls) {
      const end = this.#endOf(call);
      if (end > now) {
        next = Math.min(next, end);
        continue;
      }
      this.remove(call);
      this.#giveUp(call);
    }
    return next;
  }
}
