// What a session costs: get + touch (a request that changes nothing) and get + set (one that does), with the calls that
// express-session's middleware makes, beside connect-redis on node-redis and the same Redis. Called by run.js.
import { createRequire } from 'node:module';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { createClient } from 'redis';
import { AT_A_TIME, compare } from './compare.js';
import { callLoad } from './load.js';

export const REQUESTS = ['get + touch', 'get + set'];
/** A session of about 1 KiB. */
export const FIELDS = {
  user: { id: 42, name: 'Ada Lovelace' },
  cart: Array.from({ length: 24 }, (_, n) => ({ item: n, name: `thing ${n}` })),
};
const COOKIE = { maxAge: 3_600_000 };

/** @returns the stores that are compared, each with a session for every caller */
export async function openStores({ redis, onRedis }) {
  const azurecache = createRequire(import.meta.url)('azurecache');
  const client = await createClient({ socket: redis }).connect();
  const AzureCacheStore = azurecache(session);
  const own = new AzureCacheStore({ url: `unix:${onRedis.socketPath}`, prefix: 'bench-a:' });
  const stores = [
    target('connect-redis on node-redis', new RedisStore({ client, prefix: 'bench-c:' }), () =>
      client.close(),
    ),
    target('azurecache', own, () => own.close()),
  ];
  for (const store of stores) await store.fill();
  return stores;
}

/** @returns {Promise<Map<string, import('./compare.js').Cell>>} */
export function measureSessions(stores, how) {
  return compare(stores, REQUESTS, how);
}

function target(name, store, close) {
  return {
    name,
    backend: 'Redis',
    close,
    fill: async () => {
      for (let caller = 0; caller < Math.max(...AT_A_TIME); caller++) await create(store, `s${caller}`);
    },
    load: (request, atATime, seconds) =>
      callLoad((_key, caller) => serve(store, `s${caller}`, request), atATime, seconds),
  };
}

function create(store, sid) {
  const request = { sessionID: sid, sessionStore: store };
  const fresh = new session.Session(request, FIELDS);
  fresh.cookie = new session.Cookie(COOKIE);
  fresh.visits = 0;
  return promised((callback) => store.set(sid, fresh, callback));
}

/** What the middleware does between a request and its answer. */
async function serve(store, sid, what) {
  const plain = await promised((callback) => store.get(sid, callback));
  const current = store.createSession({ sessionID: sid, sessionStore: store }, plain);
  current.touch();
  if (what === 'get + touch') return promised((callback) => store.touch(sid, current, callback));
  current.visits += 1;
  return promised((callback) => store.set(sid, current, callback));
}

function promised(call) {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value)));
  });
}
