// The property put to the test itself: faults are planted in the store, and it must find each within the number of
// runs that it is given for the true one.
import t from 'tap';
import { PLANTED_BUGS } from './session-property/bugs.js';
import { express } from './session-property/frameworks/express.js';
import { fastify } from './session-property/frameworks/fastify.js';
import { koa } from './session-property/frameworks/koa.js';
import { findsBug, RUNS, sites } from './session-property/property.js';

t.setTimeout(600_000);
const open = await sites(t);

for (const framework of [express, fastify, koa])
  for (const bug of PLANTED_BUGS.filter(({ on }) => on?.includes(framework.name) ?? true))
    t.test(`planted, on ${framework.name}: ${bug.title}; the property finds it`, async (t) =>
      findsBug(t, await open(t, framework, bug), RUNS),
    );
