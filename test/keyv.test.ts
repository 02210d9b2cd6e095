// The store for Keyv on a real sidecar: Keyv's own test suite, run by vitest (keyv/vitest.config.ts; each of its tests
// counts as one here), and what that does not ask.
import { randomUUID } from 'node:crypto';
import Keyv from 'keyv';
import t, { type Test } from 'tap';
import { AzureCacheKeyv } from '../client/dist/keyv.js';
import { BACKENDS, startBackend } from './fixtures/session-backend.js';
import { runVitest } from './fixtures/vitest.js';

for (const name of BACKENDS)
  t.test(name, async (t) => {
    const backend = await startBackend(t, name);
    const { url } = backend.options();
    const newStore = (t: Test, prefix = `${randomUUID()}:`) => {
      const store = new AzureCacheKeyv({ url, prefix });
      t.teardown(() => store.disconnect());
      return store;
    };

    t.test("Keyv's test suite", async (t) => {
      const results = await runVitest(t, 'keyv', { KEYV_TEST_URL: url });
      t.ok(results.length > 40, `${results.length} tests`);
      for (const { title, status, failureMessages } of results)
        t.equal(status, 'passed', `${title}\n${failureMessages.join('\n')}`);
    });

    t.test('a ttl is exact to the millisecond, none is for ever, one that is over removes', async (t) => {
      const store = newStore(t, 'exact:');
      await store.set('a', 'text', 1500);
      const ttl = await backend.ttlSeconds('exact:a');
      t.ok(ttl === 2 || ttl === 1);
      await store.set('b', 'text');
      t.equal(await backend.ttlSeconds('exact:b'), undefined);
      t.equal(await backend.text('exact:b'), 'text');
      await store.set('b', 'text', -1);
      t.equal(await store.get('b'), undefined);
      await t.rejects(store.set('b', 'text', 'soon' as never), { code: 'ttl_invalid' });
    });

    t.test('many at once', async (t) => {
      const store = newStore(t);
      const keys = Array.from({ length: 3000 }, (_, n) => `key ${n}`);
      t.same(
        await store.setMany(keys.map((key) => ({ key, value: `of ${key}` }))),
        keys.map(() => true),
      );
      t.same(await store.getMany([...keys.slice(0, 3), 'none']), [
        'of key 0',
        'of key 1',
        'of key 2',
        undefined,
      ]);
      t.same(await store.hasMany(['key 2999', 'none']), [true, false]);
      const found = new Map<string, string>();
      for await (const [key, value] of store.iterator()) found.set(key, value);
      t.equal(found.size, 3000);
      t.equal(found.get('key 7'), 'of key 7');
      t.equal(await store.deleteMany(['key 1', 'key 2']), true);
      t.equal(await store.deleteMany(['key 1', 'key 3']), false);
      await store.clear();
      t.same(await store.hasMany(keys.slice(0, 5)), [false, false, false, false, false]);
    });

    t.test('neither namespaces nor prefixes with signs of a pattern see each other', async (t) => {
      for (const [one, other] of [
        ['a', 'b'],
        ['*', 'x'],
        ['[ab]', 'a'],
        ['?', 'y'],
      ]) {
        const prefix = `${randomUUID()}${one}:`;
        const first = new Keyv({ store: newStore(t, prefix), namespace: one as string });
        const second = new Keyv({ store: newStore(t, prefix), namespace: other as string });
        const third = new Keyv({
          store: newStore(t, prefix.replace(`${one}:`, `${other}:`)),
          namespace: one as string,
        });
        for (const keyv of [first, second, third]) await keyv.set('key', keyv === first ? 1 : 2);
        await first.clear();
        t.equal(await first.get('key'), undefined);
        t.equal(await second.get('key'), 2, `namespaces ${one} and ${other}`);
        t.equal(await third.get('key'), 2, `prefixes ${one} and ${other}`);
      }
    });

    t.test('after disconnect calls fail with closed, and a failed get is told', async (t) => {
      const store = new AzureCacheKeyv({ url });
      await store.disconnect();
      const told = new Promise((resolve) => store.once('error', resolve));
      await t.rejects(store.get('a'), { code: 'closed' });
      t.match(await told, { code: 'closed' });
    });

    t.test('what is no text is refused', async (t) => {
      const store = newStore(t);
      for (const value of [undefined, null, 1, {}, Buffer.from('a')])
        await t.rejects(store.set('a', value), { code: 'value_invalid' });
      await t.rejects(store.set('', 'a'), { code: 'key_empty' });
    });
  });
