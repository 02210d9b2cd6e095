// The API of 2013, call by call, as in lib/azurecache.js of that time, and its defects, which are mended. Against a
// sidecar with each backend.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import t, { type Test } from 'tap';
import type azurecache from '../client/dist/index.js';
import { urlOf } from './fixtures/cache.js';
import { startRedis } from './fixtures/redis.js';
import { startSidecar } from './fixtures/sidecar.js';
import { within } from './fixtures/wait.js';

const required: typeof azurecache = createRequire(import.meta.url)('azurecache');

/** What a function passes to its callback, as `[error, value]`; rejects when the callback is called again. */
function called(call: (callback: (...told: unknown[]) => void) => unknown): Promise<unknown[]> {
  const told = new Promise<unknown[]>((resolve, reject) => {
    let calls = 0;
    call((...args) => {
      calls += 1;
      if (calls > 1) reject(new Error('The callback was called again.'));
      // Time for it to be called again.
      setImmediate(() => setImmediate(() => resolve(args)));
    });
  });
  return within(told, 5000, 'the callback');
}

function callsOf2013(t: Test, url: string) {
  const cache = required.create({ url });

  t.test('put, get and remove tell their callbacks', async (t) => {
    const value = { first: 'Tomasz', last: 'Janczuk' };
    t.same(await called((told) => cache.put('test1', value, told)), [null, true]);
    t.same(await called((told) => cache.get('test1', told)), [null, value]);
    t.same(await called((told) => cache.remove('test1', told)), [null, true]);
    t.same(await called((told) => cache.remove('test1', told)), [null, false], 'it was not there any more');
    t.same(await called((told) => cache.get('test1', told)), [null, null], 'a miss is null and no error');
  });

  t.test('a ttl of so many seconds stands before the callback', async (t) => {
    t.same(await called((told) => cache.put('test2', 'value', 3, told)), [null, true]);
    const entry = await cache.get<string>('test2', { etag: true, ttl: true });
    t.ok(Number(entry?.ttl) > 0 && Number(entry?.ttl) <= 3, 'it lives for 3 seconds');
  });

  t.test('undefined and null in the place of the ttl stand for the default', async (t) => {
    for (const ttl of [undefined, null]) {
      t.same(await called((told) => cache.put('test3', 'value', ttl, told)), [null, true]);
      const entry = await cache.get('test3', { etag: true, ttl: true });
      t.ok(Number(entry?.ttl) > 86_000, 'one day, the default of the sidecar');
    }
  });

  t.test('what is no JSON gives a SyntaxError, and the text after it', async (t) => {
    await cache.put('test4', Buffer.from('{"half": '), { raw: true });
    const [error, text] = await called((told) => cache.get('test4', told));
    t.ok(error instanceof SyntaxError);
    t.match(error, { code: 'value_not_json', status: 422, retryable: false, outcome: 'not_applied' });
    t.notMatch(String(error), /half/, 'the error itself says nothing of the value');
    t.equal(text, '{"half": ');
    await t.rejects(cache.get('test4'), SyntaxError);
  });

  t.test('every call works without a callback', async (t) => {
    cache.put('test5', 1);
    cache.put('test5', 2, 60);
    cache.get('test5');
    cache.remove('test4');
    // One connection: this is answered after the others were sent.
    t.same(await called((told) => cache.get('test5', told)), [null, 2]);
  });

  t.test('the functions can be taken off the object', async (t) => {
    const { put, get, remove } = cache;
    t.same(await called((told) => put('test6', 'value', told)), [null, true]);
    t.same(await called((told) => get('test6', told)), [null, 'value']);
    t.same(await called((told) => remove('test6', told)), [null, true]);
  });

  t.test('a prefix keeps caches apart', async (t) => {
    await using app = required.create({ url, prefix: 'app:' });
    await app.put('test7', 'of the app');
    t.equal(await cache.get('test7'), null);
    t.equal(await cache.get('app:test7'), 'of the app');
  });

  t.teardown(() => cache.close());
}

t.test('on the embedded backend', async (t) => {
  const sidecar = await startSidecar();
  t.teardown(() => sidecar.stop());
  callsOf2013(t, urlOf(sidecar));
});

t.test('on Redis', async (t) => {
  const redis = await startRedis();
  t.teardown(() => redis.stop());
  const sidecar = await startSidecar({ env: { AZURE_CACHE_CONNECTION: redis.url } });
  t.teardown(() => sidecar.stop());
  callsOf2013(t, urlOf(sidecar));

  t.test('a value lies there as JSON, for everybody to read', async (t) => {
    await using cache = required.create({ url: urlOf(sidecar) });
    await cache.put('plain', { counter: 1 });
    t.equal(await redis.cli('GET', 'plain'), '{"counter":1}');
    await redis.cli('SET', 'theirs', '[1,2]');
    t.same(await cache.get('theirs'), [1, 2]);
  });
});

t.test(
  'identifier and token are looked at, with the words of 2013, and nothing else is done with them',
  async (t) => {
    const options = Object.freeze({ identifier: 'tjanczuk.cache.windows.net', token: 'key' });
    t.ok(required.create(options), 'the object is not written to');
    t.ok(required.create(), 'the settings of the sidecar name the cache');
    t.ok(required.create({ identifier: '' }));
    const wrong = (name: string) => ({ [name]: 5 }) as object;
    t.throws(() => required.create(wrong('identifier')), {
      message: 'The options.identifier must be a string.',
      code: 'options_invalid',
    });
    t.throws(() => required.create(wrong('token')), { message: 'The options.token must be a string.' });
  },
);

t.test('options of create that are none are refused', async (t) => {
  const wrong = (options: unknown) => options as never;
  for (const options of [5, 'http://127.0.0.1:22233', true, { prefix: 5 }, { prefix: null }, { url: 5 }])
    t.throws(() => required.create(wrong(options)), { code: 'options_invalid', status: 400 });
});

t.test('an option of create that there is not, of which 2013 took no notice, is warned of', async (t) => {
  const warned = once(process, 'warning');
  required.create({ prefx: 'app:', url: 'http://127.0.0.1:9' } as never).close();
  t.match(await warned, [
    {
      name: 'AzureCacheWarning',
      message: 'create: there is no option prefx. It takes ttl, prefix, url, apiToken, waitMs, deadlineMs.',
    },
  ]);
});

t.test('import and require give one module', async (t) => {
  const imported = await import('azurecache');
  t.equal(imported.default, required);
  t.equal(imported.create, required.create);
  t.equal(imported.AzureCacheError, required.AzureCacheError);
  t.same(Object.keys(required).sort(), ['AzureCacheError', 'create'], 'and nothing of what is below');
});

t.test('the function finds the Store of express 3 and of express-session', async (t) => {
  const load = createRequire(import.meta.url);
  for (const name of ['express3', 'express-session']) {
    const module = load(name);
    const AzureCacheStore = required(module);
    const store = new AzureCacheStore();
    t.ok(store instanceof (module.session ?? module).Store, name);
    t.equal(AzureCacheStore.name, 'AzureCacheStore');
    await store.close();
  }
});

t.test('express 4 and later, and what is no module, get a sentence that names express-session', async (t) => {
  const load = createRequire(import.meta.url);
  const express4 = Object.defineProperty(() => {}, 'session', {
    get() {
      throw new Error('Most middleware (like session) is no longer bundled with Express');
    },
  });
  Object.assign(express4, { Router: () => {} });
  for (const wrong of [express4, load('express'), undefined, null, {}, 'express', { Store: 5 }])
    t.throws(() => required(wrong as never), { code: 'options_invalid', message: /express-session/ });
  t.throws(() => required(load('express')), { message: /express 4 and later/ });
  t.throws(() => required(express4 as never), { message: /express 4 and later/ });
});
