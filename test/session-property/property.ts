// The property: whatever requests do to one session, and in whatever order what they ask of the cache takes effect, no
// promise is broken (promises.ts), and all that is written, read and answered is as the model says (model.ts, actor.ts).
// Searched here for a plan (plan.ts) that breaks it. Used by test/session-property-*.test.ts.
//
// Covered: the store as express-session, @fastify/session and koa-session call it, over HTTP; a session that others left,
// sessions made by regenerate and by a request that comes after the end; saves that are not awaited; the rules of
// merging, atomic fields and "remember me"; touchAfter, resave, rolling, saveUninitialized; Set-Cookie.
// Requests have stores of their own, as in processes of their own, or share one. Either way each is free of the others;
// what one asks about one entry keeps its order, as it does on a connection.
//
// Not covered: operations at the same instant (here one after the other; contract/order.ts has them), connections that
// are lost and writes of which nobody knows, lives that end meanwhile, more than 8 changes during one save, the other
// options and calls of the store. And what is not promised: which cookie stays in a browser when a slow answer comes
// after that of a regenerate, and with koa-session which one a request itself sets that regenerates during a save.
import { relative } from 'node:path';
import fc from 'fast-check';
import type { Test } from 'tap';
import { openTransport } from '../../client/dist/transport/transport.js';
import { startRedis } from '../fixtures/redis.js';
import { startSidecar } from '../fixtures/sidecar.js';
import type { PlantedBug } from './bugs.js';
import type { Framework } from './frameworks/framework.js';
import { type Plan, plans } from './plan.js';
import { Run } from './run.js';
import { Site } from './site.js';

// A failure names the values that play it again; more runs than usual are a search of its own.
const { PROPERTY_SEED, PROPERTY_PATH, PROPERTY_RUNS } = process.env;
const SEED = PROPERTY_SEED ? Number(PROPERTY_SEED) : Date.now() % 0x7fff_ffff;
/** So long an operation may take on a machine that is busy with other tests. */
const DEADLINE_MS = 30_000;

/** Starts a sidecar for the tests of one file; answers how to open an application on it. */
export async function sites(t: Test, env: Record<string, string> = {}) {
  const sidecar = await startSidecar({ env });
  t.teardown(() => sidecar.stop());
  return async (t: Test, framework: Framework, bug?: PlantedBug): Promise<Site> => {
    const transport = openTransport({ url: sidecar.url, deadlineMs: DEADLINE_MS });
    const site = await Site.open(transport, framework, bug);
    t.teardown(async () => {
      site.close();
      await transport.close();
    });
    return site;
  };
}

/** Of each framework on each backend. */
export const RUNS = 5000;

/** Expects that no plan breaks the property, on either backend. */
export async function holdsOnBoth(t: Test, framework: Framework): Promise<void> {
  const redis = await startRedis();
  t.teardown(() => redis.stop());
  const backends = { embedded: {}, 'redis-server': { AZURE_CACHE_CONNECTION: redis.url } };
  const opens = Object.entries(backends).map(async ([name, env]) => ({ name, open: await sites(t, env) }));
  for (const { name, open } of await Promise.all(opens))
    t.test(`${RUNS} plans of concurrent requests on one session break no promise (${name})`, async (t) =>
      holds(t, await open(t, framework), RUNS),
    );
}

async function holds(t: Test, site: Site, runs: number): Promise<void> {
  const found = await search(site, runs, true);
  t.comment(`PROPERTY_SEED=${SEED}: ${found.numRuns} runs, ${JSON.stringify(site.counts)}`);
  if (found.failed) t.comment(reportOf(found));
  t.notOk(found.failed, found.failed ? `a promise is broken: ${replay(found)}` : `${found.numRuns} runs`);
  if (found.failed || PROPERTY_PATH) return;
  t.ok(site.counts.merged >= found.numRuns / 10, 'many saves met others');
  t.ok(site.counts.dropped >= found.numRuns / 20, 'many saves found their session ended');
}

/** Expects that some plan does, in no more runs than the property is given. */
export async function findsBug(t: Test, site: Site, runs: number): Promise<void> {
  const found = await search(site, runs, false);
  t.comment(found.failed ? reportOf(found) : `PROPERTY_SEED=${SEED}: not found`);
  // Another error would mean that the test fell over, not that it found something.
  t.type(found.errorInstance, Broken, `found in ${found.numRuns} runs`);
}

/** Its message is what happened. */
class Broken extends Error {}

function search(site: Site, numRuns: number, shrink: boolean): Promise<fc.RunDetails<[Plan]>> {
  const property = fc.asyncProperty(plans, async (plan) => {
    // No shorter plan is looked for: each that hangs, too, would be waited for.
    if (site.hung) return;
    const run = new Run(site, plan);
    site.run = run;
    await run.play();
    if (run.faults.length > 0) throw new Broken(run.story.join('\n  '));
  });
  return fc.check(property, {
    ...{ numRuns: Number(PROPERTY_RUNS ?? numRuns), seed: SEED, endOnFailure: !shrink },
    ...(PROPERTY_PATH && { path: PROPERTY_PATH }),
  });
}

/** The command that plays a plan again. */
function replay({ seed, counterexamplePath }: fc.RunDetails<[Plan]>): string {
  const file = relative('', process.argv[1] ?? '');
  return `PROPERTY_SEED=${seed} PROPERTY_PATH=${counterexamplePath} npx tap ${file}`;
}

function reportOf(found: fc.RunDetails<[Plan]>): string {
  const { counterexample, numRuns, errorInstance } = found;
  const [plan] = counterexample ?? [];
  return [
    `A promise is broken, after ${numRuns} runs. To play it again: ${replay(found)}`,
    ...Object.entries(plan?.settings ?? {}).map(([option, value]) => `${option}: ${value}`),
    ...(plan?.requests ?? []).map((steps, index) => `request ${index}: ${steps.join(' | ') || '(nothing)'}`),
    `order: ${plan?.order.join(' ')}`,
    'What happened (S0 is the session that all come with, the number before is the request):',
    `  ${errorInstance instanceof Error ? errorInstance.message : errorInstance}`,
  ].join('\n');
}
