// The rules of cache.ts for locks: what lock and unlock take, and which verbs take a token. Over HTTP some of it cannot
// even be asked; over the stream it can.
import t from 'tap';
import type { Extras } from '../src/backend.js';
import { startRules } from './fixtures/rules.js';

const { reached, ask, arrange } = startRules();
const value = Buffer.from('5');
const etag = Buffer.alloc(20);
const token = Buffer.alloc(16, 1);
const lease = { ttlKind: 'for', ttlMs: 5000 } as const;
const HOUR_MS = 3_600_000;

t.beforeEach(async () => {
  await arrange('put', { value, ttlKind: 'never' });
  await arrange('unlock', { extras: { token } });
  reached.length = 0;
});

t.test('a lease is 1 ms to 1 hour, and no other life', async (t) => {
  for (const ttlMs of [1, HOUR_MS])
    t.match(await ask('lock', { extras: { token }, ttlKind: 'for', ttlMs }), { status: 'ok' });
  t.same(
    reached.splice(0).map(({ ttlMs }) => ttlMs),
    [1, HOUR_MS],
  );
  for (const ttlMs of [0, HOUR_MS + 1, 10 * 365 * 24 * HOUR_MS, Number.MAX_SAFE_INTEGER])
    t.match(await ask('lock', { extras: { token }, ttlKind: 'for', ttlMs }), { status: 'lease_invalid' });
  for (const ttlKind of ['default', 'never', 'keep'] as const)
    t.match(await ask('lock', { extras: { token }, ttlKind, ttlMs: 5000 }), {
      status: 'lease_invalid',
      outcome: 'not_applied',
    });
  t.same(reached, []);
});

t.test('lock and unlock need a token', async (t) => {
  for (const extras of [undefined, {}, { absent: true } as const])
    t.match(await ask('lock', { extras, ...lease }), { status: 'token_invalid' });
  for (const extras of [undefined, {}]) t.match(await ask('unlock', { extras }), { status: 'token_invalid' });
  t.same(reached, []);
});

t.test('an unlock leaves the life of the entry alone, or gives one', async (t) => {
  for (const life of [{ ttlKind: 'default' }, { ttlKind: 'for', ttlMs: 5 }, { ttlKind: 'never' }] as const)
    t.match(await ask('unlock', { extras: { token }, ...life }), { status: 'not_held' });
  t.same(
    reached.splice(0).map(({ ttlKind, ttlMs }) => [ttlKind, ttlMs]),
    [
      ['default', 0],
      ['for', 5],
      ['never', 0],
    ],
  );
  for (const life of [{ ttlKind: 'keep' }, { ttlKind: 'for', ttlMs: 0 }] as const)
    t.match(await ask('unlock', { extras: { token }, ...life }), { status: 'ttl_invalid' });
  t.same(reached, []);
});

t.test('neither takes a condition, and locks take no other extras', async (t) => {
  for (const verb of ['lock', 'unlock'] as const)
    for (const condition of ['absent', 'present', 'etag'] as const)
      t.match(await ask(verb, { extras: { token }, ...(verb === 'lock' && lease), condition, etag }), {
        status: 'condition_invalid',
      });
  const others: Extras[] = [{ slidingMs: 5 }, { hash: true }, { tags: ['a'] }, { by: 1n }, { all: true }];
  for (const extras of others) {
    t.match(await ask('lock', { extras: { token, ...extras }, ...lease }), { status: 'frame_invalid' });
    t.match(await ask('unlock', { extras: { token, ...extras } }), { status: 'frame_invalid' });
  }
  t.match(await ask('unlock', { extras: { token, absent: true } }), { status: 'frame_invalid' });
  t.match(await ask('put', { extras: { absent: true }, value }), { status: 'frame_invalid' });
  t.same(reached, []);
});

t.test('a token goes with lock, unlock, put and delete, and is refused elsewhere', async (t) => {
  for (const verb of ['put', 'delete'] as const) {
    t.match(await ask(verb, { extras: { token }, value }), { status: 'not_held' });
    t.match(reached.pop(), { extras: { token } });
  }
  for (const verb of ['get', 'touch', 'list', 'ping', 'increment', 'append', 'prepend'] as const)
    t.match(await ask(verb, { extras: { token }, value }), {
      status: 'token_invalid',
      outcome: 'not_applied',
      detail: new RegExp(verb),
    });
  t.same(reached, []);
});

t.test('a key that is none is refused', async (t) => {
  for (const [verb, life] of [
    ['lock', lease],
    ['unlock', {}],
  ] as const) {
    t.match(await ask(verb, { extras: { token }, ...life, key: Buffer.alloc(0) }), { status: 'key_empty' });
    t.match(await ask(verb, { extras: { token }, ...life, key: Buffer.from('a\0') }), {
      status: 'key_invalid',
    });
  }
  t.same(reached, []);
});
