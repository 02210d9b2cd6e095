// What reaches the backend of a request over HTTP: the Operation that a route and the rules make of it.

import { pino } from 'pino';
import t from 'tap';
import type { Operation } from '../src/backend.js';
import { Cache } from '../src/cache.js';
import { Events } from '../src/events.js';
import { Guard } from '../src/guard.js';
import { buildServer } from '../src/server.js';
import { FakeBackend } from './fake-backend.js';

const backend = new FakeBackend();
const asked: Operation[] = [];
const run = (operation: Operation) => {
  asked.push(operation);
  return backend.run(operation);
};
const rules = { defaultTtlMs: 60_000, maxValueBytes: 1024, deadlineMs: 1000 };
const app = buildServer({
  cache: new Cache({ run, close: () => backend.close() }, rules),
  events: new Events(backend),
  guard: new Guard({ apiToken: undefined, remote: false }),
  log: pino({ level: 'silent' }),
  closing: () => false,
});
t.teardown(() => app.close());

/** The one operation that the request has become. */
async function operationOf(method: 'GET' | 'HEAD', cacheControl?: string): Promise<Operation | undefined> {
  asked.length = 0;
  const headers = cacheControl === undefined ? {} : { 'cache-control': cacheControl };
  await app.inject({ method, url: '/v1/cache/key', headers });
  return asked[0];
}

t.test('a GET or HEAD with Cache-Control: no-cache asks past the near cache, another does not', async (t) => {
  for (const method of ['GET', 'HEAD'] as const) {
    for (const directives of ['no-cache', 'No-Cache', 'max-age=0, no-cache', 'no-cache,no-store'])
      t.equal((await operationOf(method, directives))?.fresh, true, `${method} ${directives}`);
    for (const directives of [undefined, '', 'no-store', 'max-age=60', 'x-no-cache', 'no-cachet'])
      t.equal((await operationOf(method, directives))?.fresh, false, `${method} ${directives}`);
  }
});
