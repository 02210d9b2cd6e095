// Ways in which a Backend can break its contract, at least one for every rule. contract-fake.test.ts plants each in
// the fake and expects the rule to find it: a rule that finds nothing proves nothing.
import type { PlantedBug } from './planted-bugs/bug.js';
import { clearBugs } from './planted-bugs/clears.js';
import { conditionBugs } from './planted-bugs/conditions.js';
import { counterBugs } from './planted-bugs/counters.js';
import { growthBugs } from './planted-bugs/growth.js';
import { hashBugs } from './planted-bugs/hashes.js';
import { listBugs } from './planted-bugs/lists.js';
import { lifeBugs } from './planted-bugs/lives.js';
import { lockHolderBugs } from './planted-bugs/lock-holders.js';
import { lockBugs } from './planted-bugs/locks.js';
import { orderBugs } from './planted-bugs/order.js';
import { pageBugs } from './planted-bugs/pages.js';
import { slidingBugs } from './planted-bugs/sliding.js';
import { tagBugs } from './planted-bugs/tags.js';
import { touchBugs } from './planted-bugs/touches.js';
import { valueBugs } from './planted-bugs/values.js';

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...valueBugs,
  ...lifeBugs,
  ...conditionBugs,
  ...touchBugs,
  ...slidingBugs,
  ...hashBugs,
  ...counterBugs,
  ...growthBugs,
  ...lockBugs,
  ...lockHolderBugs,
  ...listBugs,
  ...pageBugs,
  ...clearBugs,
  ...tagBugs,
  ...orderBugs,
];
