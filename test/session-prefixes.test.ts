// What stores with different prefixes see of each other, for the store of each framework on both backends. A prefix is
// meant literally, whatever Redis' patterns make of it. A store has all keys that begin with its prefix, so one whose
// prefix begins with another's lies within that; else they never meet.
import t from 'tap';
import { AzureCacheFastifyStore } from '../client/dist/fastify-session.js';
import { AzureCacheKoaStore } from '../client/dist/koa-session.js';
import { ask } from './fixtures/ask.js';
import { AzureCacheStore } from './fixtures/session-app.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';

/** What the three have in common. */
interface Store {
  get(id: string): Promise<Record<string, unknown> | null | undefined>;
  set(id: string, session: object): Promise<void>;
  destroy(id: string): Promise<void>;
  all(): Promise<Record<string, unknown>[]>;
  ids(): Promise<string[]>;
  length(): Promise<number>;
  clear(): Promise<void>;
  close(): Promise<void>;
}

const STORES: Record<string, new (options: { url: string; prefix: string }) => Store> = {
  express: AzureCacheStore as never,
  fastify: AzureCacheFastifyStore as never,
  koa: AzureCacheKoaStore as never,
};

/** None begins with its neighbour; as patterns, most would match it. */
const APART: [prefix: string, other: string][] = [
  ['a:', 'b:'],
  ['a:', 'A:'],
  ['a*:', 'ab:'],
  ['*:', 'a:'],
  ['**', 'a'],
  ['a?:', 'ab:'],
  ['?:', 'a:'],
  ['[ab]:', 'a:'],
  ['[a-c]:', 'b:'],
  ['[^a]:', 'b:'],
  ['[!a]:', 'b:'],
  ['[]:', 'a:'],
  ['[', 'a'],
  ['a]:', 'a:'],
  ['{a,b}:', 'a:'],
  ['^a:', 'a:'],
  ['a-c:', 'b:'],
  ['\\*:', '*:'],
  ['\\\\:', '\\:'],
  ['\\[a]:', '[a]:'],
  ['\\n:', '\n:'],
];
const STRANGE = [
  ' ',
  '\n',
  '\r\n',
  '\t',
  '"',
  "'",
  '%00',
  '%',
  '/',
  '../',
  '__proto__',
  '\u0001',
  '€😀',
  '\ufffd',
  'x'.repeat(1000),
];
const NO_KEYS = ['a\u0000:', '\u0000', '\ud800', 'x'.repeat(1025)];

for (const name of BACKENDS) {
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);
    const { url } = backend.options();

    for (const [framework, Store] of Object.entries(STORES)) {
      t.test(framework, async (t) => {
        const open = (prefix: string) => {
          const store = new Store({ url, prefix });
          t.teardown(() => store.close());
          return store;
        };
        const idsOf = async (store: Store) => (await store.ids()).toSorted();
        const seen = async (store: Store) => {
          const all = (await store.all()).map(({ id, n }) => `${id}: ${n}`).toSorted();
          t.equal(await store.length(), all.length);
          t.same(
            await idsOf(store),
            all.map((one) => one.split(':', 1)[0]),
          );
          return all;
        };

        t.test(
          'two prefixes, neither of which begins with the other: nothing of one is seen or ended by the other',
          async (t) => {
            for (const [prefix, other] of APART) {
              const stores = [open(prefix), open(other)] as const;
              for (const [mine, theirs] of [stores, stores.toReversed() as [Store, Store]]) {
                await mine.set('both', { cookie: {}, n: 1 });
                await theirs.set('both', { cookie: {}, n: 2 });
                await theirs.set('one', { cookie: {}, n: 3 });
                const what = `${prefix} and ${other}`;
                t.same(await seen(mine), ['both: 1'], what);
                t.same(await seen(theirs), ['both: 2', 'one: 3'], what);
                t.notOk(await mine.get('one'));
                await mine.destroy('one');
                await mine.destroy('both');
                t.same(await seen(theirs), ['both: 2', 'one: 3'], what);
                await mine.set('both', { cookie: {}, n: 4 });
                await mine.clear();
                t.same(await seen(mine), []);
                t.same(await seen(theirs), ['both: 2', 'one: 3'], what);
                await theirs.clear();
              }
            }
          },
        );

        t.test(
          'a prefix that begins with another lies within it: that one lists and clears its sessions too',
          async (t) => {
            const [outer, inner] = [open('a:'), open('a:b:')];
            await outer.set('x', { cookie: {}, n: 1 });
            await inner.set('x', { cookie: {}, n: 2 });
            t.same(await idsOf(inner), ['x'], 'the inner one sees its own');
            t.same(await idsOf(outer), ['b:x', 'x']);
            t.match(await outer.get('b:x'), { n: 2 }, 'it is one entry');
            await inner.clear();
            t.same(await idsOf(outer), ['x']);
            await inner.set('x', { cookie: {}, n: 2 });
            await outer.destroy('b:x');
            t.same(await idsOf(inner), []);
            await inner.set('x', { cookie: {}, n: 2 });
            await outer.clear();
            t.same(await idsOf(inner), []);
          },
        );

        t.test(
          'a strange prefix is a prefix; one that no key can have makes every write and list an error',
          async (t) => {
            for (const prefix of STRANGE) {
              const store = open(prefix);
              await store.set('x', { cookie: {}, n: 1 });
              t.same(await seen(store), ['x: 1'], JSON.stringify(prefix.slice(0, 20)));
              t.equal(JSON.parse((await backend.text(`${prefix}x`)) ?? '{}').n, 1);
              await store.clear();
              t.same(await seen(store), []);
            }
            for (const prefix of NO_KEYS) {
              const store = open(prefix);
              const refused = { code: /^key_/, status: 503 };
              await t.rejects(store.set('x', { cookie: {} }), refused);
              await t.rejects(store.destroy('x'), refused);
              for (const call of ['all', 'ids', 'length', 'clear'] as const)
                await t.rejects(store[call]() as Promise<unknown>, refused);
            }
          },
        );

        t.test(
          'without a prefix a store has all keys that there are, and its clear leaves nothing',
          async (t) => {
            const [store, other] = [open(''), open('a:')];
            await store.set('x', { cookie: {}, n: 1 });
            await other.set('y', { cookie: {}, n: 2 });
            await ask(backend.sidecar, 'PUT /v1/cache/no-session', { body: 'text' });
            t.same(await idsOf(store), ['a:y', 'no-session', 'x']);
            t.same((await store.all()).map(({ id }) => id).toSorted(), ['a:y', 'x']);
            await t.rejects(store.set('', { cookie: {} }), { code: 'key_empty', status: 503 });
            await store.clear();
            t.same(await idsOf(other), []);
            t.equal((await ask(backend.sidecar, 'GET /v1/cache/no-session')).status, 404);
          },
        );
      });
    }
  });
}
