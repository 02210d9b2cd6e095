// Values and keys of the cache API: what comes back as it was put, and what is refused before or by the sidecar.
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { cacheOn } from '../client/dist/cache/cache.js';
import { AzureCacheError } from '../client/dist/errors.js';
import azurecache from '../client/dist/index.js';
import { lifeOf } from '../client/dist/life.js';
import { fakeTransport, openCache, urlOf } from './fixtures/cache.js';
import { startSidecar } from './fixtures/sidecar.js';

const LIMIT = 1024 * 1024;
const sidecar = await startSidecar({ env: { AZURE_CACHE_MAX_VALUE_BYTES: String(LIMIT) } });
t.teardown(() => sidecar.stop());
const cache = openCache(sidecar);
t.teardown(() => cache.close());

/** For titles: TAP takes some of these characters for the end of a line. */
const shown = (value: unknown) =>
  JSON.stringify(value).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);

t.test('what JSON can hold comes back as it was put', async (t) => {
  for (const value of [
    { a: [1, { b: null }] },
    [],
    'text',
    '',
    0,
    -1.5,
    true,
    false,
    null,
    '\u2028</script>',
  ]) {
    await cache.put('json', value);
    t.strictSame(await cache.get('json'), value, shown(value));
  }
});

t.test('any JSON value under any key comes back equal', async () => {
  const keys = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .filter((key) => !key.includes('\0'));
  // -0 is 0 in JSON.
  const values = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)));
  await fc.assert(
    fc.asyncProperty(keys, values, async (key, value) => {
      await cache.put(key, value);
      return isDeepStrictEqual(await cache.get(key), value);
    }),
    { numRuns: 100 },
  );
});

t.test('characters beyond the BMP, half surrogate pairs and U+0000 survive inside values', async (t) => {
  for (const text of [
    'naïve ŵ 漢字',
    '😀𝕏',
    'half \ud83d pair',
    '\udc00',
    'a\u0000b',
    '\ufeffmark',
    '\ufffd',
  ]) {
    await cache.put('text', text);
    t.equal(await cache.get('text'), text, shown(text));
    await cache.put('text', { [text]: text });
    t.same(await cache.get('text'), { [text]: text }, `${shown(text)} as a name`);
  }
});

t.test('keys of any script are keys of their own', async (t) => {
  const keys = [
    'plain',
    'with space',
    'a/b?c#d%e',
    'ŵ',
    '漢字',
    '😀',
    'é',
    'e\u0301',
    '__proto__',
    '"quoted"',
  ];
  await cache.putMany(keys.map((key) => [key, key]));
  for (const key of keys) t.equal(await cache.get(key), key);
});

t.test('bytes come back as they were put, and JSON is bytes to who asks for them', async (t) => {
  for (const bytes of [Buffer.from([0, 255, 128, 10]), new Uint8Array([1, 2]), Buffer.alloc(0)]) {
    await cache.put('bytes', bytes, { raw: true });
    t.ok(Buffer.from(bytes).equals((await cache.get('bytes', { raw: true })) as Buffer));
  }
  await cache.put('bytes', { a: 1 });
  t.equal(String(await cache.get('bytes', { raw: true })), '{"a":1}');
});

t.test('a few bytes do not hold on to the block of memory that they arrived in', async (t) => {
  const block = Buffer.alloc(64 * 1024, '1');
  const { transport } = fakeTransport(() => ({ status: 'ok', value: block.subarray(100, 200) }));
  const value = await cacheOn(transport, '', lifeOf(null)).get('key', { raw: true });
  t.ok(value?.equals(block.subarray(100, 200)));
  t.not(value?.buffer, block.buffer);
});

t.test('what is no JSON is an error that says nothing of it', async (t) => {
  const secret = 'planted-secret';
  // The last one would parse if its bytes, which are no UTF-8, were replaced.
  const notJson = [secret, `{"${secret}":`, '', '\ufeff"mark"', Buffer.from(`"${secret} \xff"`, 'latin1')];
  for (const bytes of notJson) {
    await cache.put('foreign', Buffer.from(bytes as string), { raw: true });
    const error = await cache.get('foreign').then(
      () => undefined,
      (reason) => reason,
    );
    t.ok(error instanceof SyntaxError, shown(String(bytes)));
    const { code, status, retryable, outcome } = new AzureCacheError('value_not_json', '');
    t.match(error, { code, status, retryable, outcome }, 'as the table of errors has it');
    t.notMatch(JSON.stringify([error.message, error.stack, error, error.cause]), secret);
  }
});

t.test('what cannot be written as JSON is refused: value_invalid, and nothing is sent', async (t) => {
  const cycle: { self?: object } = {};
  cycle.self = cycle;
  const throws = {
    toJSON() {
      throw new Error('toJSON failed');
    },
  };
  const { transport, asked } = fakeTransport(() => ({ status: 'ok' }));
  const none = cacheOn(transport, '', lifeOf(null));
  for (const value of [undefined, () => {}, Symbol('value'), 10n, { big: 10n }, cycle, throws]) {
    await t.rejects(none.put('key', value), { code: 'value_invalid', status: 400, outcome: 'not_applied' });
    // For an update, undefined is no value but the wish to leave things as they are.
    if (value !== undefined)
      await t.rejects(
        none.update('key', () => value),
        { code: 'value_invalid' },
      );
  }
  for (const value of ['text', {}, undefined, null, 5, new ArrayBuffer(1)])
    await t.rejects(none.put('key', value, { raw: true }), { code: 'value_invalid' });
  t.equal(asked.filter(({ verb }) => verb === 'put').length, 0);
  const error = await none.put('key', throws).catch((reason) => reason);
  t.match(error.cause, { message: 'toJSON failed' }, 'the cause is there');
});

t.test('a value of exactly the limit is stored; one byte more is refused', async (t) => {
  const text = 'x'.repeat(LIMIT - 2);
  t.equal(await cache.put('large', text), true);
  t.equal(await cache.get('large'), text);
  await t.rejects(cache.put('large', `${text}x`), {
    code: 'value_too_large',
    status: 413,
    outcome: 'not_applied',
  });
  await t.rejects(cache.put('large', Buffer.alloc(LIMIT + 1), { raw: true }), { code: 'value_too_large' });
  t.equal(await cache.get('large'), text, 'what was there stays');
});

t.test('what is no key is refused by every call, with and without a prefix', async (t) => {
  const without = azurecache.create({ url: urlOf(sidecar) });
  t.teardown(() => without.close());
  for (const [key, code] of [
    [undefined, 'key_invalid'],
    [null, 'key_invalid'],
    [5, 'key_invalid'],
    [{}, 'key_invalid'],
    ['', 'key_empty'],
    ['a\u0000b', 'key_invalid'],
    ['half \ud83d', 'key_invalid'],
    ['k'.repeat(1025), 'key_too_long'],
  ] as [string, string][])
    for (const one of [cache, without]) {
      const calls = [
        one.put(key, 1),
        one.get(key),
        one.get(key, { raw: true }),
        one.remove(key),
        one.has(key),
        one.touch(key),
        one.update(key, () => 1),
        one.getMany([key]),
        one.putMany([[key, 1]]),
        one.removeMany([key]),
      ];
      for (const call of calls)
        await t.rejects(call, { code, status: 400 }, `${code}: ${String(key).slice(0, 9)}`);
    }
  t.equal(await without.put('k'.repeat(1024), 1), true, 'the longest key');
});
