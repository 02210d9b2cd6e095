// What the cache and the sessions stand on: operations in, results out, whether the sidecar is there or just coming.
// Handles of one place and token share one connection in the process. Called by cache.ts and the session store.
// Knows nothing of values or lives.

import { AzureCacheError } from '../errors.js';
import { type Caller, newCall, whenSettled } from './call.js';
import type { Place } from './doors.js';
import { eventsAt, type SidecarEvent } from './events.js';
import { Link } from './link.js';
import { type Operation, type Result, refusalOf } from './operation.js';
import { onAbort } from './signals.js';
import { type Settings, settingsOf, type TransportOptions, warnOfOthers } from './transport-options.js';

export type { SidecarEvent } from './events.js';
export type { TransportOptions } from './transport-options.js';
export { warnOfOthers };

/** What cache.ts and the session rules need from below; tests may stand a fake in its place. */
export interface Transport {
  readonly deadlineMs: number;
  /**
   * Sends one operation, now or when the sidecar is there. A read that was lost with its connection is asked once
   * more, a write only if no byte of it had left.
   * @throws AzureCacheError and nothing else: `aborted` when the signal did it, `closed` after `close()`
   */
  run(operation: Operation, signal?: AbortSignal): Promise<Result>;
  /** Called with true when the sidecar is reached, with false when it is not. Answers a function that ends it. */
  onReadiness(listener: (reachable: boolean) => void): () => void;
  /**
   * What the sidecar tells of the keys that begin with `prefix`, on a connection of its own, until `signal` fires or this
   * handle is closed.
   * @throws AzureCacheError `closed`, and refusals that trying again does not change
   */
  events(prefix: string, signal?: AbortSignal): AsyncIterable<SidecarEvent>;
  /** This handle takes nothing more; waits for what is under way; the last handle of a place ends the connection. */
  close(): Promise<void>;
}

/**
 * A handle. Does not connect: the first `run` does.
 * @throws AzureCacheError `options_invalid` (status 400) naming the option
 */
export function openTransport(options: TransportOptions = {}): Transport {
  return new Handle(settingsOf(options));
}

interface Shared {
  link: Link;
  handles: number;
}
const shared = new Map<string, Shared>();

class Handle implements Transport, Caller {
  readonly deadlineMs: number;
  readonly waitMs: number;
  readonly #key: string;
  readonly #shared: Shared;
  readonly #link: Link;
  readonly #endListening = new Set<() => void>();
  readonly #place: Place;
  readonly #token: string | undefined;
  #closed: Promise<void> | undefined;

  constructor({ place, token, waitMs, deadlineMs }: Settings) {
    this.deadlineMs = deadlineMs;
    this.waitMs = waitMs;
    this.#place = place;
    this.#token = token;
    this.#key = JSON.stringify([place.name, token]);
    this.#shared = shared.get(this.#key) ?? { link: new Link(place, token), handles: 0 };
    this.#shared.handles += 1;
    this.#link = this.#shared.link;
    shared.set(this.#key, this.#shared);
  }

  // No layer of promises: this is the path of every call.
  run(operation: Operation, signal?: AbortSignal): Promise<Result> {
    const refusal = (this.#closed && closed(operation.verb)) ?? refusalOf(operation);
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const call = newCall(operation, operation.deadlineMs ?? this.deadlineMs, this, resolve, reject);
      if (signal?.aborted) return this.#link.abort(call, signal.reason);
      if (signal)
        whenSettled(
          call,
          onAbort(signal, () => this.#link.abort(call, signal.reason)),
        );
      this.#link.run(call);
    });
  }

  onReadiness(listener: (reachable: boolean) => void): () => void {
    const stop = this.#link.onReadiness(listener);
    const end = () => {
      stop();
      this.#endListening.delete(end);
    };
    this.#endListening.add(end);
    return end;
  }

  async *events(prefix: string, signal?: AbortSignal): AsyncGenerator<SidecarEvent, void> {
    if (this.#closed) throw closed('events');
    const ending = new AbortController();
    const end = () => ending.abort();
    const stop = signal && onAbort(signal, end);
    this.#endListening.add(end);
    try {
      if (!signal?.aborted) yield* eventsAt(this.#place, this.#token, prefix, ending.signal);
    } finally {
      stop?.();
      this.#endListening.delete(end);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    for (const endListening of this.#endListening) endListening();
    const calls = this.#link.callsOf(this);
    await Promise.all(calls.map((call) => new Promise<void>((over) => whenSettled(call, over))));
    this.#shared.handles -= 1;
    if (this.#shared.handles > 0) return;
    shared.delete(this.#key);
    await this.#link.close();
  }
}

function closed(what: string): AzureCacheError {
  return new AzureCacheError(
    'closed',
    `${what}: it has been closed, so nothing more is asked. Open another.`,
  );
}
