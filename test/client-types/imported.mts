// What TypeScript knows of `import … from 'azurecache'`; what the calls answer is in required.cts.
// Checked by tsc (a step of npm test); nothing here runs.
import azurecache, { type AzureCache, AzureCacheError, create, type Entry } from 'azurecache';
import session from 'express-session';
import { exactly } from './exactly.cjs';

await using cache = create({ ttl: 60 });
exactly<AzureCache>()(cache);
exactly<AzureCache>()(azurecache.create());
exactly<Promise<Entry<string> | null>>()(cache.get<string>('key', { etag: true }));

exactly<Promise<boolean>>()(cache.put('key', 1, { sliding: 60, ttl: 600 }));
exactly<Promise<boolean>>()(cache.put('key', 1, { layout: 'hash' }));
exactly<Promise<number>>()(cache.putMany({ key: 1 }, { sliding: 60 }));
exactly<Promise<unknown>>()(cache.get('key', { touch: 'keep' }));
exactly<Promise<Entry<string> | null | false>>()(cache.get<string>('key', { etag: true, ifNoneMatch: '""' }));
// @ts-expect-error there is no other layout
void cache.put('key', 1, { layout: 'string' });
const found = await cache.getAndLock('key');
if (found) exactly<Promise<boolean>>()(cache.remove('key', { lock: found.lock }));
// @ts-expect-error without a lock the option is left out
void cache.remove('key', { lock: found?.lock });

const AzureCacheStore = azurecache(session);
session({ secret: 'secret', store: new AzureCacheStore() });

try {
  await cache.put('key', 'value');
} catch (error) {
  if (error instanceof AzureCacheError && error.code === 'sidecar_unreachable') throw error;
  exactly<typeof AzureCacheError>()(azurecache.AzureCacheError);
  const typed: AzureCacheError = new azurecache.AzureCacheError('timeout', 'late');
  exactly<number>()(typed.status);
}

// @ts-expect-error it answers a promise
export const text: string = cache.get<string>('key');
// @ts-expect-error there is no such export
export type None = import('azurecache').Connection;
