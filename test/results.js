// Reads what tap and `dotnet test` report and counts single tests. Called by run.js.
// A tap test is a t.test() at the top level of a file, or an assert that stands there on its own; an xunit test is a
// row of the report, so each case of a theory counts.

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped at any depth; a test marked as to do counts as skipped
 * @property {number} unexplained how many of the skipped give no reason
 */

/** @returns {Counts} */
export const none = () => ({ passed: 0, failed: 0, skipped: 0, unexplained: 0 });

const POINT = /^( *)(not )?ok \d+(?: - .*?)??(?:(?<!\\) # (skip|todo)\b *(.*?))?(?: # time=\S+)?$/i;
const FILE_DEPTH = 0;
const TEST_DEPTH = 4;

/**
 * Reads TAP line by line.
 * @returns {{ counts: Counts, read: (line: string) => boolean }} `read` takes the next line and says whether it is
 * worth showing: test files, tests and failures are; asserts that passed, plans and comments are not
 */
export function tapCounter() {
  const counts = none();
  let inFile = none();
  /** @type {string | undefined} The line that ends the block of details we are in. */
  let detailsEnd;

  /** @param {string} line */
  function read(line) {
    if (detailsEnd !== undefined) {
      if (line === detailsEnd) detailsEnd = undefined;
      return true;
    }
    if (/^ *---$/.test(line)) {
      detailsEnd = line.replace('---', '...');
      return true;
    }
    const point = POINT.exec(line);
    if (!point) return !/^\s*(#.*|1\.\.\d+.*|TAP version \d+)?$/.test(line);
    const [, indent = '', not, directive, reason] = point;
    if (indent.length === FILE_DEPTH) endFile(not !== undefined, reason);
    else if (directive) skip(reason);
    else if (indent.length === TEST_DEPTH) inFile[not ? 'failed' : 'passed'] += 1;
    return indent.length <= TEST_DEPTH || not !== undefined || directive !== undefined;
  }

  /** @param {string | undefined} reason */
  function skip(reason) {
    inFile.skipped += 1;
    if (!reason) inFile.unexplained += 1;
  }

  /**
   * A file that failed without a failed test crashed or timed out; one without any test proves nothing, unless it
   * was skipped as a whole and says why (tap's own words for "nothing in it" are no reason).
   * @param {boolean} failed
   * @param {string | undefined} reason
   */
  function endFile(failed, reason) {
    const empty = inFile.passed + inFile.failed + inFile.skipped === 0;
    if (empty && reason && reason !== 'no tests found') inFile.skipped += 1;
    else if (empty || (failed && inFile.failed === 0)) inFile.failed += 1;
    for (const name of /** @type {(keyof Counts)[]} */ (Object.keys(counts))) counts[name] += inFile[name];
    inFile = none();
  }

  return { counts, read };
}

/**
 * Counts the rows of a TRX report (the counters in its head leave skipped tests out).
 * @param {string} trx
 * @returns {Counts}
 */
export function trxCounts(trx) {
  const counts = none();
  for (const [row, outcome] of trx.matchAll(
    /<UnitTestResult\s[^>]*?outcome="(\w+)"[^>]*?(?:\/>|>.*?<\/UnitTestResult>)/gs,
  )) {
    if (outcome === 'Passed') counts.passed += 1;
    else if (outcome !== 'NotExecuted') counts.failed += 1;
    else {
      counts.skipped += 1;
      if (!/<(Message|StdOut)>\s*\S/.test(row)) counts.unexplained += 1;
    }
  }
  return counts;
}
