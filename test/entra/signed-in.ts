// Sidecars that sign in with Entra ID to servers which know the users of its tokens, and requests that run meanwhile.
// Used by entra*.test.ts.
import { Agent } from 'node:http';
import type { Test } from 'tap';
import { ask, get, put } from '../fixtures/ask.js';
import { type Entra, type EntraOptions, startEntra, type Token } from '../fixtures/entra.js';
import { type Redis, startRedis } from '../fixtures/redis.js';
import { type Sidecar, startSidecar } from '../fixtures/sidecar.js';

const WORKERS = 8;
/** Within which what has to happen does, on a busy machine too. */
export const IN_TIME_MS = 30_000;

/** A Redis that nobody can use but its admin, and the users of tokens. */
export async function startLockedRedis(t: Test): Promise<Redis> {
  const redis = await startRedis({ acl: { user: 'admin', password: 'admin' } });
  t.teardown(() => redis.stop());
  return redis;
}

/** What a sidecar connects to, without the login of the admin. */
export const placeOf = ({ host, port }: Redis) => `redis://${host}:${port}`;

/** Users and passwords of these servers follow the tokens. Without `newUsers` a user stays, and only its password changes. */
export async function startEntraFor(
  t: Test,
  servers: readonly Redis[],
  options: EntraOptions = {},
): Promise<Entra> {
  const all = (...command: string[]) => Promise.all(servers.map((server) => server.cli(...command)));
  const entra = await startEntra({
    onToken: async ({ user, text }) =>
      void (await all('ACL', 'SETUSER', user, 'on', `>${text}`, '~*', '&*', '+@all')),
    onEnd: async ({ user, text }: Token) => {
      // Redis ends the connections of a user that is deleted.
      if (options.newUsers) await all('ACL', 'DELUSER', user);
      else await all('ACL', 'SETUSER', user, `<${text}`);
    },
    ...options,
  });
  t.teardown(() => entra.stop());
  return entra;
}

export async function startSignedIn(t: Test, entra: Entra, connection: string, env = {}): Promise<Sidecar> {
  const settings = { AZURE_CACHE_CONNECTION: connection, AZURE_CACHE_ENTRA: 'system' };
  const sidecar = await startSidecar({ env: { ...settings, ...entra.env, ...env } });
  t.teardown(() => sidecar.stop());
  return sidecar;
}

export const isReady = async (sidecar: Sidecar) => (await ask(sidecar, 'GET /readyz')).status === 200;

export interface Load {
  counts: { puts: number; gets: number };
  failures: string[];
  end(): Promise<void>;
}

/** Puts, and gets of what was put, over HTTP without any retry, each by workers one after the other. */
export function startLoad(sidecar: Sidecar): Load {
  const counts = { puts: 0, gets: 0 };
  const failures: string[] = [];
  const agent = new Agent({ keepAlive: true });
  let ended = false;
  const work = async (worker: number) => {
    for (let i = 0; !ended; i++) {
      const key = `load-${worker}-${i % 20}`;
      const written = await put(sidecar, key, `${worker}:${i}`, agent);
      counts.puts += 1;
      if (written.status !== 204) failures.push(`put ${written.status} ${written.text}`);
      const read = await get(sidecar, key, agent);
      counts.gets += 1;
      if (read.text !== `${worker}:${i}`) failures.push(`get ${read.status} ${read.text}`);
    }
  };
  const all = Promise.all([...Array(WORKERS).keys()].map(work));
  const end = async () => {
    ended = true;
    await all;
    agent.destroy();
  };
  return { counts, failures, end };
}
