// The near cache of a sidecar that signs in with Entra ID: the connection that tells it of changes cannot be sent a new
// token, so it is closed whenever one ends. The rules without that: near-redis.test.ts.
import { createClient, type RedisClientType } from 'redis';
import t from 'tap';
import type { AzureCache } from '../client/dist/index.js';
import azurecache from '../client/dist/index.js';
import {
  IN_TIME_MS,
  isReady,
  placeOf,
  startEntraFor,
  startLockedRedis,
  startSignedIn,
} from './entra/signed-in.js';
import { urlOf } from './fixtures/cache.js';
import { until } from './fixtures/wait.js';
import { Traffic } from './near/traffic.js';

/** Tokens that end meanwhile, of either sidecar. */
const ENDED = 3;

t.test('no copy is served that is too old while the connection for messages is closed', async (t) => {
  const redis = await startLockedRedis(t);
  const entra = await startEntraFor(t, [redis], { newUsers: true });
  const caches: Record<string, AzureCache> = {};
  for (const name of ['one', 'other']) {
    const sidecar = await startSignedIn(t, entra, placeOf(redis));
    await until(() => isReady(sidecar), IN_TIME_MS, 'the sidecar to be ready');
    const cache = azurecache.create({ url: urlOf(sidecar) });
    t.teardown(() => cache.close());
    caches[name] = cache;
  }
  const others: RedisClientType = createClient({ url: redis.url });
  await others.connect();
  t.teardown(() => others.destroy());
  const traffic = new Traffic({ caches, redis: others, random: Math.random });
  traffic.start();
  const from = entra.tokens.length;
  const ended = () => (entra.tokens[from + ENDED]?.expiresMs ?? Number.POSITIVE_INFINITY) + 500 < Date.now();
  await until(ended, IN_TIME_MS, 'tokens to have ended');
  const gets = Number(/cmdstat_get:calls=(\d+)/.exec(await redis.cli('INFO', 'commandstats'))?.[1]);
  await traffic.end();
  t.same(traffic.faults.slice(0, 10), [], 'reads that are too old');
  t.match(traffic.counts, { failed: 0, lost: 0 }, 'nothing failed');
  t.ok(gets < traffic.counts.reads / 2, `of ${traffic.counts.reads} reads Redis was asked for ${gets}`);
});
