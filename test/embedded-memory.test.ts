// The embedded backend is bounded: when AZURE_CACHE_EMBEDDED_BYTES are full, the oldest entries make room; and it grows with the number of entries.
import { test } from 'tap';
import { create } from '../client/dist/index.mjs';
import { request } from './fixtures/http.js';
import { type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { tempFolder } from './fixtures/temp-folder.js';

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

// The index that Garnet starts with has room for 1.36 million; then it used to end the connection at every put.
test('more entries than the first index takes are put, and outlive the process', {
  timeout: 180_000,
}, async (t) => {
  const entries = 1_500_000;
  const env = { AZURE_CACHE_DATA_DIR: await tempFolder(t) };
  const value = Buffer.from('v');
  const missing = async ({ socketPath }: Sidecar, each: number) => {
    await using cache = create({ url: `unix:${socketPath}`, deadlineMs: 20_000 });
    const keys = Array.from({ length: Math.ceil(entries / each) }, (_, n) => `entry-${n * each}`);
    const found = await Promise.all(keys.map((key) => cache.get(key, { raw: true })));
    return found.filter((bytes) => !bytes?.equals(value)).length;
  };
  {
    await using sidecar = await startSidecar({ env });
    await using cache = create({ url: `unix:${sidecar.socketPath}`, deadlineMs: 20_000 });
    let next = 0;
    const putSome = async () => {
      while (next < entries) await cache.put(`entry-${next++}`, value, { raw: true });
    };
    await Promise.all(Array.from({ length: 256 }, putSome));
    t.equal(await missing(sidecar, 100), 0);
    await sidecar.stop();
  }
  await using again = await startSidecar({ env });
  t.equal(await missing(again, 100), 0, 'after a restart');
});
