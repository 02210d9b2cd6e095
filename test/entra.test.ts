// Signed in with Entra ID: the real credential of Azure.Identity, an endpoint of ours that gives it tokens, and a Redis
// that knows their users and closes their connections when they end, as a cache on Azure does.
import { readFile } from 'node:fs/promises';
import t, { type Test } from 'tap';
import {
  IN_TIME_MS,
  isReady,
  placeOf,
  startEntraFor,
  startLoad,
  startLockedRedis,
  startSignedIn,
} from './entra/signed-in.js';
import type { Entra } from './fixtures/entra.js';
import type { Redis } from './fixtures/redis.js';
import { startRedisCluster } from './fixtures/redis-cluster.js';
import { type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

/** A token lasts 6 seconds; in so many the third, at least, is in use. */
const ROTATIONS = 3;

/** Connections of the server, by user. */
async function users(redis: Redis): Promise<string[]> {
  const list = await redis.cli('CLIENT', 'LIST');
  return list
    .split('\n')
    .filter((line) => line.includes(' name=azurecache-'))
    .map((line) => / user=(\S+)/.exec(line)?.[1] ?? '');
}

/** Each token in turn ends while requests run. */
async function rotates(t: Test, entra: Entra, sidecar: Sidecar): Promise<void> {
  await until(() => isReady(sidecar), IN_TIME_MS, 'the sidecar to be ready');
  const load = startLoad(sidecar);
  const ended = () => (entra.tokens[ROTATIONS - 1]?.expiresMs ?? Number.POSITIVE_INFINITY) + 500 < Date.now();
  await until(ended, IN_TIME_MS, `${ROTATIONS} tokens to have ended`);
  await load.end();
  t.same(load.failures.slice(0, 5), [], `${load.failures.length} requests failed`);
  t.ok(load.counts.puts > 500, `${load.counts.puts} puts`);
  t.same(entra.problems, []);
}

t.test('a password that changes with every token costs no request', async (t) => {
  const redis = await startLockedRedis(t);
  const entra = await startEntraFor(t, [redis]);
  const sidecar = await startSignedIn(t, entra, placeOf(redis));
  await rotates(t, entra, sidecar);
  t.equal(entra.asked[0]?.get('resource'), 'https://redis.azure.com');
  t.equal(entra.asked[0]?.get('client_id'), null);
  t.same(new Set(await users(redis)), new Set([entra.tokens[0]?.user]), 'nobody else is signed in');
  const auths = /cmdstat_auth:calls=(\d+)/.exec(await redis.cli('INFO', 'commandstats'))?.[1];
  t.ok(Number(auths) >= entra.tokens.length, 'every token was sent');
  const said = sidecar.output();
  for (const { text } of entra.tokens) t.notMatch(said, text, 'a token is never logged');
  t.match(said, entra.tokens[0]?.user);
});

t.test(
  'connections whose token has ended are closed by the server, and no request of any other one fails',
  async (t) => {
    const redis = await startLockedRedis(t);
    const entra = await startEntraFor(t, [redis], { newUsers: true });
    const sidecar = await startSignedIn(t, entra, placeOf(redis));
    await rotates(t, entra, sidecar);
    const newest = () => entra.tokens.at(-1)?.user;
    const allNewest = async () => {
      const found = await users(redis);
      return found.length === 2 && found.every((user) => user === newest());
    };
    await until(
      allNewest,
      IN_TIME_MS,
      'the connections for commands and for messages to have the newest token',
    );
  },
);

t.test('a user-assigned identity is asked for by its client id, and the default one is found', async (t) => {
  const redis = await startLockedRedis(t);
  const id = '01234567-89ab-cdef-0123-456789abcdef';
  for (const [setting, asked] of [
    [`user:${id}`, id],
    ['default', null],
  ] as const) {
    const entra = await startEntraFor(t, [redis], { lifeSeconds: 3600 });
    const sidecar = await startSignedIn(t, entra, placeOf(redis), { AZURE_CACHE_ENTRA: setting });
    await until(() => isReady(sidecar), IN_TIME_MS, 'the sidecar to be ready');
    t.equal(entra.asked[0]?.get('client_id'), asked);
    t.equal(entra.tokens.length, 1, 'a token that lasts an hour is not renewed yet');
    await sidecar.stop();
  }
});

t.test(
  'the libraries of Azure are loaded where Entra ID is used, and cost nobody else anything',
  { skip: process.platform !== 'linux' && 'what a process has mapped is read from /proc' },
  async (t) => {
    const redis = await startLockedRedis(t);
    const loads = async (pid: number) =>
      (await readFile(`/proc/${pid}/maps`, 'utf8')).includes('Azure.Core.dll');
    const entra = await startEntraFor(t, [redis], { lifeSeconds: 3600 });
    const signedIn = await startSignedIn(t, entra, placeOf(redis));
    await until(() => isReady(signedIn), IN_TIME_MS, 'the sidecar to be ready');
    t.ok(await loads(signedIn.pid));
    await using other = await startSidecar({ env: { AZURE_CACHE_CONNECTION: redis.url } });
    await until(() => isReady(other), IN_TIME_MS, 'the sidecar to be ready');
    t.notOk(await loads(other.pid));
  },
);

t.test('on a cluster every node is kept signed in', async (t) => {
  await using cluster = await startRedisCluster();
  const entra = await startEntraFor(t, cluster.nodes, { newUsers: true });
  const sidecar = await startSignedIn(t, entra, cluster.connection);
  await rotates(t, entra, sidecar);
  for (const node of cluster.nodes)
    t.ok(Number((await node.cli('DBSIZE')).trim()) > 10, 'the requests went to every node');
});
