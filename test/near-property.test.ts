// The near cache under random traffic and a random network: every read is one that its promise allows. And the property
// put to the test itself: planted bugs, each of which it must find.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { NearCache } from '../src/near-cache.js';
import { NEAR_BUGS, type NearBug } from './near/planted-bugs.js';
import { faultsOf, STEPS } from './near/random-traffic.js';

const FILES = ['near-cache.js', 'near-entries.js', 'near-flights.js', 'near-proof.js'];
const dist = fileURLToPath(new URL('../dist/', import.meta.url));

function coherent(Near?: typeof NearCache) {
  return fc.asyncProperty(STEPS, async (steps) => {
    const faults = await faultsOf(steps, Near);
    if (faults.length > 0) throw new Error(faults[0]);
  });
}

t.test(
  'no read is older than a second, than an own write, than a fresh read, or than its life',
  async (t) => {
    const { failed, seed, counterexample, errorInstance } = await fc.check(coherent(), { numRuns: 400 });
    t.notOk(failed, `seed ${seed}: ${errorInstance} ${JSON.stringify(counterexample)}`);
  },
);

async function planted(t: Test, { file, from, to }: NearBug): Promise<typeof NearCache> {
  const folder = t.testdir({ 'package.json': '{"type":"module"}' });
  for (const name of FILES) copyFileSync(join(dist, name), join(folder, name));
  const parts = readFileSync(join(dist, file), 'utf8').split(from);
  t.equal(parts.length, 2, `"${from}" stands once in dist/${file}`);
  writeFileSync(join(folder, file), parts.join(to));
  const module = (await import(pathToFileURL(join(folder, 'near-cache.js')).href)) as {
    NearCache: typeof NearCache;
  };
  return module.NearCache;
}

for (const bug of NEAR_BUGS)
  t.test(`planted: ${bug.title}; the property finds it`, async (t) => {
    const Near = await planted(t, bug);
    const { failed, errorInstance } = await fc.check(coherent(Near), {
      numRuns: 3000,
      seed: 2026,
      endOnFailure: true,
    });
    t.ok(failed, `found: ${errorInstance}`);
  });
