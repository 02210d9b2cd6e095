// How fast a cache answers: GET and PUT of 1 KiB over each door and through the client, on both backends, beside
// webdis, node-redis and ioredis on the same Redis. Called by run.js.
import { request } from 'node:http';
import { Redis } from 'ioredis';
import { createClient, RESP_TYPES } from 'redis';
import { callLoad, httpLoad, KEYS, VALUE } from './load.js';

export const VERBS = ['GET', 'PUT'];

/**
 * Everything that is compared.
 * @returns {Promise<{name: string, backend: string, load: Function}[]>} `load(verb, atATime, seconds)` as in load.js
 */
export async function openTargets({ redis, webdis, onRedis, embedded }) {
  const direct = await nodeRedis(redis);
  // Once for all that share this Redis: webdis answers 200 to a miss.
  await fill(direct);
  const client = await clientOf(embedded);
  await fill(client);
  const targets = [
    calls('node-redis', 'Redis', direct),
    calls('ioredis, auto-pipelining', 'Redis', ioredis(redis)),
    http('webdis, TCP', 'Redis', webdis, webdisRequest),
    http('azurecache, TCP', 'Redis', { url: onRedis.url }, cacheRequest),
    http('azurecache, socket', 'Redis', socketDoor(onRedis), cacheRequest),
    calls('azurecache, client', 'Redis', await clientOf(onRedis)),
    http('azurecache, TCP', 'embedded', { url: embedded.url }, cacheRequest),
    http('azurecache, socket', 'embedded', socketDoor(embedded), cacheRequest),
    calls('azurecache, client', 'embedded', client),
  ];
  for (const target of targets) await target.check();
  return targets;
}

function calls(name, backend, { GET, PUT, close }) {
  return {
    name,
    backend,
    close,
    load: (verb, atATime, seconds) => callLoad(verb === 'GET' ? GET : PUT, atATime, seconds),
    check: async () => expectValue(name, await GET(KEYS[0])),
  };
}

function http(name, backend, door, requestOf) {
  return {
    name,
    backend,
    load: (verb, atATime, seconds) => httpLoad(door, (key) => requestOf(verb, key), atATime, seconds),
    close() {},
    check: async () => expectValue(name, await body(door, requestOf('GET', KEYS[0]).path)),
  };
}

function expectValue(name, answer) {
  if (!answer.includes(VALUE)) throw new Error(`${name} does not answer a GET with the value.`);
}

export const socketDoor = ({ socketPath }) => ({ url: 'http://localhost', socketPath });

export function cacheRequest(verb, key) {
  const path = `/v1/cache/${encodeURIComponent(key)}`;
  return verb === 'GET'
    ? { method: 'GET', path }
    : { method: 'PUT', path, headers: { 'content-type': 'application/octet-stream' }, body: VALUE };
}

function webdisRequest(verb, key) {
  return verb === 'GET'
    ? { method: 'GET', path: `/GET/${encodeURIComponent(key)}` }
    : { method: 'PUT', path: `/SET/${encodeURIComponent(key)}`, body: VALUE };
}

/** On one connection. */
export async function nodeRedis({ host, port }) {
  const plain = await createClient({ socket: { host, port } }).connect();
  // Bytes for bytes: the stream gives Buffers too.
  const client = plain.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  return {
    GET: (key) => client.get(key),
    PUT: (key) => client.set(key, VALUE, { PX: 86_400_000 }),
    close: () => plain.close(),
  };
}

function ioredis({ host, port }) {
  const client = new Redis({ host, port, enableAutoPipelining: true });
  return {
    GET: (key) => client.getBuffer(key),
    PUT: (key) => client.set(key, VALUE, 'PX', 86_400_000),
    close: () => client.quit(),
  };
}

/** Puts every key, so that no GET is a miss. */
export async function fill({ PUT }) {
  for (const key of KEYS) await PUT(key);
}

/** GET and PUT as applications call them, in bytes as the others; over the socket. */
export async function clientOf({ socketPath }) {
  // Not before run.js has built it.
  const { create } = await import('azurecache');
  const cache = create({ url: `unix:${socketPath}`, ttl: 86_400 });
  const raw = { raw: true };
  return {
    GET: (key) => cache.get(key, raw),
    PUT: (key) => cache.put(key, VALUE, raw),
    close: () => cache.close(),
  };
}

function body({ url, socketPath }, path) {
  return new Promise((resolve, reject) => {
    const call = request(`${url}${path}`, { socketPath, agent: false }, async (response) => {
      resolve(Buffer.concat(await response.toArray()));
    });
    call.on('error', reject).end();
  });
}
