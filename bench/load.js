// Two generators of load, each a closed loop: as many callers as asked, each asking again once it is answered.
// Called by doors.js, layers.js, crossing.js and process.js. Knows nothing of what it measures.
import autocannon from 'autocannon';

/** The values everything is measured with: 1 KiB that is the same in JSON, over 100 keys. */
export const VALUE = Buffer.alloc(1024, 'azurecache');
export const KEYS = Array.from({ length: 100 }, (_, n) => `bench:${n}`);

/**
 * Calls `ask(key, caller)` from `callers` at once for `seconds`.
 * @returns {Promise<{rate: number, latencies: number[]}>} calls a second; with one caller each call's microseconds
 */
export async function callLoad(ask, callers, seconds) {
  const latencies = [];
  let calls = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  async function caller(first) {
    for (let n = first; ; n++) {
      const asked = performance.now();
      if (asked >= end) return;
      await ask(KEYS[n % KEYS.length], first);
      calls += 1;
      if (callers === 1) latencies.push((performance.now() - asked) * 1000);
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, n) => caller(n)));
  return { rate: (calls / (performance.now() - start)) * 1000, latencies };
}

/**
 * Sends the requests that `requestOf(key)` makes to an HTTP door, over `connections` kept-alive connections.
 * @param {{url: string, socketPath?: string}} door
 * @returns the same as callLoad
 * @throws when any answer is not a 2xx: a fast refusal is not a fast cache
 */
export async function httpLoad(door, requestOf, connections, seconds) {
  const latencies = [];
  let answers = 0;
  let first = 0;
  let last = 0;
  const run = autocannon({
    ...door,
    connections,
    duration: seconds,
    sampleInt: 50, // how often it looks whether the time is over, in milliseconds
    requests: KEYS.map(requestOf),
  });
  run.on('response', (_client, _status, _bytes, milliseconds) => {
    last = performance.now();
    first ||= last - milliseconds;
    answers += 1;
    if (connections === 1) latencies.push(milliseconds * 1000);
  });
  const { errors, timeouts, non2xx } = await run;
  if (errors + timeouts + non2xx > 0 || answers === 0)
    throw new Error(
      `${door.socketPath ?? door.url}: ${answers} answers, of them ${non2xx} not 2xx, ${errors} errors, ${timeouts} timeouts`,
    );
  return { rate: (answers / (last - first)) * 1000, latencies };
}

/** The middle of some numbers. */
export function median(numbers) {
  return percentile(numbers, 0.5);
}

/** The number below which the part `share` (0 to 1) of them lies. */
export function percentile(numbers, share) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
