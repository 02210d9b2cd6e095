// What the figures ought to be, and whether they are. Called by report.js.
import { AT_A_TIME, cellName, latencyRatioOf, ratioOf } from './compare.js';
import { VERBS } from './doors.js';
import { median, percentile } from './load.js';
import { HIT } from './near.js';
import { REQUESTS } from './sessions.js';

/** @returns {string[][]} a row for each target */
export function verdicts({ cells, sessions, near, starts, memory, soak }) {
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
    ...AT_A_TIME.flatMap((atATime) =>
      [
        ['webdis, TCP', 1.5],
        ['fastify alone', 0.9],
      ].map(([other, wanted]) =>
        verdict(
          `Near hit over HTTP, ${atATime} at a time: rate against ${other}`,
          rate('azurecache, TCP, near hit', other, HIT, atATime, near.cells),
          'at least',
          wanted,
        ),
      ),
    ),
    verdict(
      'Redis 1 ms away: near hit through the client, ms',
      percentile(near.delayed.hits, 0.5) / 1000,
      'at most',
      0.15,
      3,
    ),
    verdict('Redis 1 ms away: a put, one after the other, ms', median(near.delayed.puts), 'at most', 1.15),
    verdict(
      'Redis 1 ms away: 100 gets at once against one after the other, times as fast',
      median(near.delayed.bulk),
      'at least',
      20,
      0,
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
