// The one connection to a place that all handles in the process share: opened when first needed, opened again when it
// was lost. Calls wait here while there is none, and those that were lost unharmed are asked once more.
// Called by transport.ts. Knows nothing of options; who calls says how long a sidecar may be away.

import { AzureCacheError, type ErrorCode } from '../errors.js';
import type { Call, Caller } from './call.js';
import type { Connection, Keeper } from './connection.js';
import type { Place } from './doors.js';
import { lostOutcome } from './operation.js';
import { reach } from './reach.js';
import { WaitingRoom } from './waiting-room.js';

/** Between attempts, doubling from the first to the last, give or take a half. */
const FIRST_PAUSE_MS = 25;
const LAST_PAUSE_MS = 1000;
/** After a connection that lived this long the next attempt is made at once. */
const STEADY_MS = 1000;
/** However little a caller waits, until the first attempt has failed nobody knows that the sidecar is away. */
const FIRST_ATTEMPT_MS = 500;

export class Link implements Keeper {
  readonly #place: Place;
  readonly #token: string | undefined;
  readonly #waiting = new WaitingRoom(
    (call) => this.#endOfWaiting(call),
    (call) => this.#giveUp(call),
  );
  readonly #listeners = new Set<(reachable: boolean) => void>();
  #connection: Connection | undefined;
  #connectedAt = 0;
  #everConnected = false;
  /** Since the first call, or since the connection was lost; undefined while there is one. */
  #awaySince: number | undefined;
  /** Why the latest attempt failed, while away. */
  #failure: AzureCacheError | undefined;
  #pauseMs = 0;
  #attempt: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** As the listeners were told. */
  #reachable: boolean | undefined;

  constructor(place: Place, token: string | undefined) {
    this.#place = place;
    this.#token = token;
  }

  /** Sends the call now or when there is a connection, and settles it by its deadline. */
  run(call: Call): void {
    if (this.#connection) this.#connection.send(call);
    else this.#wait(call);
  }

  /** Settles the call, which is never sent if it has not been. */
  abort(call: Call, reason: unknown): void {
    if (!this.#waiting.remove(call)) this.#connection?.forget(call);
    const { operation, sent } = call;
    const outcome = sent ? lostOutcome(operation) : 'not_applied';
    call.reject(new AzureCacheError('aborted', `${operation.verb}: the call was aborted.`, outcome, reason));
  }

  /** The calls of this caller that are not settled. */
  callsOf(caller: Caller): Call[] {
    const all = [...this.#waiting.calls(), ...(this.#connection?.calls() ?? [])];
    return all.filter((call) => call.caller === caller);
  }

  /** Tells each change: whether the sidecar can be reached. */
  onReadiness(listener: (reachable: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Ends the connection; when nobody calls any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#attempt?.abort();
    await this.#connection?.close();
  }

  /** Called by the connection. */
  ended(): void {
    if (this.#connection === undefined || this.#closed) return;
    this.#connection = undefined;
    if (performance.now() - this.#connectedAt >= STEADY_MS) this.#pauseMs = 0;
    this.#goAway();
    this.#tell(false);
  }

  /** Called by the connection. */
  lost(call: Call, error: AzureCacheError): void {
    if (call.retried || error.outcome !== 'not_applied') return call.reject(error);
    call.retried = true;
    this.run(call);
  }

  #wait(call: Call): void {
    if (this.#awaySince === undefined) this.#goAway();
    // Also where it need not wait at all: who calls again and again must not keep the timers of the process from going.
    this.#waiting.add(call);
  }

  #goAway(): void {
    this.#awaySince = performance.now();
    this.#failure = undefined;
    this.#connectIn(this.#pauseMs);
  }

  /** The first time the deadline begins with the connection: a sidecar that starts is no slow answer. */
  #endOfWaiting({ caller, overdueAt }: Call): number {
    if (this.#failure && !this.#failure.retryable) return 0;
    const waitMs = this.#failure ? caller.waitMs : Math.max(caller.waitMs, FIRST_ATTEMPT_MS);
    const end = (this.#awaySince ?? 0) + waitMs;
    return this.#everConnected ? Math.min(end, overdueAt) : end;
  }

  /** Nothing was sent. Each gets an error of its own, for whoever catches it may add to it. */
  #giveUp({ operation, reject }: Call): void {
    const failure = this.#failure;
    const why = failure?.message ?? 'The door has not answered yet.';
    const fail = (code: ErrorCode, what: string) =>
      reject(new AzureCacheError(code, `${operation.verb}: ${what}`, 'not_applied', failure));
    if (failure && !failure.retryable) return fail(failure.code, why);
    const awayMs = Math.round(performance.now() - (this.#awaySince ?? 0));
    fail('sidecar_unreachable', `no connection for ${awayMs} ms. ${why}`);
  }

  #connectIn(pauseMs: number): void {
    this.#pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, pauseMs * 2), LAST_PAUSE_MS);
    if (pauseMs === 0) return void this.#connect();
    const pause = pauseMs * (0.5 + Math.random());
    this.#timer = setTimeout(() => void this.#connect(), pause).unref();
  }

  async #connect(): Promise<void> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    try {
      const connection = await reach(this.#place, this.#token, attempt.signal, this);
      this.#attempt = undefined;
      // It can have ended by what came with the upgrade.
      if (connection.end) throw connection.end;
      this.#take(connection);
    } catch (error) {
      if (!this.#closed) this.#miss(error as AzureCacheError);
    }
  }

  #take(connection: Connection): void {
    if (this.#closed) return void connection.close();
    this.#connection = connection;
    this.#connectedAt = performance.now();
    this.#awaySince = undefined;
    for (const call of this.#waiting.empty()) {
      if (!this.#everConnected) call.overdueAt = this.#connectedAt + call.deadlineMs;
      connection.send(call);
    }
    this.#everConnected = true;
    this.#tell(true);
  }

  #miss(error: AzureCacheError): void {
    this.#failure = error;
    this.#waiting.recheck();
    this.#tell(false);
    this.#connectIn(this.#pauseMs);
  }

  #tell(reachable: boolean): void {
    if (reachable === this.#reachable) return;
    this.#reachable = reachable;
    // What a listener throws is its own.
    for (const listener of this.#listeners) queueMicrotask(() => listener(reachable));
  }
}
