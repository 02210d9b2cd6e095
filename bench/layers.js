// What each layer between a caller and Redis costs, each alone, and the load generator against nothing. Called by run.js.
import { AT_A_TIME } from './compare.js';
import { httpLoad } from './load.js';
import { startProgram } from './servers.js';

/** @returns {Promise<{name: string, rates: number[][]}[]>} a list of rates, one for each round, at 1, 16 and 64 */
export async function measureLayers(redis, { rounds, seconds, onProgress }) {
  const httpOf = (program) => () => measureHttp(program, seconds);
  const bridgeOf =
    (what, ...connection) =>
    async () => {
      const alone = await startProgram('bridge-alone.js', String(seconds), ...connection);
      await alone.stop();
      return alone[what];
    };
  const layers = {
    'the load generator against a bare socket': httpOf('bare-socket.js'),
    'fastify alone, GET answered from memory': httpOf('bare-fastify.js'),
    'bridge alone: to .NET and back': bridgeOf('cross'),
    'bridge and provider, get, embedded': bridgeOf('get'),
    'bridge and provider, get, Redis': bridgeOf('get', `${redis.host}:${redis.port}`),
  };
  const measured = Object.keys(layers).map((name) => ({ name, rates: AT_A_TIME.map(() => []) }));
  for (let round = 1; round <= rounds; round++) {
    onProgress(`layers, round ${round} of ${rounds}`);
    for (const { name, rates } of measured)
      for (const [index, rate] of (await layers[name]()).entries()) rates[index].push(rate);
  }
  return measured;
}

async function measureHttp(program, seconds) {
  const { url, stop } = await startProgram(program);
  const requestOf = (key) => ({ method: 'GET', path: `/v1/cache/${encodeURIComponent(key)}` });
  const rates = [];
  for (const atATime of AT_A_TIME) {
    await httpLoad({ url }, requestOf, atATime, seconds / 4);
    rates.push((await httpLoad({ url }, requestOf, atATime, seconds)).rate);
  }
  await stop();
  return rates;
}
