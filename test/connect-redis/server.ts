// Stands in place of connect-redis' test server: a redis-server, and a sidecar on it.
import { urlOf } from '../fixtures/cache.js';
import { type Redis, startRedis } from '../fixtures/redis.js';
import { type Sidecar, startSidecar } from '../fixtures/sidecar.js';

/** Of the Redis; read by the test once it has connected. */
export let port = 0;

let redis: Redis;
let sidecar: Sidecar;

export async function connect(): Promise<void> {
  redis = await startRedis();
  port = redis.port;
  sidecar = await startSidecar({ env: { AZURE_CACHE_CONNECTION: redis.url } });
}

/** Called by the last test, which fails if it was some other store that has passed. */
export async function disconnect(): Promise<void> {
  await sidecar.stop();
  await redis.stop();
  if (!asked) throw new Error('The tests ran on another store: is the alias of ./ still right?');
}

let asked = false;

/** Where our store finds the sidecar. */
export function sidecarUrl(): string {
  asked = true;
  return urlOf(sidecar);
}
