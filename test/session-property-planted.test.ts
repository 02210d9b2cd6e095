// The property put to the test itself: faults are planted in the store, and it must find each within the number of
// runs that it is given for the true one.
import t from 'tap';
import { PLANTED_BUGS } from './session-property/bugs.js';
import { findsBug, sites } from './session-property/property.js';

t.setTimeout(300_000);
const open = await sites(t);

for (const bug of PLANTED_BUGS)
  t.test(`planted: ${bug.title}; the property finds it`, async (t) => findsBug(t, await open(t, bug), 5000));
