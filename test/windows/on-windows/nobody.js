// Runs under the Windows Node: the client where no sidecar is. Started by client.test.ts.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const cache = createRequire(import.meta.url)('azurecache').create({ waitMs: 500 });

test('the client says so', async () => {
  await assert.rejects(cache.get('a'), { code: 'sidecar_unreachable' });
  await cache.close();
});
