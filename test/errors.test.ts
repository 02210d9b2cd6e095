// The table of errors: rules that hold for every row, and that docs/errors.md says the same, in both directions.
import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import t from 'tap';
import { ERRORS, type ErrorCode, errorBody, GatewayError } from '../src/errors.js';

const ROW = /^\| `(\w+)` \| (\d+) \| (\d+) \| (yes|no) \| (.+?) \| (.+?) \|$/;
const rows = Object.entries(ERRORS);

/** The table of the page, without "what to do". Markdown's escapes are taken off. */
function rowsOfPage() {
  const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
  const tableLines = page.split('\n').filter((line) => line.startsWith('| `'));
  return tableLines.map((line) => {
    const [, code, status, wire, retryable, message] = ROW.exec(line) ?? [];
    if (message === undefined) throw new Error(`docs/errors.md: this row has not six cells: ${line}`);
    return [
      code,
      Number(status),
      Number(wire),
      retryable === 'yes',
      message.replace(/\\([*<|])/g, '$1'),
    ] as const;
  });
}

t.test('docs/errors.md has every error of the table, as it is, and no other', async (t) => {
  const inCode = rows.map(([code, row]) => [code, row.status, row.wire, row.retryable, row.message] as const);
  const byWire = (a: readonly unknown[], b: readonly unknown[]) => Number(a[2]) - Number(b[2]);
  t.same(rowsOfPage().sort(byWire), inCode.sort(byWire));
});

t.test('the example in docs/errors.md is what the sidecar answers', async (t) => {
  const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
  const example = /```json\n([^`]+)```/.exec(page)?.[1] ?? '';
  t.same(JSON.parse(example), errorBody('not_found'));
});

t.test(
  'no two errors share a number on the wire, and each number fits a byte and means nothing else',
  async (t) => {
    const numbers = rows.map(([, { wire }]) => wire);
    t.equal(new Set(numbers).size, numbers.length);
    for (const [code, { wire }] of rows) {
      // 0 ok and 1 miss are answers, 255 is an event; 2 to 4 are the conditions that did not hold.
      t.ok((wire >= 16 && wire < 255) || ['absent', 'changed', 'exists'].includes(code), code);
    }
  },
);

t.test('every error has a 4xx or 5xx status with a name, and a message of whole sentences', async (t) => {
  for (const [code, { status, message }] of rows) {
    t.ok(status >= 400 && status < 600 && STATUS_CODES[status], code);
    t.match(message, /^[A-Z].*\.$/, code);
  }
});

t.test('what can succeed later says so by status: 408, 503 and 504, and no other', async (t) => {
  for (const [code, { status, retryable }] of rows)
    t.equal(retryable, [408, 503, 504].includes(status), code);
});

t.test(
  'a GatewayError carries its code, the message of the table unless told more, and not_applied',
  async (t) => {
    const plain = new GatewayError('not_found');
    t.match(plain, { code: 'not_found', message: ERRORS.not_found.message, outcome: 'not_applied' });
    const told = new GatewayError('timeout', 'put: no answer within 2000 ms', 'unknown');
    t.match(told, { code: 'timeout', message: 'put: no answer within 2000 ms', outcome: 'unknown' });
  },
);

t.test(
  'the body of an error has the words of its status and the detail in place of the message',
  async (t) => {
    for (const code of Object.keys(ERRORS) as ErrorCode[])
      t.equal(errorBody(code).error, STATUS_CODES[ERRORS[code].status], code);
    t.same(errorBody('timeout', 'put: no answer', 'unknown'), {
      statusCode: 504,
      code: 'timeout',
      error: 'Gateway Timeout',
      message: 'put: no answer',
      retryable: true,
      outcome: 'unknown',
    });
  },
);
