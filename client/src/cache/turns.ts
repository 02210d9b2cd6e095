// Lets calls with the same name go one after the other. Used for updates: those of one key in one process need not
// fight. Knows nothing of what they do: what makes them correct is the compare-and-set.
import { AzureCacheError } from '../errors.js';
import { onAbort } from '../transport/signals.js';

export interface Wait {
  /** How long to wait for the turn. */
  deadlineMs: number;
  signal: AbortSignal | undefined;
}

export class Turns {
  readonly #patienceMs: number;
  /** The end of the last turn of each line. */
  readonly #lastOf = new Map<string, Promise<void>>();

  /** @param patienceMs a turn that lasts longer does not hold up the next: it may never end, or wait for that one */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** @throws AzureCacheError `timeout`, `aborted`, and what `work` throws */
  async take<T>(name: string, wait: Wait, work: () => Promise<T>): Promise<T> {
    const before = this.#lastOf.get(name);
    let end = () => {};
    const mine = new Promise<void>((resolve) => {
      end = resolve;
    }).then(() => {
      if (this.#lastOf.get(name) === mine) this.#lastOf.delete(name);
    });
    this.#lastOf.set(name, mine);
    try {
      if (before) await turnAfter(before, wait);
    } catch (error) {
      // Who left the line is passed over, not overtaken.
      before?.then(end);
      throw error;
    }
    const patience = setTimeout(end, this.#patienceMs);
    try {
      return await work();
    } finally {
      clearTimeout(patience);
      end();
    }
  }
}

function turnAfter(before: Promise<void>, { deadlineMs, signal }: Wait): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () =>
      fail(new AzureCacheError('aborted', 'update: the call was aborted.', 'not_applied', signal?.reason));
    const timer = setTimeout(() => fail(late(deadlineMs)), deadlineMs);
    const unlisten = signal && onAbort(signal, abort);
    const stop = () => {
      clearTimeout(timer);
      unlisten?.();
    };
    const fail = (error: AzureCacheError) => {
      stop();
      reject(error);
    };
    before.then(stop).then(resolve);
    if (signal?.aborted) abort();
  });
}

function late(deadlineMs: number): AzureCacheError {
  const message = `update: other updates of this key have taken all of the ${deadlineMs} ms. Nothing was written.`;
  return new AzureCacheError('timeout', message);
}
