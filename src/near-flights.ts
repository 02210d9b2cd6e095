// Reads under way, one a key: others who ask for the same meanwhile wait for it, and what changes meanwhile spoils it.
// Used by near-cache.ts. Knows nothing of copies.
import type { Operation, Result } from './backend.js';

/**
 * Nobody joins a read that is older: what it finds may have been read when it began. It is also how much sooner than its
 * own deadline a read that joined another can end.
 */
const JOIN_MS = 100;

export interface Flight {
  readonly begunMs: number;
  /** When it ends at the latest. */
  readonly endsMs: number;
  readonly wantTtl: boolean;
  /** It is no use of an entry that slides. */
  readonly looks: boolean;
  /** Something may have changed since it began: what it finds is for those who asked before, and not to be kept. */
  spoiled: boolean;
  readonly landed: Promise<Result>;
}

export class Flights {
  readonly #flights = new Map<string, Flight>();

  /** The read under way that `asked` can wait for. */
  joinable(name: string, asked: Operation, nowMs: number): Flight | undefined {
    const flight = this.#flights.get(name);
    if (!flight || nowMs - flight.begunMs > JOIN_MS) return undefined;
    if ((asked.wantTtl && !flight.wantTtl) || (asked.ttlKind !== 'keep' && flight.looks)) return undefined;
    const laterMs = nowMs + asked.deadlineMs - flight.endsMs;
    return laterMs >= 0 && laterMs <= JOIN_MS ? flight : undefined;
  }

  /** Keeps the read to be joined until it has landed. One that was there stays for those who wait for it. */
  add(name: string, flight: Flight): void {
    this.spoil(name);
    this.#flights.set(name, flight);
  }

  landed(name: string, flight: Flight): void {
    if (this.#flights.get(name) === flight) this.#flights.delete(name);
  }

  spoil(name: string): void {
    const flight = this.#flights.get(name);
    if (!flight) return;
    flight.spoiled = true;
    this.#flights.delete(name);
  }

  spoilAll(): void {
    for (const flight of this.#flights.values()) flight.spoiled = true;
    this.#flights.clear();
  }
}
