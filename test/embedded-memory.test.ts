// The embedded backend is bounded: when AZURE_CACHE_EMBEDDED_BYTES are full, the oldest entries make room.
import { test } from 'tap';
import { request } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';

const MIB = 1024 * 1024;

test('more entries than fit: every put succeeds, the last ones are there, the first ones made room', async (t) => {
  await using sidecar = await startSidecar({ env: { AZURE_CACHE_EMBEDDED_BYTES: String(64 * MIB) } });
  const at = (n: number) => ({ url: sidecar.url, path: `/v1/cache/entry-${n}` });
  const value = Buffer.alloc(MIB, 'v');
  for (let n = 0; n < 150; n += 1)
    t.equal((await request({ ...at(n), method: 'PUT', body: value })).status, 204);
  t.same((await request(at(149))).body, value);
  t.same((await request(at(140))).body, value);
  t.equal((await request(at(0))).status, 404);
  t.equal((await request(at(60))).status, 404);
});
