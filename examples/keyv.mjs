// Keyv on the cache. A sidecar has to run (npm start).
import { AzureCacheKeyv } from 'azurecache/keyv';
import Keyv from 'keyv';

const keyv = new Keyv({ store: new AzureCacheKeyv(), namespace: 'example' });
await keyv.set('greeting', 'hello', 60_000);
console.log(await keyv.get('greeting'));
await keyv.clear();
console.log(await keyv.get('greeting'));
await keyv.disconnect();
