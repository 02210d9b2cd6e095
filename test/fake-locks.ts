// The locks of the fake backend (fake-verbs.ts): who holds which key, and until when. Knows nothing of entries.

import { failure, type Operation, type Result } from '../src/backend.js';
import { answered } from './fake-answer.js';
import type { Entry, FakeClock } from './fake-store.js';

interface Lock {
  token: Buffer;
  endsAt: number;
}

export class FakeLocks {
  readonly #clock: FakeClock;
  readonly #locks = new Map<string, Lock>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** Takes the lock of the key where it is free, or held with this token already. */
  lock({ key, extras, ttlMs }: Operation, entry: Entry | undefined): Result {
    const held = this.#heldBy(key);
    if (held && !held.token.equals(extras?.token as Buffer))
      return { ...answered('locked', 'not_applied'), ttlMs: held.endsAt - this.#clock.nowMs };
    if (entry && !entry.value) return failure('foreign_type');
    if (!entry && !extras?.absent) return answered('miss', 'not_applied');
    const token = Buffer.from(extras?.token as Buffer);
    this.#locks.set(key.toString('latin1'), { token, endsAt: this.#clock.nowMs + ttlMs });
    return answered('ok', 'applied');
  }

  /** Does what `work` does if the operation has no token, or that of the lock; what is done gives the lock up. */
  guard({ key, extras }: Operation, work: () => Result): Result {
    if (!extras?.token) return work();
    if (!this.#heldBy(key)?.token.equals(extras.token)) return answered('not_held', 'not_applied');
    const result = work();
    if (result.status === 'ok' || result.status === 'miss') this.#locks.delete(key.toString('latin1'));
    return result;
  }

  #heldBy(key: Buffer): Lock | undefined {
    const lock = this.#locks.get(key.toString('latin1'));
    return lock && lock.endsAt > this.#clock.nowMs ? lock : undefined;
  }
}
