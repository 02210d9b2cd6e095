// The test file that connect-redis ships, run by vitest against our store (connect-redis/vitest.config.ts); each of its
// tests counts as one here.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { SKIPPED } from './connect-redis/vitest.config.js';
import { AzureCacheStore } from './fixtures/session-app.js';
import { cleanEnvironment } from './fixtures/sidecar.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Of vitest's JSON report. */
interface Report {
  testResults: { assertionResults: { title: string; status: string; failureMessages: string[] }[] }[];
}

/** Its report, or what it printed when it came to none. */
function runVitest(file: string): Promise<Report> {
  const config = join('test', 'connect-redis', 'vitest.config.ts');
  const args = ['run', '--config', config, '--reporter=json', `--outputFile=${file}`];
  const vitest = join('node_modules', 'vitest', 'vitest.mjs');
  return new Promise((resolve, reject) => {
    const options = { cwd: ROOT, env: cleanEnvironment(), timeout: 110_000 };
    execFile(process.execPath, [vitest, ...args], options, (_error, stdout, stderr) => {
      readFile(file, 'utf8').then(
        (text) => resolve(JSON.parse(text)),
        () => reject(new Error(`vitest wrote no report:\n${stdout}\n${stderr}`)),
      );
    });
  });
}

t.test('the test file of connect-redis passes on our store', async (t) => {
  const report = await runVitest(join(t.testdir(), 'report.json'));
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
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
