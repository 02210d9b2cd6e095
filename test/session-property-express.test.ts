// The promise on concurrent requests, through express-session over HTTP, on both backends. What is covered and what
// is not stands at the top of session-property/property.ts.
import t from 'tap';
import { express } from './session-property/frameworks/express.js';
import { holdsOnBoth } from './session-property/property.js';

t.setTimeout(600_000);
await holdsOnBoth(t, express);
