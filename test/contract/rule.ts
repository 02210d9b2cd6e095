// What a rule of the contract is. A rule fails by an AssertionError, so that it can be run without tap as well:
// contract-fake.test.ts runs rules that must fail.
import type { Backend } from '../../src/backend.js';

/** A backend under test, and what the test can do with it. */
export interface Subject {
  backend: Backend;
  /** A key that no other rule uses. */
  key(ending?: string): Buffer;
  /** Returns once this much time has passed for the entries. */
  advance(ms: number): Promise<void>;
  /** Puts a list under the key. */
  plant(key: Buffer): Promise<void>;
  /** So many backends on the same store, each with a connection of its own where that can be. */
  connections(count: number): Promise<Backend[]>;
  /** A backend that may be closed. */
  another(): Promise<Backend>;
}

export interface Rule {
  /** A sentence about behaviour. */
  title: string;
  /** True when the rule uses `plant`, which not every backend offers. */
  plants?: boolean;
  holds(subject: Subject): Promise<void>;
}
