// The test file that connect-redis ships, run by vitest against our store (connect-redis/vitest.config.ts); each of its
// tests counts as one here.
import t from 'tap';
import { SKIPPED } from './connect-redis/vitest.config.js';
import { AzureCacheStore } from './fixtures/session-app.js';
import { runVitest } from './fixtures/vitest.js';

t.test('the test file of connect-redis passes on our store', async (t) => {
  const results = await runVitest(t, 'connect-redis');
  t.same(
    results.map(({ title }) => title),
    ['setup', 'defaults', 'redis', 'teardown'],
    'none is missing',
  );
  for (const { title, status, failureMessages } of results)
    t.test(title, { skip: SKIPPED[title] ?? false }, async (t) => {
      t.equal(status, 'passed', failureMessages.join('\n'));
    });
});

t.test('the defaults that connect-redis looks at, as far as the store has them', async (t) => {
  const store = new AzureCacheStore();
  t.teardown(() => store.close());
  t.match(store, { prefix: 'sess:', serializer: JSON, disableTouch: false, disableTTL: false });
});
