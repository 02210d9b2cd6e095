// Takes turns between what is compared, round by round, so that a change of the machine's mood meets all of them.
// Called by doors.js and sessions.js; knows nothing of what is measured.
import { median, percentile } from './load.js';

export const AT_A_TIME = [1, 16, 64];

/**
 * @typedef {{rates: number[], latencies: number[]}} Cell a rate for each round; with one at a time each call's microseconds
 * @param {{name: string, backend: string, load: Function}[]} targets `load(what, atATime, seconds)` as in load.js
 * @param {string[]} whats what is asked of each
 * @returns {Promise<Map<string, Cell>>} by `cellName`
 */
export async function compare(targets, whats, { rounds, seconds, onProgress }) {
  const cells = new Map();
  // Round 0 is for the compilers and is not counted.
  for (const what of whats)
    for (const atATime of AT_A_TIME)
      for (let round = 0; round <= rounds; round++) {
        onProgress(`${what}, ${atATime} at a time, round ${round} of ${rounds}`);
        for (const target of targets) {
          const { rate, latencies } = await target.load(what, atATime, seconds);
          if (round === 0) continue;
          const name = cellName(target, what, atATime);
          const cell = cells.get(name) ?? { rates: [], latencies: [] };
          cell.rates.push(rate);
          cell.latencies = cell.latencies.concat(latencies);
          cells.set(name, cell);
        }
      }
  return cells;
}

export function cellName({ name, backend }, what, atATime) {
  return `${name} ${backend} ${what} ${atATime}`;
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
