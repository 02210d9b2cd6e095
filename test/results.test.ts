// That `npm test` cannot be green by mistake: how the runner counts what tap and dotnet report, and a Windows leg that
// lacks a part.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { tapCounter, trxCounts } from './results.js';

function count(tap: string) {
  const { counts, read } = tapCounter();
  const shown = tap.split('\n').filter(read);
  return { counts, shown };
}

t.test('tests at the top level of a file count, the asserts inside them do not', async (t) => {
  const { counts, shown } = count(
    'TAP version 14\n# Subtest: a.test.ts\n    # Subtest: one\n        ok 1 - x\n        1..1\n    ok 1 - one # time=3ms\n' +
      '    ok 2 - two \\# SKIP is part of the title\n    1..2\nok 1 - a.test.ts # time=5ms\n',
  );
  t.same(counts, { passed: 2, failed: 0, skipped: 0, unexplained: 0 });
  t.same(
    shown.map((line) => line.trim().slice(0, 10)),
    ['ok 1 - one', 'ok 2 - two', 'ok 1 - a.t'],
  );
});

t.test('a failed test counts once, is shown with its details, and details are not counted', async (t) => {
  const { counts, shown } = count(
    '        not ok 1 - equal\n          ---\n          source: |\n    ok 9 - not a test\n          ...\n    not ok 1 - one\nnot ok 1 - f',
  );
  t.same(counts, { passed: 0, failed: 1, skipped: 0, unexplained: 0 });
  t.equal(shown.length, 7);
});

t.test('skips are counted at any depth, and those without a reason are told apart', async (t) => {
  const { counts } = count(
    '        ok 1 - deep # SKIP no pipes here\n    ok 1 - a # time=1ms\n    ok 2 - b # SKIP\n    ok 3 - c # TODO\nok 1 - f',
  );
  t.same(counts, { passed: 1, failed: 0, skipped: 3, unexplained: 2 });
});

t.test('a file that crashes, or that holds no test, counts as failed', async (t) => {
  t.equal(count('    ok 1 - a\nnot ok 1 - f').counts.failed, 1);
  t.equal(count('ok 1 - f # SKIP no tests found').counts.failed, 1);
  t.same(count('ok 1 - f # SKIP Windows only').counts, { passed: 0, failed: 0, skipped: 1, unexplained: 0 });
});

t.test('rows of an xunit report are counted by their outcome', async (t) => {
  const trx =
    '<UnitTestResult testName="a" outcome="Passed" duration="0" /><UnitTestResult testName="b" outcome="Failed"><Output/>' +
    '</UnitTestResult><UnitTestResult outcome="NotExecuted"><Output><StdOut>no Redis</StdOut></Output></UnitTestResult>' +
    '<UnitTestResult outcome="NotExecuted" /><UnitTestResult outcome="Timeout" />';
  t.same(trxCounts(trx), { passed: 1, failed: 2, skipped: 2, unexplained: 1 });
});

t.test('the Windows leg without Wine fails, and says what to install', async (t) => {
  const leg = fileURLToPath(new URL('./windows/run.js', import.meta.url));
  const env = { ...process.env, WINE: '/nowhere/wine64' };
  const { code, stdout } = await new Promise<{ code: number | null; stdout: string }>((resolve) => {
    const child = execFile(process.execPath, [leg], { env }, (_error, stdout) =>
      resolve({ code: child.exitCode, stdout }),
    );
  });
  t.equal(code, 1);
  t.match(
    stdout,
    /^The Windows leg cannot run: Wine is not installed: apt-get install wine64\n0 passed, 1 failed\n$/m,
  );
});
