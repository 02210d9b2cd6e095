// The rules of cache.ts for increment, append and prepend: what each takes, and what is filled in. Over HTTP some of it
// cannot even be asked; over the stream it can.
import t from 'tap';
import type { Extras } from '../src/backend.js';
import { DEFAULT_MS, startRules } from './fixtures/rules.js';

const { reached, ask, arrange } = startRules();
const value = Buffer.from('5');
const etag = Buffer.alloc(20);

t.beforeEach(async () => {
  await arrange('put', { value, ttlKind: 'never' });
  reached.length = 0;
});

t.test('a new number gets the default life where none is named, else the one that is', async (t) => {
  await ask('increment');
  await ask('increment', { ttlKind: 'for', ttlMs: 5 });
  await ask('increment', { ttlKind: 'never' });
  t.same(
    reached.map(({ ttlKind, ttlMs }) => [ttlKind, ttlMs]),
    [
      ['for', DEFAULT_MS],
      ['for', 5],
      ['never', 0],
    ],
  );
});

t.test('what grows is given no life, and is refused one', async (t) => {
  for (const verb of ['append', 'prepend'] as const) {
    t.match(await ask(verb, { value }), { status: 'ok' });
    t.match(reached.pop(), { ttlKind: 'default', ttlMs: 0 });
    for (const ttlKind of ['for', 'never', 'keep'] as const) {
      const refused = await ask(verb, { value, ttlKind, ttlMs: 5 });
      t.match(refused, { status: 'ttl_invalid', outcome: 'not_applied' }, `${verb} ${ttlKind}`);
    }
  }
  t.match(await ask('increment', { ttlKind: 'keep' }), { status: 'ttl_invalid' }, 'it does so anyway');
  t.same(reached, []);
});

t.test('by and initial are for increments, which take no other extras', async (t) => {
  t.match(await ask('increment', { extras: { by: 2n, initial: 1n } }), { status: 'ok' });
  t.match(reached.pop(), { extras: { by: 2n, initial: 1n } });
  const refused = { status: 'frame_invalid', outcome: 'not_applied' };
  const others: Extras[] = [{ slidingMs: 5 }, { hash: true }, { tags: ['a'] }, { absent: true }];
  for (const extras of others) t.match(await ask('increment', { extras }), refused);
  for (const verb of ['get', 'put', 'delete', 'touch', 'list', 'append', 'prepend'] as const)
    for (const extras of [{ by: 1n }, { initial: 1n }])
      t.match(await ask(verb, { extras, value, ttlKind: 'default' }), refused, verb);
  t.same(reached, []);
});

t.test('none of them takes a condition', async (t) => {
  for (const verb of ['increment', 'append', 'prepend'] as const)
    for (const condition of ['absent', 'present', 'etag'] as const)
      t.match(await ask(verb, { value, condition, etag }), { status: 'condition_invalid' }, verb);
  t.same(reached, []);
});

t.test('what is added alone is over the limit: it is not even asked', async (t) => {
  for (const verb of ['append', 'prepend'] as const) {
    t.match(await ask(verb, { value: Buffer.alloc(11) }), { status: 'value_too_large', detail: /10 bytes/ });
    t.same(reached, []);
    t.match(await ask(verb, { value: Buffer.alloc(10) }), { status: 'ok' });
    t.ok(reached.pop());
  }
});

t.test('a key that is none is refused', async (t) => {
  for (const verb of ['increment', 'append', 'prepend'] as const) {
    t.match(await ask(verb, { key: Buffer.alloc(0) }), { status: 'key_empty' });
    t.match(await ask(verb, { key: Buffer.from('a\0') }), { status: 'key_invalid' });
  }
  t.same(reached, []);
});
