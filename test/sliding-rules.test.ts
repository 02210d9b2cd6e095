// The rules of cache.ts for entries that slide and for hashes: what is taken, and what is filled in. Over HTTP some of it
// cannot even be asked; over the stream it can.
import t from 'tap';
import type { Extras, Operation } from '../src/backend.js';
import { MAX_TTL_MS } from '../src/cache.js';
import { DEFAULT_MS, startRules } from './fixtures/rules.js';

const { reached, ask } = startRules();
const put = (extras: Extras, asked: Partial<Operation> = {}) =>
  ask('put', { value: Buffer.from('v'), extras, ...asked });

t.beforeEach(() => {
  reached.length = 0;
});

t.test('what slides has no cap where none is named; a hash has the default life', async (t) => {
  for (const [extras, asked, life] of [
    [{ slidingMs: 5 }, {}, ['never', 0]],
    [{ slidingMs: 5 }, { ttlKind: 'for', ttlMs: 7 }, ['for', 7]],
    [{ slidingMs: MAX_TTL_MS }, { ttlKind: 'never' }, ['never', 0]],
    [{ hash: true }, {}, ['for', DEFAULT_MS]],
    [{ hash: true }, { ttlKind: 'never' }, ['never', 0]],
    [{ hash: true, slidingMs: 5 }, {}, ['never', 0]],
  ] as const) {
    t.equal((await put(extras, asked)).status, 'ok');
    const { ttlKind, ttlMs } = reached.pop() as Operation;
    t.same([ttlKind, ttlMs], life);
  }
});

t.test('a sliding life that is none is refused, and so is one to keep', async (t) => {
  for (const slidingMs of [0, -1, 1.5, MAX_TTL_MS + 1, Number.NaN])
    t.match(await put({ slidingMs }), { status: 'ttl_invalid', detail: /sliding/, outcome: 'not_applied' });
  for (const extras of [{ slidingMs: 5 }, { hash: true }] as const)
    for (const ttlMs of [0, 5])
      t.match(await put(extras, { ttlKind: 'keep', ttlMs }), { status: 'ttl_invalid', detail: /keep/ });
  t.same(reached, []);
});

t.test('only a put says how an entry lies; only a put and a get can keep', async (t) => {
  for (const verb of ['get', 'delete', 'touch', 'increment', 'append', 'prepend', 'list', 'ping'] as const)
    for (const extras of [{ slidingMs: 5 }, { hash: true }] as const)
      t.equal((await ask(verb, { extras })).status, 'frame_invalid', verb);
  for (const verb of ['touch', 'increment', 'delete'] as const)
    if (verb !== 'delete') t.equal((await ask(verb, { ttlKind: 'keep' })).status, 'ttl_invalid', verb);
  t.equal((await ask('get', { ttlKind: 'keep', ttlMs: 5 })).status, 'ttl_invalid');
  t.same(reached, []);
  t.not((await ask('get', { ttlKind: 'keep' })).status, 'ttl_invalid');
});
