// The contract of a Backend, as one suite: run on the fake, on a real Redis and on embedded Garnet
// (contract-*.test.ts). The rules are in contract/; a backend that passes can stand below cache.ts.
import { randomUUID } from 'node:crypto';
import type { Test } from 'tap';
import type { Backend } from '../src/backend.js';
import { clearRules } from './contract/clears.js';
import { conditionRules } from './contract/conditions.js';
import { counterRules } from './contract/counters.js';
import { entry, isDone, lasting } from './contract/entry.js';
import { growthRules } from './contract/growth.js';
import { hashRules } from './contract/hashes.js';
import { listRules } from './contract/lists.js';
import { lifeRules } from './contract/lives.js';
import { lockHolderRules } from './contract/lock-holders.js';
import { lockRules } from './contract/locks.js';
import { orderRules } from './contract/order.js';
import { pageRules } from './contract/pages.js';
import type { Rule, Subject } from './contract/rule.js';
import { slidingRules } from './contract/sliding.js';
import { tagRules } from './contract/tags.js';
import { tagConcurrencyRules } from './contract/tags-at-once.js';
import { touchRules } from './contract/touches.js';
import { valueRules } from './contract/values.js';
import { until } from './fixtures/wait.js';

export const RULES: readonly Rule[] = [
  ...valueRules,
  ...lifeRules,
  ...conditionRules,
  ...touchRules,
  ...slidingRules,
  ...hashRules,
  ...counterRules,
  ...growthRules,
  ...lockRules,
  ...lockHolderRules,
  ...listRules,
  ...pageRules,
  ...clearRules,
  ...tagRules,
  ...tagConcurrencyRules,
  ...orderRules,
];

export interface ContractOptions {
  /** Of the backend, for the titles. */
  name: string;
  /** Opens a backend; the suite closes it. */
  open(): Promise<Backend>;
  /** Whether all backends that `open` gives are on one store. If not, rules of concurrency share one backend. */
  oneStore: boolean;
  /** Lets time pass for the entries. Default: waits until an entry put for so long has expired. */
  advance?: (ms: number) => Promise<void>;
  /** Puts a list under the key; or a sentence that says why that cannot be done here. */
  plant: ((key: Buffer) => Promise<void>) | string;
}

/** Runs every rule as a test of its own. */
export function backendContract(t: Test, options: ContractOptions): void {
  const opened: Backend[] = [];
  let subject: Subject;
  t.before(async () => {
    subject = await openSubject(options, opened);
  });
  t.teardown(() => Promise.all(opened.map((backend) => backend.close())));
  for (const { title, plants, holds } of RULES) {
    const skip = plants && typeof options.plant === 'string' ? options.plant : false;
    t.test(`${options.name}: ${title}`, { skip }, () => holds(subject));
  }
}

/** @param opened every backend that was opened, for the caller to close */
export async function openSubject(options: ContractOptions, opened: Backend[]): Promise<Subject> {
  const { plant, oneStore } = options;
  const run = randomUUID();
  let keys = 0;
  const another = async () => {
    const backend = await options.open();
    opened.push(backend);
    return backend;
  };
  const key = (ending = '') => Buffer.from(`contract:${run}:${keys++}:${ending}`);
  const backend = await another();
  return {
    ...{ backend, key, another },
    advance: options.advance ?? ((ms) => expiry(backend, key('clock'), ms)),
    plant: (planted) => (typeof plant === 'string' ? Promise.reject(new Error(plant)) : plant(planted)),
    connections: (count) =>
      Promise.all(Array.from({ length: count }, () => (oneStore ? another() : backend))),
  };
}

/** Real time has passed for the entries when an entry put for that long is gone. No event tells. */
async function expiry(backend: Backend, key: Buffer, ms: number): Promise<void> {
  const clock = entry(backend, key);
  isDone(await clock.put('', lasting(ms)));
  await until(async () => (await clock.get()).status === 'miss', ms + 5000, `an entry of ${ms} ms to expire`);
}
