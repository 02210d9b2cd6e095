// Runs the test file that connect-redis ships in its npm package, unchanged, against our store: what it imports from
// its own folder comes from this one. Started by connect-redis-own.test.ts.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Tests that are left out, by name, each with its reason. */
export const SKIPPED: Readonly<Record<string, string>> = {
  defaults:
    'looks at properties that our store has not: client and scanCount are business of the sidecar, ttl is one of its ' +
    'settings. The rest of it is in connect-redis-own.test.ts.',
};

export default defineConfig({
  root: here('../..'),
  resolve: {
    alias: [
      { find: /^\.\/$/, replacement: here('store.ts') },
      { find: /^\.\/testdata\/server$/, replacement: here('server.ts') },
    ],
  },
  test: {
    include: ['node_modules/connect-redis/index_test.ts'],
    exclude: [],
    server: { deps: { inline: [/connect-redis\/index_test/] } },
    testNamePattern: new RegExp(`^(?!(?:${Object.keys(SKIPPED).join('|')})$)`),
    testTimeout: 30_000,
    // It makes 1,000 sessions that live 1 s, one after the other, and then counts them: a busy machine may need longer.
    retry: 5,
  },
});
