// Runs @keyv/test-suite against our store (suite.ts). Started by keyv-own.test.ts, which names the sidecar.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: { include: ['test/keyv/suite.ts'], testTimeout: 30_000 },
});
