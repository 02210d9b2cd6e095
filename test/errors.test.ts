// The tables of errors, the sidecar's and the client's: rules that hold for every row, and that docs/errors.md says
// the same, in both directions.
import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import t from 'tap';
import { CLIENT_ERRORS } from '../client/dist/errors.js';
import { ERRORS, type ErrorCode, errorBody, GatewayError } from '../src/errors.js';

const ROW = /^\| `(\w+)` \| (\d+) \| (\d+) \| (yes|no) \| (.+?) \| (.+?) \|$/;
const CLIENT_ROW = /^\| `(\w+)` \| (\d+) \| (yes|no) \| (.+?) \| (.+?) \|$/;
const rows = Object.entries(ERRORS);

/** The sections of the page for the sidecar, and the last one, for the client. */
function sectionsOfPage() {
  const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
  const [sidecar = '', client = '', ...more] = page.split('\n## Codes of the client\n');
  if (client === '' || /\n## /.test(client) || more.length > 0)
    throw new Error('docs/errors.md does not end with the section "Codes of the client".');
  return { sidecar, client };
}

/** The cells of each row. Markdown's escapes are taken off. */
function rowsIn(section: string, form: RegExp) {
  const tableLines = section.split('\n').filter((line) => line.startsWith('| `'));
  return tableLines.map((line) => {
    const [, ...cells] = form.exec(line) ?? [];
    if (cells.length === 0)
      throw new Error(`docs/errors.md: this row has not the cells of its table: ${line}`);
    return cells.map((cell) => cell.replace(/\\([*<|])/g, '$1'));
  });
}

t.test('docs/errors.md has every error of the table, as it is, and no other', async (t) => {
  const onPage = rowsIn(sectionsOfPage().sidecar, ROW).map((cells) => cells.slice(0, 5));
  const inCode = rows.map(([code, { status, wire, retryable, message }]) =>
    [code, status, wire, retryable ? 'yes' : 'no', message].map(String),
  );
  const byWire = (a: readonly unknown[], b: readonly unknown[]) => Number(a[2]) - Number(b[2]);
  t.same(onPage.sort(byWire), inCode.sort(byWire));
});

t.test('docs/errors.md has every error of the client, in its order, and no other', async (t) => {
  const onPage = rowsIn(sectionsOfPage().client, CLIENT_ROW);
  const inCode = Object.entries(CLIENT_ERRORS).map(([code, [status, retryable]]) => [
    ...[code, String(status), retryable ? 'yes' : 'no'],
  ]);
  t.same(
    onPage.map((cells) => cells.slice(0, 3)),
    inCode,
  );
  for (const [code = '', , , meaning, whatToDo] of onPage)
    for (const cell of [meaning, whatToDo]) t.match(cell, /^[`A-Z].*\.$/, code);
});

t.test('no code means one thing to the client and another to the sidecar', async (t) => {
  for (const code of Object.keys(CLIENT_ERRORS)) t.notOk(code in ERRORS, code);
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
      // 0 ok and 1 miss are answers, 255 is an event; 2 to 4 are the conditions that did not hold, 5 and 6 the locks.
      t.ok(
        (wire >= 16 && wire < 255) || ['absent', 'changed', 'exists', 'locked', 'not_held'].includes(code),
        code,
      );
    }
  },
);

t.test('every error has a 4xx or 5xx status with a name, and a message of whole sentences', async (t) => {
  for (const [code, { status, message }] of rows) {
    t.ok(status >= 400 && status < 600 && STATUS_CODES[status], code);
    t.match(message, /^[A-Z].*\.$/, code);
  }
});

t.test('what can succeed later says so by status: 408, 423, 503 and 504, and no other', async (t) => {
  for (const [code, { status, retryable }] of rows)
    t.equal(retryable, [408, 423, 503, 504].includes(status), code);
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
