// The promise on concurrent requests, through express-session over HTTP, on a sidecar with the embedded backend.
// What is covered and what is not stands at the top of session-property/property.ts.
import t from 'tap';
import { holds, sites } from './session-property/property.js';

t.setTimeout(300_000);
const open = await sites(t);

t.test('5,000 plans of concurrent requests on one session break no promise (embedded)', async (t) =>
  holds(t, await open(t), 5000),
);
