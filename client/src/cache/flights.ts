// Lets all who ask for one thing at once have one answer: the first starts the work, the others wait for it. Who aborts
// leaves; the work is told to end once nobody is left. Used by get-or-set.ts; knows nothing of keys or locks.
import { AzureCacheError } from '../errors.js';
import { onAbort } from '../transport/signals.js';

/** Bytes, or JSON as a string; undefined: the load answered that. */
export type Loaded = Uint8Array | string | undefined;

interface Flight {
  answer: Promise<Loaded>;
  waiting: number;
  /** Fires once nobody waits any more. */
  left: AbortController;
}

export class Flights {
  readonly #flights = new Map<string, Flight>();

  /**
   * @param signal of this caller
   * @throws AzureCacheError `aborted`, and what `work` throws
   */
  join(
    name: string,
    signal: AbortSignal | undefined,
    work: (left: AbortSignal) => Promise<Loaded>,
  ): Promise<Loaded> {
    if (signal?.aborted) return Promise.reject(aborted(signal));
    const flight = this.#flights.get(name) ?? this.#start(name, work);
    flight.waiting += 1;
    if (!signal) return flight.answer;
    return new Promise((resolve, reject) => {
      const unlisten = onAbort(signal, () => {
        unlisten();
        reject(aborted(signal));
        flight.waiting -= 1;
        if (flight.waiting > 0) return;
        this.#end(name, flight);
        flight.left.abort(signal.reason);
      });
      flight.answer.finally(unlisten).then(resolve, reject);
    });
  }

  #start(name: string, work: (left: AbortSignal) => Promise<Loaded>): Flight {
    const left = new AbortController();
    const flight: Flight = { answer: work(left.signal), waiting: 0, left };
    this.#flights.set(name, flight);
    const end = () => this.#end(name, flight);
    // Also handles what nobody awaits any more.
    flight.answer.then(end, end);
    return flight;
  }

  /** Who comes from here on starts another. */
  #end(name: string, flight: Flight): void {
    if (this.#flights.get(name) === flight) this.#flights.delete(name);
  }
}

function aborted({ reason }: AbortSignal): AzureCacheError {
  return new AzureCacheError('aborted', 'getOrSet: the call was aborted.', 'not_applied', reason);
}
