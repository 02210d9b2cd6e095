// What the figures ought to be, and whether they are. Called by report.js.
import { AT_A_TIME, cellName, latencyRatioOf, ratioOf } from './compare.js';
import { VERBS } from './doors.js';
import { median } from './load.js';
import { REQUESTS } from './sessions.js';

/** @returns {string[][]} a row for each target */
export function verdicts({ cells, sessions, starts, memory, soak }) {
  const cell = (name, what, atATime) => cellName({ name, backend: 'Redis' }, what, atATime);
  const rate = (name, other, what, atATime, of = cells) =>
    ratioOf(of, cell(name, what, atATime), cell(other, what, atATime));
  return [
    ...AT_A_TIME.map((atATime) =>
      verdict(
        `HTTP GET through to Redis, ${atATime} at a time: rate against webdis`,
        rate('azurecache, TCP', 'webdis, TCP', 'GET', atATime),
        'at least',
        0.8,
      ),
    ),
    ...VERBS.flatMap((verb) =>
      ['node-redis', 'ioredis, auto-pipelining'].map((other) =>
        verdict(
          `Client, ${verb}, 64 at a time: rate against ${other}`,
          rate('azurecache, client', other, verb, 64),
          'at least',
          other === 'node-redis' ? 1.3 : 1,
        ),
      ),
    ),
    verdict(
      'Client, one GET at a time: time against node-redis',
      latencyRatioOf(cells, cell('azurecache, client', 'GET', 1), cell('node-redis', 'GET', 1)),
      'at most',
      1.4,
    ),
    ...REQUESTS.map((what) =>
      verdict(
        `Session, ${what}, 64 at a time: rate against connect-redis`,
        rate('azurecache', 'connect-redis on node-redis', what, 64, sessions),
        'at least',
        1,
      ),
    ),
    verdict('Start to the first answer, seconds', median(starts) / 1000, 'at most', 1),
    verdict('Memory when idle, MiB', memory.idle, 'at most', 130, 0),
    ...(soak
      ? [verdict('Memory, last minute of five against the second', soak.late / soak.early, 'at most', 1.1)]
      : []),
  ];
}

function verdict(what, measured, word, wanted, digits = 2) {
  const met = word === 'at least' ? measured >= wanted : measured <= wanted;
  return [what, measured.toFixed(digits), `${word} ${wanted}`, met ? 'met' : 'not met'];
}
