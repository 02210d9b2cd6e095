// Where every operation of a store waits until the run lets it go: one at a time, so that the order in which they take
// effect is the order of the plan. Stands between the store and the real transport.
import timers from 'node:timers/promises';
import type { Operation, Result } from '../../client/dist/transport/operation.js';
import type { Transport } from '../../client/dist/transport/transport.js';

/** Something that waits for its turn. */
export interface Waiting {
  /** What waits in one lane goes on in the order in which it came; without one it is free. */
  lane?: string | undefined;
  /** Resolves when it has happened and whoever waited for it knows. */
  go(): Promise<void>;
}

/** Who asks, and hears of what became of it before the store does. */
export interface Asker {
  readonly waiting: Waiting[];
  /** Of one request the connection keeps the order of what it asks about one entry. */
  laneOf(operation: Operation): string;
  happened(operation: Operation, result: Result): void;
}

// What the store waits before a new try is left to the plan, too: in real time nothing would be decided by it.
Object.assign(timers, { setTimeout: async () => {} });

/** @param asker who is asking now; what nobody asks is done at once */
export function gated(transport: Transport, asker: () => Asker | undefined): Transport {
  return {
    deadlineMs: transport.deadlineMs,
    onReadiness: (listener) => transport.onReadiness(listener),
    events: (prefix, signal) => transport.events(prefix, signal),
    close: () => transport.close(),
    run: (operation) => {
      const by = asker();
      return by
        ? hold(by.waiting, by.laneOf(operation), async () => {
            const result = await transport.run(operation);
            by.happened(operation, result);
            return result;
          })
        : transport.run(operation);
    },
  };
}

/** Does it when the run says so. */
export function hold<T>(waiting: Waiting[], lane: string | undefined, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const go = async () => {
      const done = work();
      done.then(resolve, reject);
      await done.catch(() => {});
    };
    waiting.push({ lane, go });
  });
}

/** Those that can go on: the first of each lane. */
export function free(waiting: readonly Waiting[]): Waiting[] {
  const lanes = new Set<string>();
  return waiting.filter(({ lane }) => lane === undefined || lanes.size < lanes.add(lane).size);
}
