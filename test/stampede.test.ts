// getOrSet under a stampede: many callers in many processes miss one key at once, and it is loaded once; when the process
// that loads is killed, once more.
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { ask } from './fixtures/ask.js';
import { urlOf } from './fixtures/cache.js';
import { type Child, startChild } from './fixtures/child.js';
import { startRedis } from './fixtures/redis.js';
import { cleanEnvironment, startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

const PROGRAM = fileURLToPath(new URL('fixtures/loader-process.js', import.meta.url));
const PROCESSES = 8;
const CALLERS = 25;
const LOAD_MS = 300;

const redis = await startRedis();
t.teardown(() => redis.stop());
const env = { AZURE_CACHE_CONNECTION: redis.url };
const embedded = await startSidecar();
t.teardown(() => embedded.stop());
/** Two hosts with one Redis. */
const hosts = [await startSidecar({ env }), await startSidecar({ env })];
t.teardown(() => Promise.all(hosts.map((host) => host.stop())));

interface Loader extends Child<true> {
  loads(): number;
  answers(): { madeBy: number }[] | undefined;
}

async function startLoaders(
  t: Test,
  sidecars: typeof hosts,
  loadMs: number,
  lease: number,
): Promise<Loader[]> {
  const started = Array.from({ length: PROCESSES }, async (_, n) => {
    const url = urlOf(sidecars[n % sidecars.length] as (typeof hosts)[number]);
    const child = await startChild<true>({
      ...{ name: 'a process that loads', command: process.execPath, env: cleanEnvironment(), ipc: true },
      args: [PROGRAM, url, String(CALLERS), String(loadMs), String(lease)],
      readyLine: (line) => line === 'ready' || undefined,
    });
    t.teardown(() => child.kill());
    const lines = () => child.output().split('\n');
    return {
      ...child,
      loads: () => lines().filter((line) => line === 'loading').length,
      answers: () => {
        const line = lines().find((one) => one.startsWith('answers '));
        return line && JSON.parse(line.slice('answers '.length));
      },
    };
  });
  return Promise.all(started);
}

const go = (loaders: Loader[]) => {
  for (const { process } of loaders) process.send('go');
};
const loadsOf = (loaders: Loader[]) => loaders.reduce((sum, loader) => sum + loader.loads(), 0);
const answered = (loaders: Loader[], ms: number) =>
  until(
    () => loaders.every((loader) => loader.answers()),
    ms,
    () => `every process to be answered:\n${loaders.map((loader) => loader.output()).join('\n')}`,
  );

for (const [name, sidecars] of [
  ['embedded', [embedded]],
  ['redis, two sidecars', hosts],
] as const) {
  const forget = async () => {
    await ask(sidecars[0], 'DELETE /v1/cache/stampede');
  };

  t.test(
    `${name}: ${PROCESSES} processes × ${CALLERS} callers miss at once: one load, and all have its value`,
    async (t) => {
      await forget();
      const loaders = await startLoaders(t, [...sidecars], LOAD_MS, 30);
      go(loaders);
      await answered(loaders, 15_000);
      t.equal(loadsOf(loaders), 1);
      const maker = loaders.find((loader) => loader.loads() > 0)?.pid;
      for (const loader of loaders) {
        const answers = loader.answers() ?? [];
        t.equal(answers.length, CALLERS);
        t.ok(answers.every(({ madeBy }) => madeBy === maker));
      }
    },
  );

  t.test(`${name}: the process that loads is killed: one more load, once the lease is over`, async (t) => {
    await forget();
    const lease = 2;
    const loaders = await startLoaders(t, [...sidecars], 1000, lease);
    go(loaders);
    const first = await until(() => loaders.find((loader) => loader.loads() > 0), 5000, 'a load to begin');
    const begun = performance.now();
    await first.kill();
    const others = loaders.filter((loader) => loader !== first);
    t.equal(loadsOf(others), 0);
    await until(() => loadsOf(others) > 0, 10_000, 'another to load');
    const after = performance.now() - begun;
    // The lease runs from a moment before the load is seen here.
    t.ok(after > lease * 1000 - 500, `after ${after} ms`);
    await answered(others, 15_000);
    t.equal(loadsOf(others), 1);
    const maker = others.find((loader) => loader.loads() > 0)?.pid;
    for (const loader of others) t.ok(loader.answers()?.every(({ madeBy }) => madeBy === maker));
  });
}
