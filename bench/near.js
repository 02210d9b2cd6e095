// What the near cache saves: hits over HTTP beside webdis and a route of fastify that does nothing else, and, with a Redis
// that is a millisecond away, what the client waits for a hit, for puts and for many gets at once. Called by run.js.

import { compare } from './compare.js';
import { cacheRequest, nodeRedis } from './doors.js';
import { callLoad, httpLoad, KEYS, VALUE } from './load.js';
import { startProgram, startSidecar } from './servers.js';

/** Milliseconds that a round trip to the Redis takes longer. */
const DELAY_MS = 1;
const PUTS = 1000;
export const HIT = 'hit';

/** @returns what report.js and targets.js show of it */
export async function measureNear({ redis, webdis }, { rounds, seconds, onProgress }) {
  const bare = await startProgram('bare-fastify.js');
  const near = await startSidecar(redis, { near: true });
  const path = (key) => ({ method: 'GET', path: `/v1/cache/${key}` });
  const targets = [
    target('webdis, TCP', webdis, (key) => ({ method: 'GET', path: `/GET/${key}` })),
    target('fastify alone', bare, path),
    target('azurecache, TCP, near hit', near, path),
  ];
  for (const key of KEYS) await put(near, key);
  const cells = await compare(targets, [HIT], { rounds, seconds, onProgress });
  for (const process of [near, bare]) await process.stop();
  return { targets, cells, delayed: await measureDelayed(redis, { rounds, seconds, onProgress }) };
}

function target(name, { url }, requestOf) {
  return {
    name,
    backend: 'Redis',
    load: (_, atATime, seconds) => httpLoad({ url }, requestOf, atATime, seconds),
  };
}

async function put({ url }, key) {
  const { path, ...request } = cacheRequest('PUT', key);
  const answer = await fetch(url + path, request);
  if (!answer.ok) throw new Error(`A PUT was answered ${answer.status}.`);
}

/** @returns microseconds of each hit, milliseconds of a put here and with node-redis, and how many times as fast bulk is */
async function measureDelayed(redis, { rounds, seconds, onProgress }) {
  const { create } = await import('azurecache');
  const far = await startProgram('delay.js', redis.host, String(redis.port), String(DELAY_MS));
  const sidecars = [await startSidecar(far, { near: true }), await startSidecar(far)];
  const [near, plain] = sidecars.map(({ socketPath }) => create({ url: `unix:${socketPath}`, ttl: 86_400 }));
  const direct = await nodeRedis(far);
  const raw = { raw: true };
  const measured = { hits: [], puts: [], directPuts: [], bulk: [] };
  for (let round = 0; round <= rounds; round++) {
    onProgress(`near cache, Redis ${DELAY_MS} ms away, round ${round} of ${rounds}`);
    const puts = await timed(async () => {
      for (let n = 0; n < PUTS; n++) await near.put(KEYS[n % KEYS.length], VALUE, raw);
    });
    const directPuts = await timed(async () => {
      for (let n = 0; n < PUTS; n++) await direct.PUT(KEYS[n % KEYS.length]);
    });
    // The first reads of each key go to Redis, and make the copies.
    for (const key of [...KEYS, ...KEYS, ...KEYS]) await near.get(key, raw);
    const hits = await callLoad((key) => near.get(key, raw), 1, seconds);
    const one = await timed(async () => {
      for (const key of KEYS) await plain.get(key, raw);
    });
    const many = await timed(() => plain.getMany(KEYS, raw));
    // Round 0 is for the compilers and is not counted.
    if (round === 0) continue;
    measured.hits.push(...hits.latencies);
    measured.puts.push(puts / PUTS);
    measured.directPuts.push(directPuts / PUTS);
    measured.bulk.push(one / many);
  }
  for (const cache of [near, plain, direct]) await cache.close();
  for (const process of [...sidecars, far]) await process.stop();
  return measured;
}

/** Milliseconds. */
async function timed(act) {
  const start = performance.now();
  await act();
  return performance.now() - start;
}
