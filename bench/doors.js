// How fast a cache answers: GET and PUT of 1 KiB over each door and over the stream, on both backends, beside webdis
// and node-redis on the same Redis. Called by run.js. What is compared takes turns, round by round, so that a change
// of the machine's mood meets all of them.
import { request } from 'node:http';
import { createClient, RESP_TYPES } from 'redis';
import { callLoad, httpLoad, KEYS, median, percentile, VALUE } from './load.js';

export const AT_A_TIME = [1, 16, 64];
export const VERBS = ['GET', 'PUT'];

/**
 * Everything that is compared.
 * @returns {Promise<{name: string, backend: string, load: Function}[]>} `load(verb, atATime, seconds)` as in load.js
 */
export async function openTargets({ redis, webdis, onRedis, embedded }) {
  const direct = await nodeRedis(redis);
  // Once for all that share this Redis: webdis answers 200 to a miss.
  await fill(direct);
  const stream = await streamOf(embedded);
  await fill(stream);
  const targets = [
    calls('node-redis', 'Redis', direct),
    http('webdis, TCP', 'Redis', webdis, webdisRequest),
    http('azurecache, TCP', 'Redis', { url: onRedis.url }, cacheRequest),
    http('azurecache, socket', 'Redis', socketDoor(onRedis), cacheRequest),
    calls('azurecache, stream', 'Redis', await streamOf(onRedis)),
    http('azurecache, TCP', 'embedded', { url: embedded.url }, cacheRequest),
    http('azurecache, socket', 'embedded', socketDoor(embedded), cacheRequest),
    calls('azurecache, stream', 'embedded', stream),
  ];
  for (const target of targets) await target.check();
  return targets;
}

/**
 * @returns {Promise<Map<string, {rates: number[], latencies: number[]}>>} by `cellName`; a rate for each round
 */
export async function measureDoors(targets, { rounds, seconds, onProgress }) {
  const cells = new Map();
  // Round 0 is for the compilers and is not counted.
  for (const verb of VERBS)
    for (const atATime of AT_A_TIME)
      for (let round = 0; round <= rounds; round++) {
        onProgress(`${verb}, ${atATime} at a time, round ${round} of ${rounds}`);
        for (const target of targets) {
          const { rate, latencies } = await target.load(verb, atATime, seconds);
          if (round === 0) continue;
          const name = cellName(target, verb, atATime);
          const cell = cells.get(name) ?? { rates: [], latencies: [] };
          cell.rates.push(rate);
          cell.latencies = cell.latencies.concat(latencies);
          cells.set(name, cell);
        }
      }
  return cells;
}

export function cellName({ name, backend }, verb, atATime) {
  return `${name} ${backend} ${verb} ${atATime}`;
}

/** Round by round, how many times as fast the one was as the other; the middle of that. */
export function ratioOf(cells, one, other) {
  const rates = cells.get(other).rates;
  return median(cells.get(one).rates.map((rate, round) => rate / rates[round]));
}

/** How many times as long the one takes as the other, in the median. */
export function latencyRatioOf(cells, one, other) {
  return percentile(cells.get(one).latencies, 0.5) / percentile(cells.get(other).latencies, 0.5);
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

async function nodeRedis({ host, port }) {
  const plain = await createClient({ socket: { host, port } }).connect();
  // Bytes for bytes: the stream gives Buffers too.
  const client = plain.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  return {
    GET: (key) => client.get(key),
    PUT: (key) => client.set(key, VALUE, { PX: 86_400_000 }),
    close: () => plain.close(),
  };
}

/** Puts every key, so that no GET is a miss. */
export async function fill({ PUT }) {
  for (const key of KEYS) await PUT(key);
}

/** GET and PUT over the stream, through the socket. */
export async function streamOf({ socketPath }) {
  // Not before run.js has built it.
  const { connect } = await import('../client/dist/connection.js');
  const connection = await connect({ path: socketPath });
  return {
    GET: async (key) => (await connection.run({ verb: 'get', key })).value,
    PUT: (key) => connection.run({ verb: 'put', key, value: VALUE }),
    close: () => connection.close(),
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
