// The lines of the doctor as people and programs read them, whatever a server has called itself.
import t from 'tap';
import { fail, ok } from '../src/doctor/check.js';
import { asText, reportOf } from '../src/doctor/report.js';

const HOSTILE = 'Redis 7\x1b]0;owned\x07\x9b2J\r\nok   node\u2028\u202etfel\u0000';

t.test('what a server says cannot write lines, colours or titles of its own, in neither form', async (t) => {
  const report = reportOf('1.0.0', [ok('server', HOSTILE), fail('sign-in', HOSTILE, HOSTILE)]);
  const text = asText(report);
  t.equal(text.split('\n').length, 4);
  for (const printed of [text.replaceAll('\n', ''), JSON.parse(JSON.stringify(report)).checks[1].says])
    t.notMatch(printed, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  t.match(text, /^FAIL sign-in {2}Redis 7 .*→ Redis 7 /m);
  t.equal(report.ok, false);
});

t.test('a line is no longer than one can read', async (t) => {
  const text = asText(reportOf('1.0.0', [ok('server', 'x'.repeat(1_000_000))]));
  t.ok(text.length < 3000);
});
