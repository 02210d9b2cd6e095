// What reaches Redis when nothing changes: with `rolling: true`, its default, @fastify/session saves at every request all
// the same. A real app is asked over HTTP, and Redis itself says what it runs for the sessions: by MONITOR, since INFO
// commandstats adds what scripts run to what was sent. Called by run.js.
import { createRequire } from 'node:module';
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { RedisStore } from 'connect-redis';
import fastify from 'fastify';
import { createClient } from 'redis';
import { FIELDS } from './sessions.js';

export const REQUESTS_ASKED = 1000;
/** Each is asked for by one caller, one request after the other. */
const SESSIONS = 10;
const LIFE_MS = 3_600_000;
/** What is left of each session's life at the first request: a touch is due. */
const LEFT_MS = 3_000_000;
const PREFIX = 'bench-r:';

/**
 * @typedef {Record<string, number>} Counts of commands that were sent, by their names
 * @returns {Promise<{name: string, reads: Counts, saves: Counts, touches: Counts, sent: number, scripted: number, bytes: number}[]>}
 */
export async function measureRolling({ redis, onRedis, onProgress }) {
  // Not before run.js has built it.
  const { AzureCacheFastifyStore } = createRequire(import.meta.url)('azurecache/fastify-session');
  const client = await createClient({ socket: redis }).connect();
  const watcher = await createClient({ socket: redis }).connect();
  const own = { url: `unix:${onRedis.socketPath}`, prefix: PREFIX };
  const stores = {
    'connect-redis on node-redis': () => new RedisStore({ client, prefix: PREFIX }),
    azurecache: () => new AzureCacheFastifyStore(own),
    'azurecache, touchAfter: 60': () => new AzureCacheFastifyStore({ ...own, touchAfter: 60 }),
  };
  const measured = [];
  for (const [name, newStore] of Object.entries(stores)) {
    onProgress(`rolling, ${name}`);
    const cookies = await withApp(newStore(), logIn);
    for (const key of await client.keys(`${PREFIX}*`)) await client.pExpire(key, LEFT_MS);
    // Another process: it knows nothing of these sessions yet.
    const counts = await withApp(newStore(), (url) => watch(watcher, () => ask(url, cookies)));
    measured.push({ name, ...counts });
  }
  await watcher.close();
  await client.close();
  return measured;
}

/** Does something with an app that has its sessions in the store. */
async function withApp(store, work) {
  const app = fastify();
  app.register(fastifyCookie);
  app.register(fastifySession, {
    store,
    secret: 'for the benchmark only, no secret at all',
    rolling: true,
    cookie: { secure: false, maxAge: LIFE_MS },
  });
  app.get('/login', async ({ session }) => {
    Object.assign(session, FIELDS);
    return {};
  });
  app.get('/', async ({ session }) => ({ name: session.user.name }));
  const result = await work(await app.listen({ host: '127.0.0.1', port: 0 }));
  await app.close();
  await store.close?.();
  return result;
}

/** @returns the cookies of sessions that were made for this */
async function logIn(url) {
  const logins = await Promise.all(Array.from({ length: SESSIONS }, () => answerOf(`${url}/login`)));
  return logins.map(({ headers }) => headers.getSetCookie()[0].split(';', 1)[0]);
}

function ask(url, cookies) {
  return Promise.all(
    cookies.map(async (cookie) => {
      for (let n = 0; n < REQUESTS_ASKED / SESSIONS; n++) await answerOf(url, { cookie });
    }),
  );
}

/** @throws when it is no 200: without its session it is none */
async function answerOf(url, headers = {}) {
  const answer = await fetch(url, { headers });
  await answer.text();
  if (answer.status !== 200) throw new Error(`The app with rolling sessions answered ${answer.status}.`);
  return answer;
}

/** What Redis runs for the sessions while `work` is done, and the bytes that it is sent by everybody. */
async function watch(watcher, work) {
  const sent = [];
  const before = await bytesTo(watcher);
  await watcher.monitor((line) => {
    // 1700000000.123456 [0 127.0.0.1:50000] "GET" "bench-r:..."; of a script's: [0 lua], right behind the EVAL
    const [, source, name] = /^\S+ \[\d+ (\S+)\] "(\w+)"/.exec(line);
    if (!line.includes(PREFIX)) return;
    if (source === 'lua') sent.at(-1).runs.push(name.toUpperCase());
    else sent.push({ name: name.toUpperCase(), runs: [] });
  });
  await work();
  // Its answer comes behind all that was run before.
  await watcher.reset();
  const bytes = (await bytesTo(watcher)) - before;
  return { ...byKind(sent), sent: sent.length, scripted: sent.flatMap(({ runs }) => runs).length, bytes };
}

/** Counts what was sent; a script by what it does. */
function byKind(sent) {
  const counts = { reads: {}, saves: {}, touches: {} };
  for (const { name, runs } of sent) {
    const does = (...names) => names.some((one) => one === name || runs.includes(one));
    const kind = does('SET') ? 'saves' : does('EXPIRE', 'PEXPIRE') ? 'touches' : 'reads';
    counts[kind][name] = (counts[kind][name] ?? 0) + 1;
  }
  return counts;
}

async function bytesTo(client) {
  const [, bytes] = /^total_net_input_bytes:(\d+)/m.exec(await client.info('stats'));
  return Number(bytes);
}
