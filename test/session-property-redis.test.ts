// The promise on concurrent requests, through express-session over HTTP, on a sidecar with a redis-server.
// What is covered and what is not stands at the top of session-property/property.ts.
import t from 'tap';
import { startRedis } from './fixtures/redis.js';
import { holds, sites } from './session-property/property.js';

t.setTimeout(300_000);
const redis = await startRedis();
t.teardown(() => redis.stop());
const open = await sites(t, { AZURE_CACHE_CONNECTION: redis.url });

t.test('5,000 plans of concurrent requests on one session break no promise (redis-server)', async (t) =>
  holds(t, await open(t), 5000),
);
