// What TypeScript knows of require('azurecache'): the calls of 2013, the store, and each answer by its options.
// Checked by tsc (a step of npm test); nothing here runs.
import azurecache = require('azurecache');
import session = require('express-session');

import { exactly } from './exactly.cjs';

const cache = azurecache.create({ ttl: 60, prefix: 'app:', identifier: 'name', token: 'key' });
exactly<azurecache.AzureCache>()(cache);
azurecache.create();
azurecache.create(null);
azurecache.create({
  url: 'http://127.0.0.1:22233',
  apiToken: 'token',
  waitMs: 1,
  deadlineMs: 1,
  ttl: 'never',
});
// @ts-expect-error a default cannot be to keep
azurecache.create({ ttl: 'keep' });
// @ts-expect-error
azurecache.create({ prefix: 5 });
// @ts-expect-error there is no such option
azurecache.create({ host: 'localhost' });

// The calls of 2013.
cache.put('key', { first: 'Ada' }, (error) => exactly<Error | null>()(error));
cache.put('key', { first: 'Ada' }, 3, (error, written) => {
  exactly<Error | null>()(error);
  exactly<boolean | undefined>()(written);
});
cache.get('key', (_error, value) => exactly<unknown>()(value));
cache.get<{ first: string }>('key', (_error, value) =>
  exactly<{ first: string } | null | undefined>()(value),
);
cache.remove('key', (_error, removed) => exactly<boolean | undefined>()(removed));

// Lives.
exactly<Promise<boolean>>()(cache.put('key', 1));
exactly<Promise<boolean>>()(cache.put('key', 1, 0.5));
exactly<Promise<boolean>>()(cache.put('key', 1, 'never'));
exactly<Promise<boolean>>()(cache.put('key', 1, null));
exactly<Promise<boolean>>()(cache.put('key', 1, undefined, () => {}));
exactly<Promise<boolean>>()(cache.touch('key'));
exactly<Promise<boolean>>()(cache.touch('key', 60));
exactly<Promise<boolean>>()(cache.touch('key', { ttl: 'never', ifMatch: '"…"' }));
// @ts-expect-error
cache.put('key', 1, '60');
// @ts-expect-error
cache.put('key', 1, 'forever');
// @ts-expect-error a touch is to move the life
cache.touch('key', 'keep');

// Answers by options.
exactly<Promise<boolean>>()(cache.put('key', 1, { ttl: 60, ifNoneMatch: '*', deadlineMs: 100 }));
exactly<Promise<string | false>>()(cache.put('key', 1, { etag: true }));
exactly<Promise<unknown>>()(cache.get('key'));
exactly<Promise<number | null>>()(cache.get<number>('key'));
exactly<Promise<number | null>>()(cache.get<number>('key', { fresh: true, touch: 60 }));
exactly<Promise<Buffer | null>>()(cache.get('key', { raw: true }));
exactly<Promise<azurecache.Entry<number> | null>>()(cache.get<number>('key', { etag: true, ttl: true }));
exactly<Promise<azurecache.Entry<Buffer> | null>>()(cache.get('key', { raw: true, etag: true }));
exactly<Promise<boolean>>()(cache.has('key', { signal: AbortSignal.timeout(5) }));
exactly<Promise<boolean>>()(cache.remove('key', { ifMatch: '*' }));
// @ts-expect-error
cache.put('key', 1, { ifNoneMatch: '"…"' });
// @ts-expect-error
cache.put('key', 1, { seconds: 60 });
// @ts-expect-error the life of a get is given with touch
cache.get('key', { ttl: 60 });
// @ts-expect-error
cache.get(5);
// @ts-expect-error
cache.put('key');

// Many.
exactly<Promise<Map<string, unknown>>>()(cache.getMany(['a', 'b']));
exactly<Promise<Map<string, number>>>()(cache.getMany<number>(new Set(['a'])));
exactly<Promise<Map<string, Buffer>>>()(cache.getMany(['a'], { raw: true }));
exactly<Promise<number>>()(cache.putMany(new Map([['a', 1]]), 60));
exactly<Promise<number>>()(cache.putMany({ a: 1, b: 'two' }, { ifNoneMatch: '*' }));
exactly<Promise<number>>()(cache.putMany([['a', 1]]));
exactly<Promise<number>>()(cache.putMany(['a', 'b'].map((key) => [key, { key }])));
exactly<Promise<number>>()(
  cache.putMany(
    ['a', 'b'].map((key) => [key, 1]),
    60,
  ),
);
exactly<Promise<number>>()(cache.removeMany(['a']));
exactly<Promise<number>>()(cache.touchMany(new Set(['a']), { ttl: 5 }));
// @ts-expect-error
cache.putMany([1, 2]);
// @ts-expect-error
cache.putMany({ a: 1 }, { etag: true });

// Update.
exactly<Promise<number | null>>()(cache.update('key', (n: number | null) => (n ?? 0) + 1));
exactly<Promise<number | null>>()(
  cache.update<number>('key', async (n) => (n === null ? undefined : n + 1), 60),
);
exactly<Promise<Uint8Array | null>>()(
  cache.update('key', (bytes) => Buffer.concat([bytes ?? Buffer.alloc(0)]), { raw: true }),
);
// @ts-expect-error the new value is of the type of the old one
cache.update<number>('key', () => 'text');

// Events.
exactly<AsyncIterableIterator<azurecache.CacheEvent, void>>()(cache.events());
exactly<AsyncIterableIterator<azurecache.CacheEvent, void>>()(
  cache.events('user:', { signal: AbortSignal.timeout(1) }),
);

// Numbers and text.
exactly<Promise<number | bigint>>()(cache.increment('key'));
exactly<Promise<number | bigint>>()(cache.increment('key', 5n));
exactly<Promise<number | bigint>>()(cache.decrement('key', { by: 5, initial: 10n, ttl: 'never' }));
exactly<Promise<number | bigint>>()(cache.decrement('key', 5, { ttl: 60, deadlineMs: 100 }));
cache.increment('key', (_error, sum) => exactly<number | bigint | undefined>()(sum));
cache.increment('key', 5, { initial: 1 }, (_error, sum) => exactly<number | bigint | undefined>()(sum));
exactly<Promise<number | null>>()(cache.append('key', 'text'));
exactly<Promise<number | null>>()(cache.prepend('key', Buffer.from('bytes'), { deadlineMs: 100 }));
cache.append('key', 'text', (_error, length) => exactly<number | null | undefined>()(length));
// @ts-expect-error
cache.increment('key', '5');
// @ts-expect-error a number that is there keeps its life anyway
cache.increment('key', { ttl: 'keep' });
// @ts-expect-error how much stands once
cache.increment('key', 5, { by: 5 });
// @ts-expect-error what is added is not JSON
cache.append('key', { a: 1 });
// @ts-expect-error the life stays
cache.append('key', 'text', { ttl: 60 });

// Locks.
type LockHandle = azurecache.LockHandle;
const handle = 'a'.repeat(32) as LockHandle;
exactly<Promise<azurecache.Locked<unknown> | null>>()(cache.getAndLock('key'));
exactly<Promise<azurecache.Locked<number> | null>>()(cache.getAndLock<number>('key', { lease: 5 }));
exactly<Promise<azurecache.Locked<Buffer> | null>>()(cache.getAndLock('key', { raw: true }));
exactly<Promise<azurecache.Locked<Buffer>>>()(cache.getAndLock('key', { raw: true, absent: true }));
exactly<Promise<azurecache.Locked<number>>>()(cache.getAndLock<number>('key', { absent: true }));
cache.getAndLock('key', (_error, found) => exactly<LockHandle | undefined>()(found?.lock));
exactly<Promise<boolean>>()(cache.putAndUnlock('key', 1, handle));
exactly<Promise<boolean>>()(cache.putAndUnlock('key', 1, handle, 60));
exactly<Promise<string | false>>()(cache.putAndUnlock('key', 1, handle, { etag: true }));
cache.putAndUnlock('key', 1, handle, { ttl: 'keep' }, (_error, done) => exactly<boolean | undefined>()(done));
exactly<Promise<boolean>>()(cache.unlock('key', handle, { ttl: 60 }));
exactly<Promise<boolean>>()(cache.remove('key', { lock: handle, ifMatch: '*' }));
exactly<Promise<number>>()(cache.getOrSet('key', () => 5));
exactly<Promise<number>>()(cache.getOrSet('key', async ({ signal }) => Number(signal.aborted), 60));
exactly<Promise<string | undefined>>()(
  cache.getOrSet<string | undefined>('key', () => undefined, { lease: 5, waitMs: 100, fresh: true }),
);
exactly<Promise<Uint8Array>>()(cache.getOrSet('key', () => Buffer.from('bytes'), { raw: true }));
cache.getOrSet(
  'key',
  () => 5,
  { ttl: 60 },
  (_error, value) => exactly<number | undefined>()(value),
);
// @ts-expect-error a handle is no text
cache.unlock('key', 'a'.repeat(32));
// @ts-expect-error the handle comes before the options
cache.putAndUnlock('key', 1, { ttl: 60 });
// @ts-expect-error there is no life to keep
cache.getOrSet('key', () => 5, { ttl: 'keep' });
// @ts-expect-error what is raw is bytes
cache.getOrSet('key', () => 'text', { raw: true });
// @ts-expect-error a touch takes no lock
cache.touch('key', { lock: handle });

// Regions.
exactly<AsyncIterableIterator<string, void>>()(cache.keys('prefix'));
cache.keys('prefix', { deadlineMs: 100, signal: new AbortController().signal });
exactly<Promise<number>>()(cache.count('prefix'));
exactly<Promise<number>>()(cache.clear('prefix', { deadlineMs: 100 }));
cache.count('prefix', (_error, found) => exactly<number | undefined>()(found));
cache.clear('prefix', (_error, removed) => exactly<number | undefined>()(removed));
// @ts-expect-error to clear everything has to be said
cache.clear();
// @ts-expect-error
cache.keys('prefix', { limit: 5 });

// Tags.
exactly<Promise<boolean>>()(cache.put('key', 1, { tags: ['user:42'], ttl: 60 }));
cache.putMany({ key: 1 }, { tags: [] });
exactly<AsyncIterableIterator<string, void>>()(cache.keysByTag('user:42'));
exactly<AsyncIterableIterator<string, void>>()(cache.keysByTag(['a', 'b'], { all: true, deadlineMs: 100 }));
exactly<Promise<number>>()(cache.removeByTag('user:42'));
cache.removeByTag(['a', 'b'], { all: true }, (_error, removed) => exactly<number | undefined>()(removed));
// @ts-expect-error
cache.put('key', 1, { tags: 'user:42' });
// @ts-expect-error
cache.removeByTag(5);

// The store.
const AzureCacheStore = azurecache(session);
const store = new AzureCacheStore({ ttl: 60, prefix: 'sess:', url: 'unix:/run/azurecache.sock' });
const asStore: session.Store = store;
session({ secret: 'secret', store, resave: false, saveUninitialized: false });
store.close();
asStore.get('id', () => {});
new AzureCacheStore({ tag: (session: { user?: string }) => session.user });
new AzureCacheStore({ tag: (session: { roles: string[] }) => session.roles });
exactly<Promise<number>>()(store.destroyByTag('user:42'));
store.destroyByTag(['a', 'b'], (_error, ended) => exactly<number | undefined>()(ended));
// @ts-expect-error
new AzureCacheStore({ tag: 'user:42' });
store.on('dropped', () => {});
azurecache({ session });
// @ts-expect-error
azurecache({});
// @ts-expect-error
azurecache('express');

// Errors.
const failed: unknown = null;
if (failed instanceof azurecache.AzureCacheError) {
  exactly<azurecache.AzureCacheError>()(failed);
  exactly<azurecache.ErrorCode>()(failed.code);
  exactly<azurecache.Outcome>()(failed.outcome);
  exactly<boolean>()(failed.retryable);
  // @ts-expect-error there is no such code
  failed.code === 'no_such_code';
}

exactly<Promise<void>>()(cache.close());
exactly<PromiseLike<void>>()(cache[Symbol.asyncDispose]());
// @ts-expect-error the connection is internal
azurecache.connect;
