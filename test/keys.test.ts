// GET and DELETE /v1/keys on a sidecar with its embedded backend, over both doors and on the stream. The rules of lists:
// contract/lists.ts, pages.ts and clears.ts; a Redis and a cluster behind it: keys-redis.test.ts, keys-cluster.test.ts.
import t from 'tap';
import type { ClearedPage, KeyPage } from '../src/backend.js';
import { ERRORS } from '../src/errors.js';
import { type Answer, ask, put } from './fixtures/ask.js';
import type { DoorAddress } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';

const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());
const doors: [string, DoorAddress][] = [
  ['TCP', { url: sidecar.url }],
  ['socket', { socketPath: sidecar.socketPath }],
];
const listed = ({ text }: Answer) => JSON.parse(text) as KeyPage;

for (const [name, door] of doors) {
  const keys = (query: string) => ask(door, `GET /v1/keys${query}`);

  t.test(`${name}: the keys that begin with the prefix come as JSON that nobody stores`, async (t) => {
    for (const key of ['a%2Fb', 'a%20b', 'a%2Bb', 'a*', 'a%C3%A9', 'b'])
      await put(door, `${name}:${key}`, 'v');
    const all = await keys(`?prefix=${name}:a`);
    t.equal(all.status, 200);
    t.match(all.headers, {
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    t.same(
      listed(all).keys.sort(),
      ['a b', 'a*', 'a+b', 'a/b', 'aé'].map((key) => `${name}:${key}`),
    );
    for (const [query, expected] of [
      ['a%20', ['a b']],
      ['a+', ['a b']],
      ['a%2B', ['a+b']],
      ['a/', ['a/b']],
      ['a*', ['a*']],
      ['a%C3%A9', ['aé']],
      ['c', []],
    ] as const)
      t.same(
        listed(await keys(`?prefix=${name}:${query}`)).keys,
        expected.map((key) => `${name}:${key}`),
        query,
      );
    t.ok(listed(await keys('')).keys.length >= 6, 'without a prefix: all');
  });

  t.test(
    `${name}: pages lead from one to the next by their cursor, to the last, which has none`,
    async (t) => {
      for (let i = 0; i < 50; i++) await put(door, `${name}-page:${i}`, 'v');
      const found = new Set<string>();
      let pages = 0;
      for (let cursor: string | undefined = ''; cursor !== undefined; pages++) {
        const page = listed(await keys(`?prefix=${name}-page:&limit=10&cursor=${cursor}`));
        for (const key of page.keys) found.add(key);
        cursor = page.cursor;
      }
      t.equal(found.size, 50);
      t.ok(pages >= 5, `${pages} pages`);
    },
  );
}

t.test('a clear removes the keys with the prefix page by page, and says how many', async (t) => {
  const clear = (query: string) => ask(sidecar, `DELETE /v1/keys?${query}`);
  for (let i = 0; i < 50; i++) await put(sidecar, `gone*:${i}`, 'v');
  await put(sidecar, 'gone:left', 'v');
  let removed = 0;
  let pages = 0;
  for (let cursor: string | undefined = ''; cursor !== undefined; pages++) {
    const { status, headers, text } = await clear(`prefix=gone*&limit=10&cursor=${cursor}`);
    t.match({ status, type: headers['content-type'] }, { status: 200, type: /^application\/json/ });
    const page = JSON.parse(text) as ClearedPage;
    removed += page.removed;
    cursor = page.cursor;
  }
  t.equal(removed, 50);
  t.ok(pages >= 5, `${pages} pages`);
  t.same(listed(await ask(sidecar, 'GET /v1/keys?prefix=gone')).keys, ['gone:left']);
  t.equal((await clear('prefix=gone')).text, '{"removed":1}');
});

t.test('a clear of everything has to be said: without a prefix it is refused', async (t) => {
  await using own = await startSidecar();
  for (const key of ['a', 'b']) await put(own, key, 'v');
  const { status, error } = await ask(own, 'DELETE /v1/keys');
  t.match({ status, error }, { status: 400, error: { code: 'query_invalid', message: /prefix=/ } });
  t.equal(listed(await ask(own, 'GET /v1/keys')).keys.length, 2);
  t.equal((await ask(own, 'DELETE /v1/keys?prefix=')).text, '{"removed":2}');
  t.same(listed(await ask(own, 'GET /v1/keys')).keys, []);
});

t.test('what cannot be asked for is refused, with a sentence', async (t) => {
  for (const [query, code] of [
    [`?prefix=${'k'.repeat(1025)}`, 'key_too_long'],
    ['?prefix=a%00b', 'key_invalid'],
    ['?prefix=a%ff', 'query_invalid'],
    ['?prefix=a%2', 'query_invalid'],
    ['?prefix=%ED%A0%80', 'query_invalid'],
    ['?prefix=a&prefix=b', 'query_invalid'],
    ['?prefx=a', 'query_invalid'],
    ...['0', '1001', '-1', '1.5', '1e2', '', 'all'].map(
      (limit) => [`?limit=${limit}`, 'query_invalid'] as const,
    ),
    ...['0', 'none', '%00', '../..', `${'0'.repeat(16)}-0`].map(
      (one) => [`?cursor=${one}`, 'cursor_invalid'] as const,
    ),
    [`?cursor=${'9'.repeat(65)}`, 'cursor_invalid'],
  ] as const) {
    const clear = query.includes('prefix=') ? query : `${query}&prefix=kept`;
    for (const line of [`GET /v1/keys${query}`, `DELETE /v1/keys${clear}`]) {
      const { status, error } = await ask(sidecar, line);
      t.match(
        { status, ...error },
        { status: ERRORS[code].status, code, outcome: 'not_applied' },
        line.slice(0, 40),
      );
      t.ok((error.message?.length ?? 0) > 20, 'the message says what to do');
    }
  }
  t.match(
    (await ask(sidecar, `GET /v1/keys?cursor=${'0'.repeat(16)}-0`)).error.message,
    /servers of the backend/,
  );
});

t.test('a prefix of 1,024 bytes is taken; another method than GET and DELETE is not', async (t) => {
  t.same(listed(await ask(sidecar, `GET /v1/keys?prefix=${'k'.repeat(1024)}`)).keys, []);
  for (const method of ['PUT', 'POST', 'PATCH']) {
    const { status, headers } = await ask(sidecar, `${method} /v1/keys?prefix=a`);
    t.match({ status, allow: headers.allow }, { status: 405, allow: 'GET, DELETE' }, method);
  }
});
