// Two sidecars on one Redis, one of them behind a proxy that can fail, with clients: where near caches have to agree.
import { createClient, type RedisClientType } from 'redis';
import type { Test } from 'tap';
import type { AzureCache } from '../../client/dist/index.js';
import azurecache from '../../client/dist/index.js';
import { urlOf } from '../fixtures/cache.js';
import { startProxy } from '../fixtures/proxy.js';
import { startRedis } from '../fixtures/redis.js';
import { startSidecar } from '../fixtures/sidecar.js';

export interface TwoSidecars {
  /** Behind the proxy. */
  far: AzureCache;
  near: AzureCache;
  proxy: Awaited<ReturnType<typeof startProxy>>;
  redis: RedisClientType;
  /** GETs that Redis was asked for since the last time. */
  gets(): Promise<number>;
}

const DEADLINE_MS = '600';

/** Stopped at the end of the test. */
export async function startTwoSidecars(t: Test): Promise<TwoSidecars> {
  const server = await startRedis();
  t.teardown(() => server.stop());
  const proxy = await startProxy({ to: server });
  t.teardown(() => proxy.stop());
  const open = async (connection: string) => {
    const env = { AZURE_CACHE_CONNECTION: connection, AZURE_CACHE_DEADLINE_MS: DEADLINE_MS };
    const sidecar = await startSidecar({ env });
    t.teardown(() => sidecar.stop());
    const cache = azurecache.create({ url: urlOf(sidecar) });
    t.teardown(() => cache.close());
    return cache;
  };
  const far = await open(`redis://127.0.0.1:${proxy.port}`);
  const near = await open(server.url);
  const redis: RedisClientType = createClient({ url: server.url });
  await redis.connect();
  t.teardown(() => redis.destroy());
  const gets = async () => {
    const stats = await server.cli('INFO', 'commandstats');
    await server.cli('CONFIG', 'RESETSTAT');
    return Number(/cmdstat_get:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };
  return { far, near, proxy, redis, gets };
}
