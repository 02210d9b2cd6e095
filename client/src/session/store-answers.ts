// How the calls of a store end: with errors that its framework does not misread, with a callback or a promise, and
// before the store is closed. Called by the stores; knows nothing of sessions.
import type { EventEmitter } from 'node:events';
import { type Callback, settle } from '../callback.js';
import { AzureCacheError } from '../errors.js';

/**
 * Emits an event of a store. An error is told only where somebody listens: elsewhere it would end the process. What a
 * listener throws is an uncaught exception, as from any emitter, and no failure of the call.
 */
export function tell(store: EventEmitter, event: 'error' | 'dropped' | 'merged', about: unknown): void {
  if (event === 'error' && store.listenerCount('error') === 0) return;
  try {
    store.emit(event, about);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

/** What Sessions tell a store of a save: counted and emitted. */
export function countIn(store: EventEmitter & { readonly counts: { dropped: number; merged: number } }) {
  return (event: 'dropped' | 'merged', id: string): void => {
    store.counts[event] += 1;
    tell(store, event, id);
  };
}

export class Answers {
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #tell: (error: unknown) => void;
  #closed = false;

  /** @param tell is told of every error that is answered */
  constructor(tell: (error: unknown) => void) {
    this.#tell = tell;
  }

  /** Begins the work at once, and answers how it ends. */
  give<T>(work: () => Promise<T>, callback?: Callback<T>): Promise<T> {
    const begun = this.#closed ? Promise.reject(closed()) : work();
    const answer = begun.catch((thrown) => {
      const error = presentable(thrown);
      this.#tell(error);
      throw error;
    });
    const over = () => void this.#underWay.delete(answer);
    this.#underWay.add(answer);
    answer.then(over, over);
    return settle(answer, callback);
  }

  /** From now on everything fails with `closed`; resolves when what is under way has ended. */
  async end(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#underWay);
  }
}

function presentable(thrown: unknown): unknown {
  // Whatever it is to the sidecar (401, 413), to the user of the application it is a service that is not there.
  if (thrown instanceof AzureCacheError) return Object.assign(thrown, { status: 503 });
  if (!thrown) return new Error('A function in the options of the session store threw, but no error.');
  // From the application's own functions. express-session and @fastify/session read this code as "there is no
  // session", and would log everybody out.
  if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') return thrown;
  return new Error((thrown as Error).message, { cause: thrown });
}

function closed(): AzureCacheError {
  return new AzureCacheError(
    'closed',
    'The session store has been closed, so nothing more is asked. Make another.',
  );
}
